//! Every detector under the same demands: the contract of events.

use std::collections::BTreeSet;

use crate::contract::Contract;
use crate::{bars, common, rig};
use proptest::prelude::*;
use seawall_smc::{Bar, Event, ZoneLimits};

fn timed(bars: &[Bar]) -> Vec<(seawall_model::Ts, Bar)> {
    bars.iter().enumerate().map(|(index, bar)| (bars::open_time(index), *bar)).collect()
}

fn check(per_bar: &[Vec<Event>]) {
    let mut contract = Contract::default();
    for (index, events) in per_bar.iter().enumerate() {
        contract.check(index as u64, events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_event_keeps_the_contract(
        bars in common::walk(250),
        live in prop::sample::select(vec![1, 2, 5, 128]),
        age_bars_max in prop::sample::select(vec![None, Some(1), Some(12)]),
    ) {
        check(&rig::run(ZoneLimits { live, age_bars_max }, timed(&bars)));
    }
}

#[test]
fn every_detector_reports_something_and_keeps_the_contract_for_long() {
    let per_bar = rig::run(ZoneLimits::default(), timed(&bars::walk(3, 20_000)));
    check(&per_bar);
    let sources: BTreeSet<_> = per_bar.iter().flatten().map(|event| event.id.source().0).collect();
    assert_eq!(sources, (1..=rig::SOURCES).collect::<BTreeSet<u8>>());
}
