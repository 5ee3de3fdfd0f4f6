//! Bad configurations, environments, demos, journals and questions: each gives one message with place and
//! fix, exit code 2, and changes nothing.

use crate::common::Sandbox;
use crate::common::refusals::{Case, all_refused, faults};

/// Something that no output may ever contain.
const CANARY: &str = "hunter2-canary-5f1c";

/// The text of a file and what the message must say.
const FILES: [Case; 22] = [
    ("", &["c.yaml:1:1: the file is empty", "seawall config init"]),
    ("demo:\n\tseed: 1\n", &["tabs disallowed", "indent with spaces", "c.yaml:2:"]),
    (
        "demo: {seed: 1}\ndemo: {seed: 2}\n",
        &["key `demo` stands twice, first in line 1; remove one", "c.yaml:2:1"],
    ),
    (
        "strategy:\n  ema_cross:\n    fats: 5\n",
        &["c.yaml:3:5", "strategy.ema_cross.fats: unknown key", "`fast`"],
    ),
    ("colour: red\n", &["c.yaml:1:1", "colour: unknown key", "allowed: config, strategy"]),
    ("demo: {seed: [1]}\n", &["c.yaml:1:14", "demo.seed: a list cannot stand here", "write a whole number"]),
    ("demo: {seed: 1.5}\n", &["c.yaml:1:14", "demo.seed: `1.5` is not a whole number"]),
    ("demo: {speed: 0}\n", &["c.yaml:1:15", "demo.speed: 0 is out of range", "from 1 to 100000"]),
    (
        "strategy: {name: ema_cros}\n",
        &["c.yaml:1:18", "did you mean `ema_cross`? (allowed: ema_cross, smc, signals)"],
    ),
    ("demo: {seed: 1\n", &["c.yaml:1:7", "unclosed bracket '{'"]),
    ("backtest: {initial_equity: 0}\n", &["c.yaml:1:28", "backtest.initial_equity: 0", "above zero"]),
    ("risk: {positions_max: 0}\n", &["c.yaml:1:23", "risk.positions_max: 0", "up to 1000"]),
    (
        "strategy: {ema_cross: {slow: 20}}\n",
        &["c.yaml:1:30", "strategy.ema_cross.slow: 20", "above strategy.ema_cross.fast"],
    ),
    ("strategy: {ema_cross: {sizing: risk}}\n", &["c.yaml:1:32", "set strategy.ema_cross.stop_pct"]),
    ("strategy: {ema_cross: {stop_pct: 100}}\n", &["c.yaml:1:34", "between 0 and 100 percent"]),
    ("simulator: {taker_fee_bps: -1}\n", &["c.yaml:1:28", "simulator.taker_fee_bps: -1", "0 to 1000"]),
    (
        "instruments: [{name: BTC/USDT, tick: 0}]\n",
        &["c.yaml:1:38", "instruments[0].tick", "must be above zero"],
    ),
    (
        "instruments: [{name: BTC/USDT, kind: spot}]\n",
        &["instruments[0].leverage_max", "spot has none, write 1"],
    ),
    (
        "instruments: [{name: BTC/USD:BTC}]\n",
        &["instruments[0]", "settles in BTC", "use the contract that settles in USD"],
    ),
    (
        "instruments: [{name: btcusd}]\n",
        &["instruments[0].name: `btcusd`", "write [venue:]BASE/QUOTE[:SETTLE]"],
    ),
    (
        "instruments: [{name: A/B}, {name: A/B}]\n",
        &["instruments[1].name: A/B", "instruments[0] has that name"],
    ),
    ("api_secret: hunter2-canary-5f1c\n", &["c.yaml:1:1", "api_secret: secrets never sit", "remove it"]),
];

