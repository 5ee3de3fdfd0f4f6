//! Bad configurations: each gives one message that names the place, the key and the fix, and nothing loads.

use seawall_config::{ConfigError, Loader};

fn error(text: &str) -> ConfigError {
    Loader::new().file("config.yaml", text).load().unwrap_err()
}

/// The file's text and the whole message.
const FILES: [(&str, &str); 38] = [
    ("", "config.yaml:1:1: the file is empty; `seawall config init` writes one to start from"),
    (" \n\n", "config.yaml:1:1: the file is empty; `seawall config init` writes one to start from"),
    (
        "- a\n",
        "config.yaml:1:1: a list stands where a section belongs; set the keys in it: config, strategy, risk, protection, reconcile, execution, multi_tp, management, auction, decisions, universe, data_quality and 11 more",
    ),
    (
        "fast\n",
        "config.yaml:1:1: the value `fast` stands where a section belongs; set the keys in it: config, strategy, risk, protection, reconcile, execution, multi_tp, management, auction, decisions, universe, data_quality and 11 more",
    ),
    (
        "risk:\n\tleverage_max: 2\n",
        "config.yaml:2:2: not YAML: tabs disallowed within this context (block indentation); indent with spaces",
    ),
    ("strategy: {name: smc\n", "config.yaml:1:11: not YAML: unclosed bracket '{'"),
    (
        "demo: {seed: 1}\ndemo: {seed: 2}\n",
        "config.yaml:2:1: key `demo` stands twice, first in line 1; remove one",
    ),
    (
        "demo:\n  seed: 1\n  seed: 2\n",
        "config.yaml:3:3: key `seed` stands twice, first in line 2; remove one",
    ),
    (
        "demo: &d {seed: 1}\n",
        "config.yaml:1:10: anchors and aliases are not supported; write the value where it is used",
    ),
    (
        "demo: !mine {seed: 1}\n",
        "config.yaml:1:13: tags such as `!name` are not supported; write the plain value",
    ),
    (
        "demo: {seed: 1}\n---\ndemo: {seed: 2}\n",
        "config.yaml:2:1: a second document begins here; one file holds one configuration",
    ),
    ("? [a]\n: 1\n", "config.yaml:1:3: a key must be a word, not a list or a section"),
    (
        "colour: red\n",
        "config.yaml:1:1: colour: unknown key; allowed: config, strategy, risk, protection, reconcile, execution, multi_tp, management, auction, decisions, universe, data_quality and 11 more",
    ),
    (
        "strategy:\n  ema_cross:\n    fats: 5\n",
        "config.yaml:3:5: strategy.ema_cross.fats: unknown key; did you mean `fast`? (allowed: fast, slow, long_only, stop_pct, target_pct, qty, sizing, timeframe)",
    ),
    (
        "fast: 5\n",
        "config.yaml:1:1: fast: unknown key; did you mean `strategy.ema_cross.fast`? (allowed here: config, strategy, risk, protection, reconcile, execution, multi_tp, management, auction, decisions, universe, data_quality and 11 more)",
    ),
    (
        "demo.seed: 5\n",
        "config.yaml:1:1: demo.seed: unknown key; sections nest: write `demo:` `seed:` each on a line of its own",
    ),
    (
        "risk: 3\n",
        "config.yaml:1:7: risk: the value `3` stands where a section belongs; set the keys in it: sizing, risk_per_trade_pct, target_leverage, kelly_win_pct, kelly_payoff, kelly_fraction_max_pct, volatility_high_ratio, volatility_low_ratio, volatility_high_cut_pct, volatility_low_boost_pct, trade_loss_max, trade_loss_max_pct and 16 more",
    ),
    (
        "demo: {seed: [1]}\n",
        "config.yaml:1:14: demo.seed: a list cannot stand here; write a whole number from 0 to 18446744073709551615",
    ),
    (
        "instruments: BTC/USDT\n",
        "config.yaml:1:14: instruments: the value `BTC/USDT` cannot stand here; write a list",
    ),
    (
        "demo:\n  seed:\n",
        "config.yaml:2:7: demo.seed: there is no value; give one (a whole number from 0 to 18446744073709551615) or remove the key",
    ),
    (
        "demo: {seed: abc}\n",
        "config.yaml:1:14: demo.seed: `abc` is not a whole number; allowed: a whole number from 0 to 18446744073709551615",
    ),
    (
        "demo: {seed: 1.5}\n",
        "config.yaml:1:14: demo.seed: `1.5` is not a whole number; allowed: a whole number from 0 to 18446744073709551615",
    ),
    (
        "demo: {seed: -1}\n",
        "config.yaml:1:14: demo.seed: -1 is out of range; allowed: a whole number from 0 to 18446744073709551615",
    ),
    (
        "demo: {seed: \"7\"}\n",
        "config.yaml:1:14: demo.seed: \"7\" is quoted text; remove the quotes and write a whole number from 0 to 18446744073709551615",
    ),
    (
        "demo: {speed: 0}\n",
        "config.yaml:1:15: demo.speed: 0 is out of range; allowed: a whole number from 1 to 100000",
    ),
    (
        "strategy: {ema_cross: {fast: 99999999999}}\n",
        "config.yaml:1:30: strategy.ema_cross.fast: 99999999999 is out of range; allowed: a whole number from 0 to 4294967295",
    ),
    (
        "strategy: {ema_cross: {long_only: yes}}\n",
        "config.yaml:1:35: strategy.ema_cross.long_only: `yes` is neither true nor false; allowed: true, false",
    ),
    (
        "strategy: {name: ema_cros}\n",
        "config.yaml:1:18: strategy.name: `ema_cros` is not one of the choices; did you mean `ema_cross`? (allowed: ema_cross, smc, signals)",
    ),
    (
        "simulator: {funding: true}\n",
        "config.yaml:1:22: simulator.funding: `true` is not one of the choices; allowed: on, off",
    ),
    (
        "backtest: {equity_interval: 10m}\n",
        "config.yaml:1:29: backtest.equity_interval: `10m` is not one of the choices; did you mean `1m`? (allowed: 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 1w)",
    ),
    (
        "backtest: {initial_equity: 10_000}\n",
        "config.yaml:1:28: backtest.initial_equity: `10_000` is not a decimal number: write digits with an optional sign, point and exponent, at most 28 significant digits",
    ),
    (
        "backtest: {initial_equity: .nan}\n",
        "config.yaml:1:28: backtest.initial_equity: `.nan` is not a decimal number: write digits with an optional sign, point and exponent, at most 28 significant digits",
    ),
    (
        "backtest: {initial_equity: 0}\n",
        "config.yaml:1:28: backtest.initial_equity: 0 is refused: it must be above zero",
    ),
    (
        "demo: {initial_equity: -5}\n",
        "config.yaml:1:24: demo.initial_equity: -5 is refused: it must be above zero",
    ),
    ("data: {dir: \" \"}\n", "config.yaml:1:13: data.dir:   is refused: it must name a folder"),
    (
        "venue_password: hunter2\n",
        "config.yaml:1:1: venue_password: secrets never sit in the configuration; remove it and hand it over in an environment variable, a *_FILE variable or a systemd credential",
    ),
    (
        "instruments:\n  - tick: 0.1\n",
        "config.yaml:2:5: instruments[0].name: this key is required and missing; add `name:` (text)",
    ),
    (
        "instruments:\n  - name: btcusd\n",
        "config.yaml:2:11: instruments[0].name: `btcusd` is not an instrument: write [venue:]BASE/QUOTE[:SETTLE], like kraken-futures:BTC/USD:USD or BTC/USDT",
    ),
];

