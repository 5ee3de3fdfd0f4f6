//! Which source wins, and that every key is read.

use seawall_config::{Config, Loaded, Loader, Source, fingerprint_text};
use seawall_simulator::Toggle;

const KEY: &str = "strategy.ema_cross.fast";
const VARIABLE: &str = "SEAWALL__STRATEGY__EMA_CROSS__FAST";

fn value_and_source(loaded: &Loaded, key: &str) -> (String, String) {
    let explained = loaded.explain(key).unwrap().remove(0);
    (explained.value, explained.source.to_string())
}

#[test]
fn the_command_line_beats_the_file_the_file_the_environment_and_that_the_defaults() {
    for given in 0..16_u8 {
        let [file, environment, argument, environment_first] =
            [given & 1 != 0, given & 2 != 0, given & 4 != 0, given & 8 != 0];
        let mut loader = Loader::new();
        if file {
            loader = loader.file("config.yaml", "strategy:\n  ema_cross:\n    fast: 11\n");
        }
        if environment {
            loader = loader.environment([(VARIABLE, "12")]);
        }
        if environment_first {
            loader = loader.set(["config.priority=environment_first"]);
        }
        if argument {
            loader = loader.set(["strategy.ema_cross.fast=13"]);
        }
        let expected = if argument {
            ("13", "--set strategy.ema_cross.fast")
        } else if environment && (environment_first || !file) {
            ("12", VARIABLE)
        } else if file {
            ("11", "config.yaml:3:11")
        } else {
            ("20", "default")
        };
        let loaded = loader.load().unwrap();
        let found = value_and_source(&loaded, KEY);
        assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{given:04b}");
        assert_eq!(loaded.config.strategy.ema_cross.fast.to_string(), expected.0);
    }
}

#[test]
fn the_priority_is_read_from_any_source_and_shown_as_it_was_decided() {
    let variables = [(VARIABLE, "12"), ("SEAWALL__CONFIG__PRIORITY", "file_first")];
    let file = "config: {priority: environment_first}\nstrategy: {ema_cross: {fast: 11}}\n";
    let loaded = Loader::new().file("c.yaml", file).environment(variables).load().unwrap();
    assert_eq!(loaded.config.strategy.ema_cross.fast, 12);
    let decided = ("environment_first".to_owned(), "c.yaml:1:20".to_owned());
    assert_eq!(value_and_source(&loaded, "config.priority"), decided);
    let by_environment = Loader::new()
        .file("c.yaml", "strategy: {ema_cross: {fast: 11}}\n")
        .environment([(VARIABLE, "12"), ("SEAWALL__CONFIG__PRIORITY", "environment_first")])
        .load()
        .unwrap();
    assert_eq!(by_environment.config.strategy.ema_cross.fast, 12);
}

#[test]
fn other_names_of_the_environment_are_left_alone() {
    let variables =
        [("SEAWALL_SHARED", "/x"), ("SEAWALL_CONFIG", "c.yaml"), ("SEAWALLX", "1"), ("PATH", "/bin")];
    assert_eq!(Loader::new().environment(variables).load().unwrap().config, Config::default());
}

#[test]
fn sections_merge_and_lists_are_replaced_as_a_whole() {
    let file = "instruments: [{name: ETH/USDT}, {name: BTC/USDT}]\nstrategy:\n  ema_cross: {fast: 11}\n";
    let loaded = Loader::new()
        .file("c.yaml", file)
        .environment([
            ("SEAWALL__STRATEGY__EMA_CROSS__SLOW", "70"),
            ("SEAWALL__INSTRUMENTS", "[{name: SOL/USDT}]"),
        ])
        .set(["instruments[1].tick=0.50", "instruments[1].tick=0.10"])
        .load()
        .unwrap();
    let names: Vec<&str> = loaded.config.instruments.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["ETH/USDT", "BTC/USDT"]);
    assert_eq!((loaded.config.strategy.ema_cross.fast, loaded.config.strategy.ema_cross.slow), (11, 70));
    assert_eq!(
        value_and_source(&loaded, "instruments[1].tick"),
        ("0.1".to_owned(), "--set instruments[1].tick".to_owned())
    );
}

