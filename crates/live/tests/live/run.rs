//! A run on paper over a small venue on this machine: phases of the start and what blocks them, the engine's
//! thread, a stop under the first position, the end.
#![allow(clippy::wildcard_enum_match_arm, reason = "tests may")]

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use crate::net_common::{Say, Seen, Server, ok};
use futures_util::{SinkExt, StreamExt};
use seawall_config::{Config, Loader};
use seawall_live::run::secrets::{channels, credentials};
use seawall_live::run::start::venue_of;
use seawall_live::{LiveError, Mode, Run, RunOptions, StopSwitch, Summary};
use seawall_model::{Money, Span, Ts};
use seawall_notify::{ChannelKind, ChannelSettings, Least};
use seawall_store::StoreError;
use seawall_venues::Venue;
use seawall_venues::http::Host;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;

const MINUTE_MS: i64 = 60_000;

pub(crate) fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Falling prices, and a jump in the last minute that closed before `started`.
fn close(minute: i64, started: i64) -> i64 {
    if minute >= started - 1 { 61_000 } else { 60_000 + (started - minute) }
}

fn chart(seen: &Seen, started: i64) -> String {
    let field = |name: &str| -> i64 {
        let query = seen.target.split('?').nth(1).unwrap();
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name));
        found.unwrap().parse().unwrap()
    };
    let step = if seen.target.contains("/15m?") { 15 } else { 1 };
    let (from, to) = (field("from=") / 60, field("to=") / 60);
    let rows: Vec<String> = (from..=to)
        .filter(|minute| minute % step == 0)
        .map(|minute| {
            let (open, close) = (close(minute - 1, started), close(minute, started));
            let (high, low) = (open.max(close) + 5, open.min(close) - 5);
            let time = minute * MINUTE_MS;
            format!(
                r#"{{"time":{time},"open":"{open}","high":"{high}","low":"{low}","close":"{close}","volume":"3"}}"#
            )
        })
        .collect();
    format!(r#"{{"candles":[{}],"more_candles":false}}"#, rows.join(","))
}

fn answer(seen: &Seen, started: i64, ahead_ms: i64) -> Say {
    let time = Ts::from_millis(now_ms() + ahead_ms);
    if seen.target.contains("/charts/") {
        return ok(&chart(seen, started));
    }
    if seen.target.contains("/instruments") {
        return ok(&format!(
            r#"{{"result":"success","serverTime":"{time}","instruments":[{{"symbol":"PF_XBTUSD",
            "type":"flexible_futures","pair":"XBT:USD","base":"BTC","quote":"USD","tradeable":true,
            "isExpired":false,"tickSize":0.5,"contractSize":1,"contractValueTradePrecision":4,"postOnly":false,
            "marginLevels":[{{"numNonContractUnits":0,"initialMargin":0.02,"maintenanceMargin":0.01}}]}}]}}"#
        ));
    }
    let ticker =
        r#"{"symbol":"PF_XBTUSD","bid":61000,"ask":61000.5,"last":61000,"markPrice":61000,"vol24h":900}"#;
    ok(&format!(r#"{{"result":"success","serverTime":"{time}","ticker":{ticker},"tickers":[{ticker}]}}"#))
}

pub(crate) struct Venues {
    pub(crate) runtime: Runtime,
    rest: Server,
    stream: String,
}

impl Venues {
    pub(crate) fn start(ahead_ms: i64) -> Self {
        // The jump must be in the newest closed minute when the run asks.
        while now_ms() % MINUTE_MS > 45_000 {
            std::thread::sleep(Duration::from_millis(500));
        }
        let runtime = Runtime::new().unwrap();
        let started = now_ms() / MINUTE_MS;
        let (rest, stream) = runtime.block_on(async {
            let rest = Server::start(move |seen| answer(seen, started, ahead_ms)).await;
            (rest, quotes().await)
        });
        Venues { runtime, rest, stream }
    }

    pub(crate) fn config(&self, set: &[&str]) -> Config {
        let file = format!(
            "venue: {{rest: 'http://{}', public_stream: 'ws://{}', private_stream: 'ws://{}', connect_timeout_ms: 500}}\n\
             run: {{instruments: ['kraken-futures:BTC/USD:USD'], warm_up_candles: 100}}\n\
             strategy: {{name: ema_cross, ema_cross: {{fast: 3, slow: 9, stop_pct: 2, sizing: risk, timeframe: 1m}}}}\n\
             universe: {{mode: 'off'}}\ndata_quality: {{mode: 'off', health_mode: 'off'}}\nquote_guard: {{mode: 'off'}}\n",
            self.rest.address, self.stream, self.stream
        );
        Loader::new().file("run.yaml", file).set(set.iter().copied()).load().unwrap().config
    }

    fn prepare(&self, folder: &Path, set: &[&str]) -> Result<Run, LiveError> {
        Run::prepare(options(self.config(set), folder), None, &|_, _| {})
    }
}

pub(crate) fn options(config: Config, folder: &Path) -> RunOptions {
    let duration = Some(Span::from_secs(3));
    let data_dir = folder.to_owned();
    RunOptions {
        config,
        data_dir,
        mode: Mode::Paper,
        credentials: None,
        duration,
        once: false,
        database: None,
        pace: None,
        switch: StopSwitch::new(),
        notify: seawall_notify::Secrets::default(),
    }
}

/// Acknowledges what is subscribed to and quotes ten times a second.
async fn quotes() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                socket.next().await;
                let said = r#"{"event":"subscribed","feed":"ticker","product_ids":["PF_XBTUSD"]}"#;
                let quote = r#"{"feed":"ticker","product_id":"PF_XBTUSD","bid":61000.0,"ask":61000.5,"markPrice":61000.0}"#;
                let mut alive = socket.send(Message::text(said)).await;
                while alive.is_ok() {
                    alive = socket.send(Message::text(quote)).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            });
        }
    });
    address
}