/// Rules that the sections keep or that hold across them: the text, and how the message begins.
const RULES: [(&str, &str); 29] = [
    (
        "strategy: {ema_cross: {fast: 0}}",
        "config.yaml:1:30: strategy.ema_cross.fast: 0 is refused: an average has at least one bar",
    ),
    (
        "strategy: {ema_cross: {slow: 20}}",
        "config.yaml:1:30: strategy.ema_cross.slow: 20 is refused: it must be above strategy.ema_cross.fast (20)",
    ),
    (
        "strategy: {ema_cross: {fast: 60}}",
        "config.yaml:1:30: strategy.ema_cross.slow: 50 is refused: it must be above strategy.ema_cross.fast (60)",
    ),
    (
        "strategy: {ema_cross: {sizing: risk}}",
        "config.yaml:1:32: strategy.ema_cross.sizing: risk is refused: sizing by risk measures the distance to the stop; set strategy.ema_cross.stop_pct",
    ),
    (
        "strategy: {ema_cross: {stop_pct: 100}}",
        "config.yaml:1:34: strategy.ema_cross.stop_pct: 100 is refused: it must lie between 0 and 100 percent",
    ),
    (
        "strategy: {ema_cross: {qty: 0}}",
        "config.yaml:1:29: strategy.ema_cross.qty: 0 is refused: an entry needs a quantity above zero",
    ),
    (
        "strategy: {name: smc, smc: {evaluate_timeframe: 1d}}",
        "config.yaml:1:49: strategy.smc.evaluate_timeframe: 1d is refused: decisions are made on 15m, 1h or 4h",
    ),
    (
        "risk: {risk_per_trade_pct: 6}",
        "config.yaml:1:28: risk.risk_per_trade_pct: 6 is refused: allowed is more than 0 up to 5",
    ),
    (
        "risk: {positions_max: 0}",
        "config.yaml:1:23: risk.positions_max: 0 is refused: allowed is more than 0 up to 1000",
    ),
    (
        "risk: {positions_max: 30}",
        "config.yaml:1:23: risk.states.positions_reduce_only: 27 is refused: it must be above risk.positions_max: 27 is not above 30",
    ),
    (
        "risk: {daily_loss_max_pct: 12}",
        "config.yaml:1:28: risk.weekly_loss_max_pct: 10 is refused: it must not be below risk.daily_loss_max_pct (12), which it would make void",
    ),
    (
        "auction: {churn: {tier_2_minutes: 20}}",
        "config.yaml:1:35: auction.churn.tier_2_minutes: 20 is refused: allowed are 30 to 10080",
    ),
    (
        "auction: {rebalancer: {clear_pct: 320}}",
        "config.yaml:1:35: auction.rebalancer.clear_pct: 320 is refused: it must be below auction.rebalancer.trigger_pct: 320 is not below 320, a position would be made smaller again and again",
    ),
    (
        "auction: {rebalancer: {mode: on, trigger_pct: 32, clear_pct: 24}}",
        "config.yaml:1:47: auction.rebalancer.trigger_pct: 32 is refused: an entry may be as large as risk.instrument_notional_max (3) times equity: 300 % of equity are more than 32 %, so it would be made smaller at once; raise the trigger to 300 or lower what an entry may be",
    ),
    (
        "protection: {confirm_deadline_ms: 5}",
        "config.yaml:1:35: protection.confirm_deadline_ms: 5 is refused: allowed are 100 to 60000 milliseconds",
    ),
    (
        "simulator: {taker_fee_bps: -1}",
        "config.yaml:1:28: simulator.taker_fee_bps: -1 is refused: allowed is 0 to 1000 basis points",
    ),
    (
        "simulator: {latency_ms: 5000}",
        "config.yaml:1:25: simulator.latency_ms: 5000 is refused: an answer takes 10000 ms there and back, longer than protection.confirm_deadline_ms (2000)",
    ),
    (
        "instruments: [{name: BTC/USDT, tick: 0}]",
        "config.yaml:1:38: instruments[0].tick: BTC/USDT: tick is 0; it must be above zero",
    ),
    (
        "instruments: [{name: BTC/USDT, kind: spot}]",
        "config.yaml:1:15: instruments[0].leverage_max: BTC/USDT: leverage_max is 10; spot has none, write 1",
    ),
    (
        "instruments: [{name: BTC/USD:BTC}]",
        "config.yaml:1:15: instruments[0]: BTC/USD:BTC: settles in BTC but is quoted in USD",
    ),
    (
        "instruments: [{name: BTC/USDT}, {name: BTC/USDT}]",
        "config.yaml:1:40: instruments[1].name: BTC/USDT is refused: instruments[0] has that name already",
    ),
    (
        "instruments: [{name: BTC/USD, signal: BTC/USD}]",
        "config.yaml:1:39: instruments[0].signal: BTC/USD is refused: an instrument reads its own candles anyway; remove the signal",
    ),
    (
        "instruments: [{name: BTC/USD, signal: ETH/USD}]",
        "config.yaml:1:39: instruments[0].signal: ETH/USD is refused: it is of another coin than BTC/USD; allowed are instruments of BTC",
    ),
    (
        "instruments: [{name: a:BTC/USD, signal: b:BTC/USD}, {name: b:BTC/USD, signal: c:BTC/USD}]",
        "config.yaml:1:41: instruments[0].signal: b:BTC/USD is refused: it reads c:BTC/USD itself; name c:BTC/USD here, or remove the signal there",
    ),
    (
        "execution: {basis_max_pct: 1}",
        "config.yaml:1:28: execution.basis_max_post_pct: 0.75 is refused: it must not be below execution.basis_max_pct: 0.75 is below 1",
    ),
    (
        "risk: {shock: {basis_pct: 0.5}}",
        "config.yaml:1:27: risk.shock.basis_pct: 0.5 is refused: it must be above execution.basis_max_pct: 0.5 is not above 0.75",
    ),
    (
        "instruments: [{name: BTC/USDT, min_qty: 5}]",
        "strategy.ema_cross.qty: 1 is refused: the smallest order of BTC/USDT is 5",
    ),
    (
        "strategy: {ema_cross: {long_only: false}}\ninstruments: [{name: BTC/USDT, kind: spot, leverage_max: 1}]",
        "config.yaml:1:35: strategy.ema_cross.long_only: false is refused: BTC/USDT is spot and cannot be sold short",
    ),
    (
        "instruments: [{name: BTC/USDT, margin_tiers: [{maintenance_pct: 60, leverage_max: 20}]}]",
        "config.yaml:1:15: instruments[0]: BTC/USDT: margin tier 1",
    ),
];

