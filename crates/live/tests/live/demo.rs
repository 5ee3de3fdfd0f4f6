//! Demo runs: the same seed is the same run, a replay of the journal does what was recorded, an interrupted
//! journal is told apart, and only one instance runs.

use std::path::Path;

use seawall_config::{Config, Loader};
use seawall_live::{Demo, DemoOptions, LiveError, Manifest, StopSwitch, Summary, replay};
use seawall_model::Span;
use seawall_store::db::{Filter, Reader};

const DEMO: &str = include_str!("../../../../config/demo.yaml");

fn config(seed: u64) -> Config {
    let speed = "demo.speed=100000".to_owned();
    let loader = Loader::new().file("demo.yaml", DEMO).set([speed, format!("demo.seed={seed}")]);
    loader.load().unwrap().config
}

/// Runs three hours of the market after its warm-up as fast as it goes.
fn demo(folder: &Path, seed: u64) -> Summary {
    let options = DemoOptions {
        config: config(seed),
        data_dir: folder.to_owned(),
        duration: Some(Span::from_millis(3 * 3_600 / 100)),
        database: None,
    };
    Demo::prepare(options, None).unwrap().run(&StopSwitch::new()).unwrap()
}

#[test]
fn one_seed_is_one_run_and_another_seed_another() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(&folder.path().join("a"), 7);
    let second = demo(&folder.path().join("b"), 7);
    let other = demo(&folder.path().join("c"), 8);
    assert_eq!(first.fingerprint, second.fingerprint);
    assert_eq!(first.digest, second.digest);
    assert_ne!(first.fingerprint, other.fingerprint);
    assert!(first.positions_opened > 0, "the demo has to show a position");
    assert!(first.violations.is_empty(), "{:?}", first.violations);
    assert!(first.naked_seconds_max <= first.naked_seconds_bound);
}

/// [I-80]: see docs/incidents.md.
#[test]
fn a_replay_of_the_journal_does_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 3);
    let run = Path::new(&summary.folder);
    let report = replay(run, false, &mut |_| {}).unwrap();
    assert!(report.is_equal(), "{:?}", report.differences);
    assert_eq!(report.fingerprint, summary.fingerprint);
    assert_eq!(report.digest, summary.digest);
    assert_eq!(report.inputs, summary.inputs);
    assert!(report.ended && report.dispatches > 0);
}

#[test]
fn the_database_built_anew_from_the_journal_holds_what_the_run_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 5);
    let run = Path::new(&summary.folder);
    let everything = Filter { limit: 1_000_000, ..Filter::default() };
    let rows = || {
        let reader = Reader::open(&run.join("seawall.db")).unwrap();
        (
            reader.orders(&everything).unwrap(),
            reader.fills(&everything).unwrap(),
            reader.trades(&everything).unwrap(),
            reader.decisions(&everything).unwrap(),
            reader.positions(&everything).unwrap(),
        )
    };
    let written = rows();
    assert_eq!(written.1.len() as u64, summary.fills);
    assert_eq!(written.3.len() as u64, summary.decisions);
    std::fs::remove_file(run.join("seawall.db")).unwrap();
    assert!(replay(run, true, &mut |_| {}).unwrap().is_equal());
    assert!(rows() == written, "the rebuilt database differs");
}

#[test]
fn a_journal_that_breaks_off_replays_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 3);
    let run = Path::new(&summary.folder);
    let segment = std::fs::read_dir(run.join("journal")).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&segment).unwrap();
    for part in [2, 3, 7] {
        std::fs::write(&segment, &bytes[..bytes.len() - bytes.len() / part]).unwrap();
        let report = replay(run, false, &mut |_| {}).unwrap();
        assert!(report.is_equal(), "{:?}", report.differences);
        assert!(!report.ended && report.recorded_fingerprint.is_none());
        assert!(report.inputs < summary.inputs);
    }
}

