//! A run with real orders over the exchange in a box: what is held there and not chosen by the configuration,
//! be it listed or not, is protected and looked after.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

mod box_common;

use box_common::Exchange;
use seawall_live::{Mode, Run, RunOptions, StopSwitch};
use seawall_model::Span;

fn reasons(summary: &seawall_live::Summary) -> String {
    let report = seawall_live::replay(std::path::Path::new(&summary.folder), false, &mut |_| {}).unwrap();
    assert!(report.is_equal() && report.ended, "{report:?}");
    format!("{summary:?}")
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
    let options = || RunOptions {
        config: exchange.config(&[]),
        data_dir: folder.path().to_owned(),
        mode: Mode::Live,
        credentials: Some(exchange.credentials()),
        duration: Some(Span::from_secs(6)),
        once: false,
        database: None,
        pace: None,
    };
    for start in 1..=2 {
        let told = std::sync::Mutex::new(Vec::new());
        let progress = |phase: &'static str, text: &str| {
            told.lock().unwrap().push(format!("{phase}: {text}"));
        };
        let run = Run::prepare(options(), None, &progress).unwrap();
        let summary = run.run(&StopSwitch::new(), &progress).unwrap();
        let told = told.into_inner().unwrap();
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
