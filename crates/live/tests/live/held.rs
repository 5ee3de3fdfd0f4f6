//! A run with real orders over the exchange in a box: what is held there and not chosen by the configuration,
//! be it listed or not, is protected and looked after.

use std::time::{Duration, Instant};

use crate::box_common::Exchange;
use seawall_live::{LiveError, Mode, Run, RunOptions, StopSwitch};
use seawall_model::{Input, ListedKind, Span};
use seawall_store::journal::{Journal, Record};

fn reasons(summary: &seawall_live::Summary) -> String {
    let report = seawall_live::replay(std::path::Path::new(&summary.folder), false, &mut |_| {}).unwrap();
    assert!(report.is_equal() && report.ended, "{report:?}");
    format!("{summary:?}")
}

fn options(exchange: &Exchange, folder: &std::path::Path, seconds: i64, set: &[&str]) -> RunOptions {
    RunOptions {
        config: exchange.config(set),
        data_dir: folder.to_owned(),
        mode: Mode::Live,
        credentials: Some(exchange.credentials()),
        duration: Some(Span::from_secs(seconds)),
        once: false,
        database: None,
        pace: None,
        switch: StopSwitch::new(),
        notify: seawall_notify::Secrets::default(),
    }
}

/// What a start says, and how the run ended.
fn ran(options: RunOptions) -> (Vec<String>, seawall_live::Summary) {
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |phase: &'static str, text: &str| told.lock().unwrap().push(format!("{phase}: {text}"));
    let run = Run::prepare(options, None, &progress).unwrap();
    let summary = run.run(&progress).unwrap();
    (told.into_inner().unwrap(), summary)
}

/// Effect of `discovery.enabled`.
/// Effect of `discovery.cache_hours_max`.
#[test]
fn the_listing_says_what_is_traded_and_an_earlier_one_stands_in_for_a_venue_that_does_not_answer() {
    let exchange = Exchange::start(|setup| setup.world.instruments = 12);
    let folder = tempfile::tempdir().unwrap();
    let prepare = |set: &[&str]| {
        let told = std::sync::Mutex::new(Vec::new());
        let progress =
            |phase: &'static str, text: &str| told.lock().unwrap().push(format!("{phase}: {text}"));
        let run = Run::prepare(options(&exchange, folder.path(), 1, set), None, &progress);
        (run.map(|run| run.instruments()), told.into_inner().unwrap().join("; "))
    };
    let on = ["run.instruments=[]", "discovery.enabled=true"];
    let (run, told) = prepare(&on);
    assert_eq!(run.unwrap(), 12, "{told}");
    assert!(told.contains("12 found"), "{told}");
    let (run, _) = prepare(&[&on[..], &["discovery.instruments_max=7"]].concat());
    assert_eq!(run.unwrap(), 7);
    let (run, _) = prepare(&["discovery.enabled=true"]);
    assert!(run.unwrap_err().to_string().contains("only one of both"));
    let (run, _) = prepare(&["run.instruments=[]"]);
    assert!(run.unwrap_err().to_string().contains("run.instruments names none"));
    let spot = [&on[..], &["universe.require_spot=true"]].concat();
    assert!(prepare(&spot).0.unwrap_err().to_string().contains("discovery.spot_rest"));
    // The listing of a moment ago stands in, and one that is too old does not.
    let faults = r#"[{"fault":"error_html","target":"instruments"}]"#;
    exchange.json("POST", "/testnet/faults", faults);
    let (run, told) = prepare(&on);
    assert_eq!(run.unwrap(), 7, "{told}");
    assert!(told.contains("taken from the listing of"), "{told}");
    let kept = folder.path().join("run/live/universe.json");
    let text = std::fs::read_to_string(&kept).unwrap();
    let begin = text.find("taken_at_ms").unwrap() + "taken_at_ms\":".len();
    let digits: String = text[begin..].chars().take_while(char::is_ascii_digit).collect();
    let older = digits.parse::<i64>().unwrap() - 5 * 3_600_000;
    std::fs::write(&kept, text.replace(&digits, &older.to_string())).unwrap();
    let (run, _) = prepare(&[&on[..], &["discovery.cache_hours_max=4"]].concat());
    assert!(run.unwrap_err().to_string().contains("hours old, allowed are 4.0"));
}

/// Effect of `discovery.spot_rest`.
#[test]
fn perpetuals_without_a_spot_market_are_left_out_where_one_is_asked_for() {
    let exchange = Exchange::start(|setup| setup.world.instruments = 9);
    let spot = Exchange::start(|setup| {
        setup.world.venue = seawall_testnet::world::VenueKind::Kraken;
        setup.world.instruments = 4;
    });
    let folder = tempfile::tempdir().unwrap();
    let address = format!("discovery.spot_rest=http://{}", spot.address());
    let set = ["run.instruments=[]", "discovery.enabled=true", "universe.require_spot=true", &address];
    let (told, summary) = ran(options(&exchange, folder.path(), 3, &set));
    assert!(told.iter().any(|line| line.contains("4 found, 5 listed ones left out")), "{told:?}");
    reasons(&summary);
    // The engine goes by the same: without these rows it would enter nothing.
    let journal = std::path::Path::new(&summary.folder).join("journal");
    let listings = Journal::read(&journal).unwrap().filter_map(|entry| {
        let Record::Input(Input::Listing(report)) = entry.unwrap().record else { return None };
        Some(report)
    });
    let listing = listings.into_iter().next().unwrap();
    let kinds = |wanted| listing.rows.iter().filter(|row| row.kind == wanted).count();
    assert_eq!((kinds(ListedKind::LinearPerpetual), kinds(ListedKind::Spot)), (4, 4), "{listing:?}");
    let without = ["universe.require_spot=true", "universe.mode=on"];
    let refused = Run::prepare(options(&exchange, folder.path(), 1, &without), None, &|_, _| {});
    assert!(refused.err().unwrap().to_string().contains("discovery.spot_rest"), "named ones need it as well");
}