#[test]
fn a_manifest_changed_by_hand_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 3);
    let manifest = Path::new(&summary.folder).join("run.json");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"slow\": 21", "\"slow\": 22");
    std::fs::write(&manifest, text).unwrap();
    let report = replay(Path::new(&summary.folder), false, &mut |_| {}).unwrap();
    assert!(!report.is_equal());
}

#[test]
fn a_strategy_without_a_stop_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = DemoOptions {
        config: Config::default(),
        data_dir: folder.path().to_owned(),
        duration: None,
        database: None,
    };
    let error = Demo::prepare(options, None).err().unwrap();
    assert!(matches!(error, LiveError::NoStop { .. }));
    assert!(error.to_string().contains("strategy.ema_cross.stop_pct"));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn two_runs_in_one_folder_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let options = || DemoOptions {
        config: config(1),
        data_dir: folder.path().to_owned(),
        duration: None,
        database: None,
    };
    let first = Demo::prepare(options(), None).unwrap();
    let second = Demo::prepare(options(), None).err().unwrap();
    assert!(second.to_string().contains("holds"), "{second}");
    drop(first);
    assert!(Demo::prepare(options(), None).is_ok());
}

/// Effect of `demo.spot_basis_bps`.
#[test]
fn a_run_on_spot_twins_replays_equal_and_decides_about_what_is_traded_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, basis: &str| {
        let set = ["demo.speed=100000", "demo.seed=3", basis].map(str::to_owned);
        let config = Loader::new().file("demo.yaml", DEMO).set(set).load().unwrap().config;
        let data_dir = folder.path().join(name);
        let duration = Some(Span::from_millis(3 * 3_600 / 100));
        let options = DemoOptions { config, data_dir, duration, database: None };
        Demo::prepare(options, None).unwrap().run(&StopSwitch::new()).unwrap()
    };
    let near = run("near", "demo.spot_basis_bps=20");
    assert!(near.positions_opened > 0 && near.violations.is_empty(), "{:?}", near.violations);
    let report = replay(Path::new(&near.folder), false, &mut |_| {}).unwrap();
    assert!(report.is_equal(), "{:?}", report.differences);
    assert_eq!((&report.fingerprint, &report.digest), (&near.fingerprint, &near.digest));
    let reader = Reader::open(&Path::new(&near.folder).join("seawall.db")).unwrap();
    let decisions = reader.decisions(&Filter { limit: 1_000_000, ..Filter::default() }).unwrap();
    assert!(!decisions.is_empty());
    assert!(decisions.iter().all(|one| one.instrument.ends_with(":USD")), "nothing is decided about spot");
    let manifest = Manifest::read(Path::new(&near.folder)).unwrap();
    assert_eq!(manifest.instruments.len(), 2 * manifest.traded());
    assert_eq!(manifest.instruments[0].spec.signal.as_ref(), Some(&manifest.instruments[5].spec.name));
    let far = run("far", "demo.spot_basis_bps=90");
    assert_eq!(far.positions_opened, 0, "0.9 % is more than execution.basis_max_pct");
}

#[test]
fn a_manifest_without_pairs_says_nothing_of_them_and_one_from_before_them_opens() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 3);
    let run = Path::new(&summary.folder);
    let text = std::fs::read_to_string(run.join("run.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(!text.contains("read_only") && manifest["instruments"][0]["spec"].get("signal").is_none());
    for key in ["basis_max_pct", "basis_max_post_pct", "signal_age_max_s"] {
        manifest["config"]["execution"].as_object_mut().unwrap().remove(key).unwrap();
    }
    manifest["config"]["risk"]["shock"].as_object_mut().unwrap().remove("basis_pct").unwrap();
    std::fs::write(run.join("run.json"), manifest.to_string()).unwrap();
    let report = replay(run, false, &mut |_| {}).unwrap();
    assert!(report.is_equal(), "{:?}", report.differences);
}