#[test]
fn commented_out_keys_leave_an_empty_section_that_changes_nothing() {
    let text = "\u{feff}# nothing yet\nstrategy:\n  ema_cross:\n    # fast: 5\ninstruments:\nrisk: {}\n";
    assert_eq!(Loader::new().file("c.yaml", text).load().unwrap().config, Config::default());
    assert_eq!(Loader::new().file("c.yaml", "# only words\n").load().unwrap().config, Config::default());
}

#[test]
fn values_arrive_as_they_are_written() {
    let text = "simulator: {funding: off, leverage: none, spread_bps: \"0.50\"}\n\
                strategy: {ema_cross: {target_pct: 12.3456789012345678901234567, timeframe: 4h, qty: 1e-3}}\n\
                data: {dir: 'C:\\data: x'}\n";
    let config = Loader::new().file("c.yaml", text).load().unwrap().config;
    assert_eq!(config.simulator.funding, Toggle::Off);
    assert_eq!(config.simulator.leverage, None);
    assert_eq!(config.simulator.spread_bps.to_string(), "0.5");
    assert_eq!(config.strategy.ema_cross.target_pct.unwrap().to_string(), "12.3456789012345678901234567");
    assert_eq!(config.strategy.ema_cross.qty.to_string(), "0.001");
    assert_eq!(config.strategy.ema_cross.timeframe.unwrap().name(), "4h");
    assert_eq!(config.data.dir, "C:\\data: x");
    let set = Loader::new().set(["data.dir=\"a #b: c\"", "simulator.funding=off"]).load().unwrap().config;
    assert_eq!((set.data.dir.as_str(), set.simulator.funding), ("a #b: c", Toggle::Off));
}

#[test]
fn a_key_is_explained_with_its_value_source_default_and_meaning() {
    let loaded = Loader::new().set(["strategy.ema_cross.stop_pct=2.50"]).load().unwrap();
    let section = loaded.explain("strategy.ema_cross").unwrap();
    assert_eq!(section.len(), 8);
    let stop = section.into_iter().find(|entry| entry.key.ends_with("stop_pct")).unwrap();
    assert_eq!(stop.value, "2.5");
    assert_eq!(stop.default, "none");
    assert_eq!(stop.source, Source::CommandLine { argument: "strategy.ema_cross.stop_pct".to_owned() });
    assert_eq!(stop.doc, "Stop, in percent of the average entry price.");
    assert_eq!(stop.allowed, "a decimal number, or none");
    assert_eq!(loaded.explain("instruments[].tick").unwrap(), loaded.explain("instruments.tick").unwrap());
    let unknown = loaded.explain("strategy.ema_cross.stop").unwrap_err().to_string();
    assert!(
        unknown.starts_with("strategy.ema_cross.stop: unknown key; did you mean `stop_pct`?"),
        "{unknown}"
    );
    let missing = loaded.explain("instruments[3].tick").unwrap_err().to_string();
    assert_eq!(missing, "instruments[3].tick: unknown key; the list is shorter than that");
    assert!(loaded.explain("instruments[").is_err() && loaded.explain("strategy.ema").is_err());
    assert_eq!(loaded.explain("").unwrap(), loaded.explain_all());
    assert!(loaded.explain_all().iter().all(|entry| !entry.doc.is_empty()), "every key is documented");
}

#[test]
fn equal_configurations_have_one_fingerprint_text() {
    let first = Loader::new().set(["backtest.initial_equity=100.10"]).load().unwrap().config;
    let second = Loader::new().file("c.yaml", "backtest: {initial_equity: \"100.1\"}").load().unwrap().config;
    assert_eq!(fingerprint_text(&first), fingerprint_text(&second));
    assert_ne!(fingerprint_text(&first), fingerprint_text(&Config::default()));
    assert!(
        fingerprint_text(&first)
            .contains("\"backtest\":{\"equity_interval\":\"1h\",\"initial_equity\":\"100.1\"")
    );
}