#[test]
fn a_configured_instrument_that_is_held_and_not_listed_any_more_is_no_reason_not_to_start() {
    let exchange = Exchange::start(|setup| {
        let held = "positions:\n  - { symbol: BTC, qty: '0.1', delisted: true }\n";
        setup.world.account = seawall_testnet::read_account("account", held).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let (told, summary) = ran(options(&exchange, folder.path(), 6, &[]));
    let said = |what: &str| told.iter().any(|line| line.contains(what));
    assert!(said("BTC/USD:USD is held and not chosen: delisted") && said("ready: "), "{told:?}");
    assert_eq!(summary.positions_open, 1);
    let state = exchange.state();
    assert_eq!(state["open_orders"][0]["symbol"], "PF_XBTUSD", "{state}");
    reasons(&summary);
}

/// Issue 5, acceptance 3: one on a delisted instrument, and one that the configuration does not name.
#[test]
fn a_position_on_a_delisted_and_one_on_an_unnamed_instrument_are_protected_and_the_start_goes_on() {
    let exchange = Exchange::start(|setup| {
        let held =
            "positions:\n  - { symbol: ETH, qty: '-0.5' }\n  - { symbol: SOL, qty: '3', delisted: true }\n";
        setup.world.account = seawall_testnet::read_account("account", held).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    for start in 1..=2 {
        let (told, summary) = ran(options(&exchange, folder.path(), 6, &[]));
        let said = |what: &str| told.iter().any(|line| line.contains(what));
        assert!(said("ETH/USD:USD is held and not chosen: looked_after"), "start {start}: {told:?}");
        assert!(
            said("SOL/USD:USD is held and not chosen: delisted") && said("ready: "),
            "start {start}: {told:?}"
        );
        assert_eq!((summary.positions_open, summary.entered), (2, 0), "{}", reasons(&summary));
        let state = exchange.state();
        let stops = state["open_orders"].as_array().unwrap();
        let stop = |symbol: &str| stops.iter().filter(|row| row["symbol"] == symbol).count();
        assert_eq!((stop("PF_ETHUSD"), stop("PF_SOLUSD"), stops.len()), (1, 1, 2), "start {start}: {state}");
        reasons(&summary);
    }
}

/// What filled while no process ran is asked for before anything is protected: twenty answers at the time-out
/// of a request would have been minutes.
#[test]
fn a_venue_that_does_not_tell_what_filled_keeps_nothing_from_being_protected() {
    let exchange = Exchange::start(|setup| {
        let held = "positions:\n  - { symbol: BTC, qty: '0.1' }\n";
        setup.world.account = seawall_testnet::read_account("account", held).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    ran(options(&exchange, folder.path(), 3, &[]));
    let stop = exchange.state()["open_orders"][0]["order_id"].clone();
    exchange.json("POST", "/testnet/cancel", &format!(r#"{{"order_id":{stop}}}"#));
    assert!(exchange.state()["open_orders"].as_array().unwrap().is_empty());
    exchange.json("POST", "/testnet/faults", r#"[{"fault":"silence","target":"/fills","delay_ms":90000}]"#);
    let begun = Instant::now();
    let patient = options(&exchange, folder.path(), 6, &["venue.request_timeout_ms=60000"]);
    let run = Run::prepare(patient, None, &|_, _| {}).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "it waited for the time-out");
    let summary = run.run(&|_, _| {}).unwrap();
    let state = exchange.state();
    assert_eq!(state["open_orders"][0]["qty"], "0.1", "{state}");
    assert_eq!((summary.positions_open, summary.violations.len()), (1, 0), "{}", reasons(&summary));
}

/// A start that asks in vain saw Ctrl-C only after its last question.
#[test]
fn a_start_that_waits_for_the_venue_ends_when_it_is_asked_to() {
    let exchange = Exchange::start(|_| ());
    exchange.json("POST", "/testnet/faults", r#"[{"fault":"error_html","target":"instruments"}]"#);
    let folder = tempfile::tempdir().unwrap();
    let options = options(&exchange, folder.path(), 1, &[]);
    let switch = options.switch.clone();
    let waits = move |phase: &'static str, _: &str| {
        if phase == "waiting" {
            switch.stop();
        }
    };
    let ended = Run::prepare(options, None, &waits);
    assert!(matches!(ended, Err(LiveError::Stopped)));
}

/// A start waited for its feeds before it compared anything, so what it found stayed without a stop.
#[test]
fn a_position_is_protected_although_no_stream_ever_comes() {
    let exchange = Exchange::start(|setup| {
        let held = "positions:\n  - { symbol: BTC, qty: '0.1' }\n";
        setup.world.account = seawall_testnet::read_account("account", held).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let nobody = [
        "venue.public_stream=ws://127.0.0.1:1",
        "venue.private_stream=ws://127.0.0.1:1",
        "run.feeds_timeout_s=1",
    ];
    let (told, summary) = ran(options(&exchange, folder.path(), 4, &nobody));
    let said = |what: &str| told.iter().any(|line| line.contains(what));
    assert!(said("feeds are missing after 1 s: the stream of the account") && !said("ready: "), "{told:?}");
    let state = exchange.state();
    let stop = &state["open_orders"][0];
    assert_eq!((&stop["symbol"], &stop["qty"]), (&"PF_XBTUSD".into(), &"0.1".into()), "{state}");
    assert_eq!((summary.positions_open, summary.violations.len()), (1, 0), "{}", reasons(&summary));
}