fn phase(result: Result<Run, LiveError>) -> (&'static str, String) {
    match result.err().unwrap() {
        LiveError::Refused { phase, cause } | LiveError::Venue { phase, cause } => (phase, cause),
        other => panic!("{other}"),
    }
}

fn run(run: Run) -> Result<Summary, LiveError> {
    run.run(&|_, _| {})
}

/// One pass: the newest candle crosses, the entry fills on paper, and the position has its stop at the end.
#[test]
fn a_single_pass_reconciles_evaluates_and_leaves_a_position_with_its_stop() {
    let venues = Venues::start(0);
    let folder = tempfile::tempdir().unwrap();
    let phases = Mutex::new(Vec::new());
    let progress = |phase: &'static str, _: &str| phases.lock().unwrap().push(phase);
    let options = RunOptions { once: true, duration: None, ..options(venues.config(&[]), folder.path()) };
    let prepared = Run::prepare(options, None, &progress).unwrap();
    let summary = prepared.run(&progress).unwrap();
    assert_eq!((summary.entered, summary.positions_opened, summary.positions_open), (1, 1, 1), "{summary:?}");
    assert!(summary.violations.is_empty(), "{summary:?}");
    assert!(summary.first_protected_s.is_some() && summary.naked_seconds_max < summary.naked_seconds_bound);
    let mut phases = phases.into_inner().unwrap();
    assert_eq!(phases[..4], ["lock", "clock", "instruments", "reconciling"]);
    // What comes in meanwhile comes as it comes.
    phases[4..].sort_unstable();
    assert_eq!(phases[4..], ["candles", "feeds", "ready"]);
    // What happened can be replayed from what was written down.
    let report = seawall_live::replay(Path::new(&summary.folder), false, &mut |_| {}).unwrap();
    assert!(report.is_equal() && report.ended, "{report:?}");
    assert_eq!(report.recorded_fingerprint.as_deref(), Some(summary.fingerprint.as_str()));
}

/// Effect of `run.heartbeat_s`.
/// Effect of `run.paper_equity`.
/// [I-3]: see docs/incidents.md.
#[test]
fn the_heartbeat_follows_the_engine_and_the_second_of_two_starts_is_refused() {
    let venues = Venues::start(0);
    let beat = |seconds: &str| {
        let folder = tempfile::tempdir().unwrap();
        let set = [seconds, "run.paper_equity=500", "strategy.ema_cross.long_only=true"];
        let first = venues.prepare(folder.path(), &set).unwrap();
        let second = venues.prepare(folder.path(), &set).err().unwrap();
        assert!(matches!(second, LiveError::Store(StoreError::Locked { .. })), "{second}");
        let summary = run(first).unwrap();
        assert_eq!(summary.initial_equity, Money::new(500.into()));
        // The lock went with the run: nothing is left to clean up.
        assert!(venues.prepare(folder.path(), &set).is_ok());
        let text = std::fs::read_to_string(folder.path().join("run/paper/heartbeat.json")).unwrap();
        let pulse: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(pulse["process"], std::process::id());
        pulse["inputs"].as_u64().unwrap()
    };
    assert!(beat("run.heartbeat_s=1") > beat("run.heartbeat_s=60") + 5);
}