const COMMANDS: [Case; 26] = [
    ("frobnicate", &["unrecognized subcommand 'frobnicate'", "--help"]),
    ("config check --config none.yaml", &["none.yaml: cannot be read: No such file"]),
    ("config check --config folder", &["folder: cannot be read: Is a directory"]),
    ("config check --set demo.seed", &["--set demo.seed: there is no `=`", "write key=value"]),
    (
        "config check --set initial_equity=5",
        &["--set initial_equity", "did you mean `backtest.initial_equity`?"],
    ),
    ("config explain risk.leverage", &["risk.leverage: unknown key", "did you mean `leverage_max`?"]),
    ("config init ok.yaml", &["ok.yaml: it exists already and is left as it is; name another file"]),
    ("config init none/new.yaml", &["none/new.yaml: cannot be created: No such file"]),
    (
        "demo --config no_stop.yaml --duration 1s",
        &["ema_cross has no stop", "--set strategy.ema_cross.stop_pct=2"],
    ),
    ("demo --duration 0", &["--duration 0: write a time like 90s", "above zero"]),
    ("demo --duration soon", &["--duration soon: write a time like 90s"]),
    ("demo --speed 0", &["demo.speed: 0 is out of range", "from 1 to 100000"]),
    ("demo --speed fast", &["'fast' for '--speed <X>': write a whole number"]),
    ("demo --set demo.instruments=21", &["demo.instruments: 21 is out of range", "from 1 to 20"]),
    ("demo --data-dir ok.yaml", &["--data-dir ok.yaml: ok.yaml is a file; name a folder"]),
    ("demo --data-dir ok.yaml/in", &["--data-dir ok.yaml/in: ok.yaml is a file; name a folder"]),
    ("demo --set data.dir=ok.yaml", &["data.dir ok.yaml: ok.yaml is a file; name a folder"]),
    ("demo --json none/x.json", &["--json none/x.json: the folder none does not exist; create it first"]),
    ("journal verify folder", &["folder: there is no journal; name the folder of a run"]),
    ("journal verify none", &["none: there is no journal; name the folder of a run"]),
    ("journal verify ok.yaml", &["ok.yaml: ", "name the folder of a run"]),
    ("journal show folder", &["folder: there is no journal; name the folder of a run"]),
    ("journal show folder --limit x", &["'--limit <N>': write a whole number"]),
    ("journal replay folder --rebuild-db", &["folder: holds no run.json; name the folder of a run"]),
    ("why BTC", &["there are no runs in seawall-data/demo; start one with `seawall demo`"]),
    ("why BTC --run ok.yaml", &["ok.yaml: is no folder; name the folder of a run"]),
];

/// After a demo in the folder `data`.
const RUNS: [Case; 7] = [
    ("why XXX --data-dir data", &["no instrument `XXX` in this run; there are sim:BTC/USD:USD, sim:ETH/"]),
    ("why USD --data-dir data", &["`USD` fits sim:BTC/USD:USD, sim:ETH/USD:USD", "name one of them"]),
    (
        "why BTC --data-dir data --at yesterday",
        &["'--at <TIME>'", "`yesterday` is not a time: write RFC 3339"],
    ),
    (
        "why BTC --run bare",
        &["bare/seawall.db: there is no database; build it with `seawall journal rebuild bare`"],
    ),
    ("journal replay bare", &["bare/journal: there is no journal; name the folder of a run"]),
    (
        "journal replay strange",
        &["strange/run.json: missing field `schema` at line 1 column 2", "another version"],
    ),
    ("why BTC --run strange", &["strange/run.json: missing field `schema` at line 1 column 2"]),
];

/// A variable, its value, and what the message must say.
const VARIABLES: [(&str, &str, &[&str]); 4] = [
    ("SEAWALL__RISK__LEVERAGEMAX", "3", &["SEAWALL__RISK__LEVERAGEMAX: ", "did you mean `leverage_max`?"]),
    (
        "SEAWALL__RISK__LEVERAGE_MAX",
        "",
        &["SEAWALL__RISK__LEVERAGE_MAX: ", "there is no value", "remove the key"],
    ),
    (
        "SEAWALL__RISK__LEVERAGE_MAX",
        "much",
        &["SEAWALL__RISK__LEVERAGE_MAX: ", "`much` is not a decimal number"],
    ),
    (
        "SEAWALL__VENUE__API_SECRET",
        CANARY,
        &["SEAWALL__VENUE__API_SECRET: ", "secrets never sit", "remove it"],
    ),
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("ok.yaml", "demo: {seed: 1}\n");
    sandbox.write("no_stop.yaml", "strategy: {name: ema_cross}\n");
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    sandbox
}