/// Arguments of `--set` and the whole message.
const ARGUMENTS: [(&str, &str); 12] = [
    ("a", "--set a: there is no `=`; write key=value, like strategy.ema_cross.fast=12"),
    ("=5", "--set : this is not a key; write section.key, like strategy.ema_cross.fast"),
    ("a b=5", "--set a b: this is not a key; write section.key, like strategy.ema_cross.fast"),
    (
        "strategy.ema_cross.fats=5",
        "--set strategy.ema_cross.fats: unknown key; did you mean `fast`? (allowed: fast, slow, long_only, stop_pct, target_pct, qty, sizing, timeframe)",
    ),
    (
        "initial_equity=5",
        "--set initial_equity: unknown key; did you mean `backtest.initial_equity`? (allowed here: config, strategy, risk, protection, reconcile, execution, multi_tp, management, auction, decisions, universe, data_quality and 11 more)",
    ),
    (
        "demo.seed.x=5",
        "--set demo.seed.x: unknown key; `demo.seed` is a whole number from 0 to 18446744073709551615 and has no keys",
    ),
    (
        "demo=5",
        "--set demo: the value `5` stands where a section belongs; set the keys in it: seed, speed, instruments, initial_equity, spot_basis_bps",
    ),
    (
        "demo.seed=",
        "--set demo.seed: there is no value; give one (a whole number from 0 to 18446744073709551615) or remove the key",
    ),
    (
        "demo.seed=x",
        "--set demo.seed: `x` is not a whole number; allowed: a whole number from 0 to 18446744073709551615",
    ),
    (
        "instruments.tick=5",
        "--set instruments.tick: unknown key; `instruments` is a list: write `instruments[0].tick`",
    ),
    (
        "instruments[0].tick=5",
        "--set instruments[0].tick: the list is shorter than that; a list is given as a whole, or in the file",
    ),
    (
        "kraken.api_secret=hunter2",
        "--set kraken.api_secret: api_secret: secrets never sit in the configuration; remove it and hand it over in an environment variable, a *_FILE variable or a systemd credential",
    ),
];

