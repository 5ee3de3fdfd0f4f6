//! The HTTP API of a run, as the commands that run something open it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use seawall_api::{Face, FaceOptions};
use seawall_config::{Config, Explained, Loaded};
use seawall_live::board::Drills;
use seawall_live::{Board, Mode, Run};
use seawall_model::Ts;
use seawall_store::db::DatabaseUrl;

use crate::commands::demo::failure;
use crate::exit::Failure;
use crate::log;

/// What is said over the live view, where there is one.
pub(crate) struct Opened {
    /// What the run writes on.
    pub(crate) board: Arc<Board>,
    /// The first token, for a view that wipes what was said before.
    pub(crate) note: Option<String>,
    /// Goes away with this.
    _face: Face,
}

impl Opened {
    /// The title of a view, with the first token over it.
    pub(crate) fn title(opened: Option<&Opened>, title: &str) -> String {
        match opened.and_then(|opened| opened.note.as_ref()) {
            Some(note) => format!("{note}\n{title}"),
            None => title.to_owned(),
        }
    }
}

/// What the API of a run needs, checked before anything is begun.
pub(crate) struct Planned {
    config: Config,
    explained: Vec<Explained>,
    data_dir: PathBuf,
    database: Option<DatabaseUrl>,
    tells: bool,
    drills: Option<Arc<dyn Drills>>,
}

impl Planned {
    /// Checks settings and files; `tells` is whether words may be written.
    pub(crate) fn new(
        loaded: &Loaded,
        data_dir: &Path,
        database: Option<&DatabaseUrl>,
        tells: bool,
    ) -> Result<Self, Failure> {
        seawall_api::check(&loaded.config.api, data_dir).map_err(Failure::input)?;
        let (config, explained) = (loaded.config.clone(), loaded.explain_all());
        Ok(Planned {
            config,
            explained,
            data_dir: data_dir.to_owned(),
            database: database.cloned(),
            tells,
            drills: None,
        })
    }

    /// With what can be made to go wrong.
    pub(crate) fn with_drills(self, drills: Arc<dyn Drills>) -> Self {
        Planned { drills: Some(drills), ..self }
    }

    /// Opens it where the configuration wants it; the run is shown there and to chats that it listens to.
    pub(crate) fn show(self, run: &mut Run, mode: Mode) -> Result<Option<Opened>, Failure> {
        let (data_dir, database) = (self.data_dir.clone(), self.database.clone());
        let listens = self.config.notify.listens();
        let opened = self.open()?;
        let board = opened.as_ref().map(|opened| opened.board.clone());
        if let Some(board) = board.or_else(|| listens.then(|| Arc::new(Board::new()))) {
            run.attach(board.clone(), mode);
            run.listen(&board, &data_dir, database.as_ref()).map_err(failure)?;
        }
        Ok(opened)
    }

    /// Opens it where the configuration wants it, once the run is ready to begin.
    pub(crate) fn open(self) -> Result<Option<Opened>, Failure> {
        let Planned { config, explained, data_dir, database, tells, drills } = self;
        let board = Arc::new(Board::new());
        let listen = config.api.listen.clone();
        let options = FaceOptions {
            config,
            explained,
            board: board.clone(),
            data_dir,
            database,
            may_show_token: tells,
            logs: log::book(),
            // The same binary; where the system does not say which that is, no backtests are started.
            program: std::env::current_exe().ok(),
            drills,
            now: now(),
        };
        let Some(face) = Face::open(options).map_err(Failure::input)? else { return Ok(None) };
        let scheme = if face.tls { "https" } else { "http" };
        let at = match (&face.waits, face.listens_at) {
            (Some(waits), _) => format!("API: {waits}"),
            (None, Some(address)) => format!("API at {scheme}://{address}"),
            (None, None) => format!("API at {listen}"),
        };
        let note = face.first_token.as_ref().map(|made| {
            format!("{at}; first token, for an operator, shown this once and kept as a hash: {}", made.token)
        });
        if tells {
            say!("{}", note.as_ref().unwrap_or(&at));
        }
        if face.nobody {
            tracing::debug!("nobody can sign in to the API yet: `seawall api token` makes a token");
        }
        Ok(Some(Opened { board, note, _face: face }))
    }
}

/// The instant that it is now.
pub(crate) fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