/// Effect of `venue.clock_skew_max_ms`.
/// Effect of `run.instruments`.
#[test]
fn a_wrong_clock_and_an_unknown_instrument_are_told_apart() {
    let venues = Venues::start(5_000);
    let folder = tempfile::tempdir().unwrap();
    let (at, cause) = phase(venues.prepare(folder.path(), &[]));
    assert!(at == "clock" && cause.contains("venue.clock_skew_max_ms"), "{at} {cause}");
    let lenient = "venue.clock_skew_max_ms=20000";
    let other = "run.instruments[0]=kraken-futures:ETH/USD:USD";
    let (at, cause) = phase(venues.prepare(folder.path(), &[lenient, other]));
    assert!(at == "instruments" && cause.contains("ETH/USD:USD is not listed"), "{at} {cause}");
    assert!(venues.prepare(folder.path(), &[lenient]).is_ok());
}

#[test]
fn the_clock_of_an_exchange_in_a_box_is_refused_for_a_venue_elsewhere() {
    let venues = Venues::start(0);
    let folder = tempfile::tempdir().unwrap();
    let pace = Some(format!("{}*10", Ts::from_millis(now_ms())).parse().unwrap());
    let elsewhere = venues.config(&["venue.private_stream=wss://b.example"]);
    let (at, cause) =
        phase(Run::prepare(RunOptions { pace, ..options(elsewhere, folder.path()) }, None, &|_, _| {}));
    assert!(at == "clock" && cause.contains("b.example"), "{cause}");
    // Here it is taken, and then the clocks of this venue, which has the time of day, differ.
    std::thread::sleep(Duration::from_millis(500));
    let (at, cause) = phase(Run::prepare(
        RunOptions { pace, ..options(venues.config(&[]), folder.path()) },
        None,
        &|_, _| {},
    ));
    assert!(at == "clock" && cause.contains("behind this machine's"), "{cause}");
}

/// Effect of `run.timeframe`.
/// Effect of `run.warm_up_candles`.
/// Effect of `run.feeds_timeout_s`.
#[test]
fn the_past_is_asked_for_as_configured_and_missing_feeds_are_told_of_in_time() {
    let venues = Venues::start(0);
    let folder = tempfile::tempdir().unwrap();
    let from = |set: &[&str]| {
        venues.rest.seen.lock().unwrap().clear();
        run(venues.prepare(folder.path(), set).unwrap()).unwrap();
        let targets = venues.rest.targets();
        let chart = targets.iter().find(|target| target.contains("/charts/")).unwrap().clone();
        let seconds: i64 = chart.split("from=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        (chart, now_ms() / 1000 - seconds)
    };
    let (chart, back) = from(&[]);
    assert!(chart.contains("/1m?") && (6_000..6_070).contains(&back), "{chart} {back}");
    assert!((3_000..3_070).contains(&from(&["run.warm_up_candles=50"]).1));
    let longer = ["run.timeframe=15m", "strategy.ema_cross.timeframe=15m"];
    assert!(from(&longer).0.contains("/15m?"));
    let nobody = ["venue.public_stream=ws://127.0.0.1:1", "run.feeds_timeout_s=1"];
    // A run goes on trying, since it protects what is held; a single pass has nothing to go on with.
    let told = Mutex::new(Vec::new());
    let progress = |phase: &'static str, what: &str| {
        if phase == "waiting" {
            told.lock().unwrap().push(what.to_owned());
        }
    };
    venues.prepare(folder.path(), &nobody).unwrap().run(&progress).unwrap();
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    let missing = "missing after 1 s: quotes of 1 of 1 instruments";
    assert!(told[0].contains(missing), "{told:?}");
    let once = RunOptions { once: true, ..options(venues.config(&nobody), folder.path()) };
    let error = run(Run::prepare(once, None, &|_, _| {}).unwrap()).unwrap_err().to_string();
    assert_eq!(error, format!("feeds: {missing}"));
    drop(venues.runtime);
}

