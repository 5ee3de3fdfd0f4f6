//! What the behaviour tests share: the real data, where it is there, and files made on the spot.
#![allow(clippy::print_stdout, reason = "a test says when it is skipped")]

use std::path::{Path, PathBuf};

/// The directory of real data, or `None` (said aloud) where this machine has none.
pub(crate) fn real_data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!(
        "SKIPPED: no real data at {}; set SEAWALL_SHARED to the directory that holds it",
        data.display()
    );
    None
}

/// A file with this content in a directory of its own.
pub(crate) fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    (dir, path)
}

/// `text` packed with gzip.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A gzip'd file as text.
pub(crate) fn gunzip(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut text).unwrap();
    text
}
