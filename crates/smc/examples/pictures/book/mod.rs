//! The pictures of the chapter: which there are and what is on them.

use std::path::PathBuf;

mod choose;
pub(crate) mod concepts;
pub(crate) mod data;
pub(crate) mod hindsight;
mod pairs;
mod run;
mod scene;
mod svg;
pub(crate) mod table;

use data::Market;

/// The size of a picture that a page loads without waiting.
const BYTES_MAX: usize = 25_000;

/// A finished picture.
pub(crate) struct Picture {
    /// The file's name without its ending.
    pub(crate) name: &'static str,
    /// Its text.
    pub(crate) svg: String,
}

impl Picture {
    /// Where it belongs.
    pub(crate) fn path(&self) -> PathBuf {
        pictures_folder().join(format!("{}.svg", self.name))
    }
}

/// The repository's folder of these pictures.
pub(crate) fn pictures_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pictures/smc"))
}

/// Draws all.
pub(crate) fn draw(market: &Market) -> Vec<Picture> {
    let mut scenes = concepts::scenes(market);
    scenes.extend(pairs::scenes(market));
    scenes.extend(hindsight::scenes(market));
    let pictures: Vec<Picture> =
        scenes.iter().map(|scene| Picture { name: scene.name, svg: svg::draw(scene) }).collect();
    for picture in &pictures {
        assert!(picture.svg.len() <= BYTES_MAX, "{} has {} bytes", picture.name, picture.svg.len());
    }
    pictures
}

/// Names of the files that are not what the generator makes now, or that it does not make at all.
pub(crate) fn stale(market: &Market) -> Vec<String> {
    let drawn = draw(market);
    let differs = |picture: &&Picture| {
        std::fs::read_to_string(picture.path()).ok().as_deref() != Some(picture.svg.as_str())
    };
    let mut stale: Vec<String> =
        drawn.iter().filter(differs).map(|picture| picture.name.to_owned()).collect();
    for entry in std::fs::read_dir(pictures_folder()).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !drawn.iter().any(|picture| name == format!("{}.svg", picture.name)) {
            stale.push(name);
        }
    }
    stale.sort();
    stale
}
