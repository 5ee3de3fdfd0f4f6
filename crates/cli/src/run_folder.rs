//! The run that a command reads: its folder, its description and its database.

use std::path::PathBuf;

use seawall_live::Manifest;
use seawall_live::demo::newest_run;
use seawall_live::manifest::ManifestInstrument;
use seawall_model::InstrumentName;
use seawall_store::db::{Place, Reader};

use crate::args::RunChoice;
use crate::database_url::database_url;
use crate::exit::Failure;
use crate::input::{check_run, data_dir};

/// The folder of a run with its description.
pub(crate) struct RunFolder {
    pub(crate) folder: PathBuf,
    manifest: Manifest,
}

impl RunFolder {
    /// The run that is named, or the newest demo run.
    pub(crate) fn find(choice: &RunChoice) -> Result<Self, Failure> {
        let folder = match &choice.run {
            Some(run) => run.clone(),
            None => newest(choice)?,
        };
        check_run(&folder)?;
        let manifest = Manifest::read(&folder).map_err(Failure::input)?;
        Ok(RunFolder { folder, manifest })
    }

    /// Its database. SQLite leaves files beside it, so everything else that can be wrong is looked at before.
    pub(crate) fn database(&self) -> Result<Reader, Failure> {
        let place = Place::of_run(&self.folder, database_url()?.as_ref()).map_err(Failure::input)?;
        if let Place::Sqlite(database) = &place
            && !database.is_file()
        {
            return Err(Failure::input(format!(
                "{}: there is no database; build it with `seawall journal rebuild {}`",
                database.display(),
                self.folder.display()
            )));
        }
        Reader::of_run(place, self.manifest.run).map_err(|error| match error.is_outage() {
            true => Failure::work(error),
            false => Failure::input(error),
        })
    }

    /// The instrument meant by `text`: its name, or a part of it that fits only one.
    pub(crate) fn instrument(&self, text: &str) -> Result<&InstrumentName, Failure> {
        let names: Vec<&InstrumentName> = self.traded().map(|one| &one.spec.name).collect();
        one_of(&names, text)
    }

    /// The instrument that the strategy of `name` reads, where that is another one.
    pub(crate) fn signal(&self, name: &InstrumentName) -> Option<&InstrumentName> {
        self.traded().find(|one| one.spec.name == *name)?.spec.signal.as_ref()
    }

    fn traded(&self) -> impl Iterator<Item = &ManifestInstrument> {
        self.manifest.instruments.iter().filter(|one| !one.read_only)
    }
}

fn newest(choice: &RunChoice) -> Result<PathBuf, Failure> {
    let data = match &choice.data_dir {
        Some(folder) => folder.clone(),
        None => data_dir()?,
    };
    let root = data.join("demo");
    let run = newest_run(&root).map_err(Failure::input)?;
    run.map(|(_, folder)| folder).ok_or_else(|| {
        Failure::input(format!(
            "there are no runs in {}; start one with `seawall demo`, or name one with --run",
            root.display()
        ))
    })
}

fn one_of<'a>(names: &[&'a InstrumentName], text: &str) -> Result<&'a InstrumentName, Failure> {
    if let Some(name) = names.iter().find(|name| name.as_str() == text) {
        return Ok(name);
    }
    let list =
        |names: &[&InstrumentName]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let matches: Vec<&'a InstrumentName> =
        names.iter().copied().filter(|name| name.as_str().contains(text) && !text.is_empty()).collect();
    match matches.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::input(format!("no instrument `{text}` in this run; there are {}", list(names)))),
        several => Err(Failure::input(format!("`{text}` fits {}; name one of them", list(several)))),
    }
}