/// [I-14]: keys at the wrong level, unknown and doubled ones, were read as nothing.
#[test]
fn a_bad_file_gives_one_message_with_place_key_and_fix() {
    for (text, message) in FILES {
        assert_eq!(error(text).to_string(), message, "{text}");
    }
}

#[test]
fn a_broken_rule_is_shown_at_the_value_that_breaks_it() {
    for (text, start) in RULES {
        let error = error(text);
        assert!(error.to_string().starts_with(start), "{text}\n{error}");
        assert_eq!(error.problems().len(), 1, "{text}\n{error}");
    }
}

#[test]
fn a_bad_argument_gives_one_message() {
    for (argument, message) in ARGUMENTS {
        let error = Loader::new().set([argument]).load().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_bad_variable_is_named() {
    for (name, value, message) in [
        (
            "SEAWALL__DEMO__SED",
            "5",
            "SEAWALL__DEMO__SED: demo.sed: unknown key; did you mean `seed`? (allowed: seed, speed, instruments, initial_equity, spot_basis_bps)",
        ),
        (
            "SEAWALL__DEMO__SEED",
            "x",
            "SEAWALL__DEMO__SEED: demo.seed: `x` is not a whole number; allowed: a whole number from 0 to 18446744073709551615",
        ),
        (
            "SEAWALL__DEMO__SEED",
            "",
            "SEAWALL__DEMO__SEED: demo.seed: there is no value; give one (a whole number from 0 to 18446744073709551615) or remove the key",
        ),
        ("SEAWALL__", "5", "SEAWALL__: this is not a key; write section.key, like strategy.ema_cross.fast"),
        (
            "SEAWALL__DEMO",
            "5",
            "SEAWALL__DEMO: demo: the value `5` stands where a section belongs; set the keys in it: seed, speed, instruments, initial_equity, spot_basis_bps",
        ),
        (
            "SEAWALL__RISK__LEVERAGE_MAX",
            "500",
            "SEAWALL__RISK__LEVERAGE_MAX: risk.leverage_max: 500 is refused: allowed is more than 0 up to 125",
        ),
    ] {
        let error = Loader::new().environment([(name, value)]).load().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn bytes_that_are_no_text_are_named_by_line_and_column() {
    let error = Loader::new().file("config.yaml", b"demo:\n  seed: \xff\n".to_vec()).load().unwrap_err();
    assert_eq!(error.to_string(), "config.yaml:2:9: this is not UTF-8 text; save the file as UTF-8");
    let huge = Loader::new().file("config.yaml", vec![b'#'; 2 << 20]).load().unwrap_err();
    assert!(
        huge.to_string().starts_with("config.yaml:1:1: the file has 2097152 bytes; at most 1048576 are read")
    );
}

#[test]
fn an_alias_bomb_and_endless_nesting_are_refused_at_once() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ndemo: *c\n";
    assert!(error(bomb).to_string().contains("anchors and aliases are not supported"));
    let deep = format!("demo: {}{}\n", "[".repeat(40), "]".repeat(40));
    assert!(error(&deep).to_string().contains("nested deeper than 32 levels"));
    assert!(error(&"[".repeat(100_000)).to_string().starts_with("config.yaml:1:"));
    let wide: String = (0..2_000).map(|number| format!("k{number}: 1\n")).collect();
    assert!(error(&wide).to_string().contains("more than 1000 keys in one section"));
}

#[test]
fn all_problems_of_all_sources_are_told_at_once() {
    let text = "strategy:\n  ema_cross: {fats: 5, slow: x}\nrisk: {positions_max: 0}\nbacktest: {seed: -1}\n";
    let error = Loader::new()
        .file("config.yaml", text)
        .environment([("SEAWALL__DEMO__SPEED", "0")])
        .set(["data.journal_segment_mb=0", "nonsense"])
        .load()
        .unwrap_err();
    let places: Vec<String> = error.problems().iter().map(|problem| problem.source.to_string()).collect();
    let expected = [
        "config.yaml:2:15",
        "config.yaml:2:30",
        "config.yaml:3:23",
        "config.yaml:4:18",
        "SEAWALL__DEMO__SPEED",
        "--set data.journal_segment_mb",
        "--set nonsense",
    ];
    assert_eq!(places, expected, "{error}");
}

#[test]
fn a_value_that_was_refused_is_not_held_against_another() {
    // With `slow` refused its default would break the rule that it is above `fast`.
    let error = error("strategy: {ema_cross: {fast: 60, slow: x}}\n");
    assert_eq!(error.problems().len(), 1, "{error}");
}

#[test]
fn the_rendered_error_draws_the_line() {
    let drawn = error("strategy:\n  ema_cross:\n    fats: 5\n").render();
    let expected = "\
error: strategy.ema_cross.fats: unknown key
 --> config.yaml:3:5
  |
3 |     fats: 5
  |     ^^^^
  |
  = help: did you mean `fast`? (allowed: fast, slow, long_only, stop_pct, target_pct, qty, sizing, timeframe)";
    assert_eq!(drawn, expected);
}

#[test]
fn a_secret_is_refused_and_never_shown() {
    for text in [
        "kraken: {api_key: hunter2}\n",
        "venue:\n  kraken:\n    private_key: |\n      hunter2\n      hunter2\n",
        "demo: {api_token: hunter2, seed: x}\n",
        "demo:\n  passphrase: [hunter2, {a: hunter2}]\n",
        "apiSecret: hunter2\ndemo: [\n",
        "api_key: hunter2: x\n",
        "API_KEY=hunter2\n",
        "|\n  api_key: hunter2\n",
        "instruments: [{name: api_key=hunter2, tick: api_key=hunter2}]\n",
    ] {
        let error = error(text);
        let shown = format!("{error}\n{}", error.render());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let error = Loader::new().environment([("SEAWALL__KRAKEN__API_KEY", "hunter2")]).load().unwrap_err();
    assert!(error.to_string().contains("secrets never sit") && !error.to_string().contains("hunter2"));
}