/// Waits for so many alerts about `topic`.
fn wait_for(web: &Server, topic: &str, count: usize) -> Vec<String> {
    let wanted = format!("\"topic\":\"{topic}\"");
    for _ in 0..1_000 {
        let seen = web.seen.lock().unwrap();
        let told = seen.iter().filter(|seen| seen.body.contains(&wanted)).map(|seen| seen.body.clone());
        let told: Vec<String> = told.collect();
        if told.len() >= count {
            return told;
        }
        drop(seen);
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no {count} of {topic}: {:?}", web.targets());
}

/// I-36: monitors were silent for days and nobody noticed. A run tells its beginning, what it opens and its
/// end; what an earlier one was killed over before it was written is told by the next.
#[test]
fn i_36_a_run_tells_people_and_what_a_killed_one_had_not_written_is_told_by_the_next() {
    let venues = Venues::start(0);
    let folder = tempfile::tempdir().unwrap();
    let web = venues.runtime.block_on(Server::start(|_| ok("{}")));
    let mut config = venues.config(&[]);
    let mut channel = ChannelSettings::new("ops", ChannelKind::Webhook);
    (channel.severity_min, channel.per_minute_max) = (Least::Info, 600);
    config.notify.channels.push(channel);
    let settings = config.notify.clone();
    let url = format!("http://{}/hook", web.address);
    let variables =
        move |name: &str| (name != "CREDENTIALS_DIRECTORY" && !name.ends_with("_FILE")).then(|| url.clone());
    let notify = channels(&settings, &variables).unwrap();
    let silent = RunOptions { once: true, duration: None, ..options(venues.config(&[]), folder.path()) };
    let opened = run(Run::prepare(silent, None, &|_, _| {}).unwrap()).unwrap().positions_opened;
    assert_eq!(opened, 1);
    assert!(web.targets().is_empty());
    // As if that run had told people and had been killed before anything was written.
    let outbox = folder.path().join("run/paper").join(seawall_live::alerts::OUTBOX);
    seawall_notify::driver::outbox(&outbox).unwrap().begin("start-000001").unwrap();
    let telling = RunOptions { notify, ..options(config, folder.path()) };
    run(Run::prepare(telling, None, &|_, _| {}).unwrap()).unwrap();
    for (topic, words) in [
        ("run_started", "start-000002"),
        ("position_opened", "kraken-futures:BTC/USD:USD"),
        ("run_ended", "finished"),
    ] {
        let told = wait_for(&web, topic, 1);
        assert_eq!(told.len(), 1, "{topic}: {told:?}");
        assert!(told[0].contains(words) && told[0].contains("\"account\":\"paper\""), "{}", told[0]);
    }
    assert!(seawall_notify::driver::outbox(&outbox).unwrap().unfinished().unwrap().is_empty());
    // A secret that is missing keeps the run from starting.
    let error = channels(&settings, &|_| None).unwrap_err().to_string();
    assert!(error.contains("NOTIFY_OPS_URL is not set"), "{error}");
    drop(venues.runtime);
}

/// I-1: a start that fails is told, and so is a run that cannot go on; what starts it again and again does
/// not tell the same thing each time.
#[test]
fn a_start_that_fails_and_a_run_that_cannot_go_on_are_told_once_each_quarter_of_an_hour() {
    let venues = Venues::start(0);
    let folder = tempfile::tempdir().unwrap();
    let web = venues.runtime.block_on(Server::start(|_| ok("{}")));
    let mut config = venues.config(&["run.instruments=[kraken-futures:NO/SUCH:USD]"]);
    config.notify.channels.push(ChannelSettings::new("ops", ChannelKind::Webhook));
    let url = format!("http://{}/hook", web.address);
    let variables =
        move |name: &str| (name != "CREDENTIALS_DIRECTORY" && !name.ends_with("_FILE")).then(|| url.clone());
    let notify = channels(&config.notify, &variables).unwrap();
    let options =
        |config: &Config| RunOptions { notify: notify.clone(), ..options(config.clone(), folder.path()) };
    for _ in 0..3 {
        let error = Run::prepare(options(&config), None, &|_, _| {}).err().unwrap().to_string();
        let told = wait_for(&web, "run_failed", 1);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("\"severity\":\"critical\"") && told[0].contains("NO/SUCH"), "{}", told[0]);
        assert!(error.contains("NO/SUCH"), "{error}");
    }
    let mut config = venues.config(&["venue.public_stream=ws://127.0.0.1:1", "run.feeds_timeout_s=1"]);
    config.notify.channels.push(ChannelSettings::new("ops", ChannelKind::Webhook));
    let once = RunOptions { once: true, ..options(&config) };
    run(Run::prepare(once, None, &|_, _| {}).unwrap()).unwrap_err();
    let told = wait_for(&web, "run_failed", 2);
    assert!(told.len() == 2 && told[1].contains("feeds: missing after 1 s"), "{told:?}");
    // Another run has the account: it is watched, and this start is no failure of it.
    let held = Run::prepare(options(&config), None, &|_, _| {}).unwrap();
    Run::prepare(options(&config), None, &|_, _| {}).err().unwrap();
    drop(held);
    assert_eq!(wait_for(&web, "run_failed", 2).len(), 2);
    drop(venues.runtime);
}

