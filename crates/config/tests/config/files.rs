//! The files under `config/` are what the code says, and they load.

use std::path::{Path, PathBuf};

use seawall_config::{Config, Loader, sample, schema, starter};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap().replace("\r\n", "\n")
}

/// With `SEAWALL_UPDATE_SAMPLES=1` the generated files are written instead of compared.
fn updating(name: &str, text: &str) -> bool {
    let updating = std::env::var_os("SEAWALL_UPDATE_SAMPLES").is_some();
    if updating {
        std::fs::write(path(name), text).unwrap();
    }
    updating
}

fn load(name: &str, text: &str) -> Config {
    match Loader::new().file(name, text).load() {
        Ok(loaded) => loaded.config,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_sample_file_is_the_generated_one() {
    if !updating("seawall.yaml", &sample()) {
        assert_eq!(read("seawall.yaml"), sample(), "run this test with SEAWALL_UPDATE_SAMPLES=1");
    }
}

#[test]
fn the_published_schema_is_the_generated_one() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if !updating("seawall.schema.json", &text) {
        let published: serde_json::Value = serde_json::from_str(&read("seawall.schema.json")).unwrap();
        assert_eq!(published, schema(), "run this test with SEAWALL_UPDATE_SAMPLES=1");
    }
}

#[test]
fn the_sample_holds_the_defaults() {
    assert_eq!(load("seawall.yaml", &sample()), Config::default());
}

#[test]
fn the_samples_entry_of_a_list_loads_once_it_is_uncommented() {
    let sample = sample();
    let (_, entry) = sample.split_once("\n#\n# instruments:\n").unwrap();
    let lines: Vec<&str> = entry.lines().map(|line| line.strip_prefix("# ").unwrap()).collect();
    let config = load("entry.yaml", &format!("instruments:\n{}\n", lines.join("\n")));
    assert_eq!(config.instruments.len(), 1);
    assert_eq!(config.instruments[0].margin_tiers.len(), 1);
}

#[test]
fn the_starter_loads_and_its_entries_have_a_stop() {
    let config = load("starter.yaml", &starter());
    assert!(config.strategy.always_has_stop());
    assert!(starter().lines().count() < 60, "a starter is short");
}

#[test]
fn the_small_samples_load() {
    let ema_cross = load("ema_cross.yaml", &read("ema_cross.yaml"));
    assert_eq!(ema_cross.strategy.name.name(), "ema_cross");
    let smc = load("smc.yaml", &read("smc.yaml"));
    assert_eq!(smc.strategy.name.name(), "smc");
    assert!(ema_cross.strategy.always_has_stop() && smc.strategy.always_has_stop());
}