#[test]
fn a_bad_file_is_refused_with_line_and_column_by_every_command_that_reads_it() {
    let sandbox = sandbox();
    for (text, says) in FILES {
        sandbox.write("c.yaml", text);
        for command in ["config check", "demo --headless --duration 1s", "backtest --candles BTC/USDT=x@1m"] {
            all_refused(&sandbox, &format!("{command} --config c.yaml"), &[("", says)]);
        }
    }
    sandbox.write("c.yaml", b"\xff\xfe demo");
    all_refused(
        &sandbox,
        "config check --config c.yaml",
        &[("", &["c.yaml:1:1: this is not UTF-8", "save the file"])],
    );
}

#[test]
fn a_bad_command_is_refused() {
    all_refused(&sandbox(), "", &COMMANDS);
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    let sandbox = sandbox();
    let before = sandbox.listing();
    for (variable, value, says) in VARIABLES {
        let answer = sandbox.command("config check").env(variable, value).output().unwrap().into();
        let faults = faults(&answer, says);
        assert!(faults.is_empty(), "{variable}={value}: {}\n{}", faults.join("\n"), answer.err);
    }
    assert_eq!(sandbox.listing(), before);
}

#[test]
fn a_question_that_a_run_cannot_answer_is_refused() {
    let sandbox = sandbox();
    sandbox.run("demo --in-process --headless --speed 1000 --duration 1s --data-dir data").text();
    for folder in ["bare", "strange"] {
        std::fs::create_dir(sandbox.path(folder)).unwrap();
    }
    sandbox.write("bare/run.json", sandbox.read("data/demo/run-000001/run.json"));
    sandbox.write("strange/run.json", "{}");
    all_refused(&sandbox, "", &RUNS);
    let early = sandbox.run("why BTC --data-dir data --at 2001-01-01");
    let faults =
        faults(&early, &["no decision on sim:BTC/USD:USD at or before 2001-01-01", "give a later time"]);
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_secret_never_appears_in_any_output() {
    let sandbox = sandbox();
    sandbox.write("top.yaml", format!("api_key: {CANARY}\n"));
    sandbox.write("deep.yaml", format!("demo:\n  seed: 1\n  venue_token: \"{CANARY}\"\n"));
    sandbox.write("list.yaml", format!("credentials: [{CANARY}, {CANARY}]\n"));
    sandbox.write("block.yaml", format!("passphrase: |\n  {CANARY}\n  {CANARY}\n"));
    sandbox.write("cut.yaml", format!("password: {CANARY}\ndemo: {{seed: 1\n"));
    sandbox.write("twice.yaml", format!("secret: {CANARY}\nsecret: {CANARY}\n"));
    let sources =
        ["top", "deep", "list", "block", "cut", "twice"].map(|name| format!("--config {name}.yaml"));
    let set = format!("--set venue.api_secret={CANARY}");
    for source in sources.iter().chain([&set]) {
        for command in ["config check", "config explain", "demo --headless", "backtest --candles A/B=x@1m"] {
            let answer = sandbox.run(&format!("{command} {source}"));
            assert_eq!(answer.code, Some(2), "{command} {source}");
            assert!(
                !format!("{}{}", answer.out, answer.err).contains(CANARY),
                "{command} {source}: {}",
                answer.err
            );
        }
    }
    let named = [
        ("SEAWALL__API_KEY", CANARY),
        ("SEAWALL__INSTRUMENTS", "[{name: A/B, secret: hunter2-canary-5f1c}]"),
    ];
    for (variable, value) in named {
        let output = sandbox.command("config check").env(variable, value).output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(all).unwrap().contains(CANARY), "{variable}");
    }
    // A variable that is no key of the configuration is nobody's business.
    let output = sandbox.command("config explain --json").env("SEAWALL_VENUE_KEY", CANARY).output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains(CANARY));
}