/// Effect of `venue.name`.
/// Effect of `venue.rest`.
/// Effect of `venue.public_stream`.
/// Effect of `venue.private_stream`.
/// Effect of `venue.proxy`.
/// Effect of `venue.connect_timeout_ms`.
/// Effect of `venue.request_timeout_ms`.
/// Effect of `venue.variables`.
#[test]
fn the_venue_is_reached_as_configured_and_no_address_has_a_default() {
    let base = [
        "venue.rest=https://a.example",
        "venue.public_stream=wss://b.example",
        "venue.private_stream=wss://c.example",
    ];
    let load = |set: &[&str]| Loader::new().set(set.iter().copied()).load().unwrap().config;
    for missing in 0..3 {
        let some: Vec<&str> =
            base.iter().copied().enumerate().filter(|(at, _)| *at != missing).map(|(_, set)| set).collect();
        let error = venue_of(&load(&some)).unwrap_err().to_string();
        assert!(error.contains(base[missing].split('=').next().unwrap()), "{error}");
    }
    let (venue, hosts, net) = venue_of(&load(&base)).unwrap();
    assert_eq!(venue, Venue::KrakenFutures);
    let expected = [
        (Host::Rest, "https://a.example/"),
        (Host::PublicStream, "wss://b.example/"),
        (Host::PrivateStream, "wss://c.example/"),
    ];
    for (host, address) in expected {
        assert_eq!(hosts.url(host, "/").unwrap(), address);
    }
    assert_eq!((net.connect_timeout.as_millis(), net.request_timeout.as_millis()), (5_000, 10_000));
    let more = [
        "venue.name=kraken",
        "venue.proxy=http://127.0.0.1:3128",
        "venue.connect_timeout_ms=700",
        "venue.request_timeout_ms=900",
    ];
    let (venue, _, net) = venue_of(&load(&[&base[..], &more[..]].concat())).unwrap();
    assert_eq!(venue, Venue::Kraken);
    assert_eq!(net.proxy.as_deref(), Some("http://127.0.0.1:3128"));
    assert_eq!((net.connect_timeout.as_millis(), net.request_timeout.as_millis()), (700, 900));
    let folder = tempfile::tempdir().unwrap();
    let stop = "strategy.ema_cross.stop_pct=2";
    let config = load(&[&base[..], &["venue.variables=MINE", stop]].concat());
    let live = RunOptions { mode: Mode::Live, ..options(config, folder.path()) };
    let (at, cause) = phase(Run::prepare(live, None, &|_, _| {}));
    assert!(at == "keys" && cause.contains("MINE_API_SECRET"), "{cause}");
    let spot =
        load(&[&base[..], &["venue.name=kraken", stop, "strategy.ema_cross.long_only=false"]].concat());
    let (at, cause) = phase(Run::prepare(options(spot, folder.path()), None, &|_, _| {}));
    assert!(at == "venue" && cause.contains("no short positions"), "{cause}");
    let none = |_: &str| None;
    assert!(credentials(Venue::Kraken, "MINE", &none).unwrap().is_none());
}
