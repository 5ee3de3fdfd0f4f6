//! Which instruments may be entered: listings, tiers, block lists, shrinking. Each scenario cites the
//! incident [I-n] or the defect [D-n] of the reference that it keeps from happening here.

use crate::common::bench::{BTC, Bench, row};
use crate::common::limits::{fixed, number, only};
use crate::common::listing::{perpetual, spot, universe_only};
use crate::common::script::plan;
use crate::common::smc::setup_plan;
use crate::common::{instrument, lossless, remote, setup};
use proptest::prelude::*;
use seawall_engine::risk::settings::SizingMethod;
use seawall_engine::universe::{Discovery, Tier, Universe, discover};
use seawall_engine::{EntryOrder, Setup, Standing, UniverseSettings};
use seawall_model::{
    AlertKind, ClientOrderId, ContractKind, Coverage, Gate, GuardMode, Input, Instrument, InstrumentId,
    InstrumentSpec, ListedKind, ListingRow, OrderKind, OrderRef, OrderRequest, OrderRole, OrderState,
    QtyUnits, Report, Setup as Seen, Side, Timeframe, VenueId, VenueOrder, VenueRequest,
};
use seawall_strategy::Direction;

const ENOUGH: f64 = 10_000_000.0;

fn bench(change: impl FnOnce(&mut Setup)) -> Bench {
    Bench::ready_with(remote(), |setup| {
        universe_only(setup);
        setup.risk = only(|_| ());
        change(setup);
    })
}

/// Whether one contract may be entered after `rows` were listed, and what refuses it.
fn refusal(change: impl FnOnce(&mut Setup), rows: Vec<ListingRow>) -> Option<Gate> {
    let mut bench = bench(change);
    bench.list(rows);
    bench.refusal(fixed("1", 200))
}

/// A set-up for one instrument of this name and kind.
fn only_instrument(setup: &mut Setup, name: &str, kind: ContractKind) {
    let mut spec = InstrumentSpec::new(name.parse().unwrap());
    spec.kind = kind;
    spec.lot = "0.001".parse().unwrap();
    if kind == ContractKind::Spot {
        spec.leverage_max = "1".parse().unwrap();
    }
    setup.instruments = vec![(Instrument::new(InstrumentId(0), spec, 2).unwrap(), Timeframe::M1)];
}

/// Effect of `universe.mode`.
#[test]
fn a_listing_decides_only_where_it_is_to() {
    let thin = || vec![perpetual("BTC/USD", 1_000.0, 1)];
    let asked = |mode: GuardMode| {
        let mut bench = bench(|setup| setup.market.universe.mode = mode);
        bench.list(thin());
        let refusal = bench.refusal(fixed("1", 200));
        (refusal, bench.reading(Gate::UniverseVolume))
    };
    let reading = Some((1_000.0, 250_000.0));
    assert_eq!(asked(GuardMode::On), (Some(Gate::UniverseVolume), reading));
    assert_eq!(asked(GuardMode::Shadow), (None, reading), "it says what it would do");
    assert_eq!(asked(GuardMode::Off), (None, None));
}

#[test]
fn before_the_first_listing_only_a_driver_without_listings_may_enter() {
    assert_eq!(bench(|_| ()).refusal(fixed("1", 200)), None);
    let mut following = bench(|setup| setup.has_quotes = true);
    assert_eq!(following.refusal(fixed("1", 200)), Some(Gate::Universe));
    assert_eq!(following.reading(Gate::Universe), Some((6.0, 0.0)));
}

/// Effect of `universe.perpetual_volume_24h_min`.
/// Effect of `universe.perpetual_spread_max_pct`.
#[test]
fn a_perpetual_needs_volume_and_a_narrow_spread() {
    let row = |volume, spread| vec![perpetual("BTC/USD", volume, spread)];
    assert_eq!(refusal(|_| (), row(250_000.0, 50)), None);
    assert_eq!(refusal(|_| (), row(249_999.0, 50)), Some(Gate::UniverseVolume));
    assert_eq!(refusal(|_| (), row(250_000.0, 51)), Some(Gate::UniverseSpread));
    let volume = |setup: &mut Setup| setup.market.universe.perpetual_volume_24h_min = Some(number("300000"));
    assert_eq!(refusal(volume, row(250_000.0, 50)), Some(Gate::UniverseVolume));
    let off = |setup: &mut Setup| {
        setup.market.universe.perpetual_volume_24h_min = None;
        setup.market.universe.perpetual_spread_max_pct = None;
    };
    assert_eq!(refusal(off, row(0.0, 900)), None);
    let spread = |setup: &mut Setup| setup.market.universe.perpetual_spread_max_pct = Some(number("0.4"));
    assert_eq!(refusal(spread, row(250_000.0, 50)), Some(Gate::UniverseSpread));
}

/// Effect of `universe.spot_volume_24h_min`.
/// Effect of `universe.spot_spread_max_pct`.
#[test]
fn a_spot_market_has_thresholds_of_its_own() {
    let asked = |volume: f64, spread: i64, change: fn(&mut UniverseSettings)| {
        let mut bench = bench(|setup| {
            only_instrument(setup, "BTC/USD", ContractKind::Spot);
            change(&mut setup.market.universe);
        });
        bench.list(vec![spot("BTC/USD", volume, spread)]);
        bench.refusal(fixed("1", 200))
    };
    assert_eq!(asked(1_000_000.0, 20, |_| ()), None);
    assert_eq!(asked(999_999.0, 20, |_| ()), Some(Gate::UniverseVolume));
    assert_eq!(asked(1_000_000.0, 21, |_| ()), Some(Gate::UniverseSpread));
    assert_eq!(asked(1_000.0, 20, |universe| universe.spot_volume_24h_min = Some(number("1000"))), None);
    assert_eq!(asked(ENOUGH, 90, |universe| universe.spot_spread_max_pct = Some(number("1"))), None);
}

#[test]
fn what_is_not_known_of_a_volume_refuses_and_an_unknown_spread_is_not_asked() {
    let unknown = |row: ListingRow| vec![row];
    let volume = ListingRow { volume_24h: None, ..perpetual("BTC/USD", 0.0, 1) };
    assert_eq!(refusal(|_| (), unknown(volume)), Some(Gate::UniverseVolume));
    let nothing = ListingRow { bid: None, ask: None, ..perpetual("BTC/USD", ENOUGH, 1) };
    assert_eq!(refusal(|_| (), unknown(nothing)), None);
    let one_side = ListingRow { bid: None, ..perpetual("BTC/USD", ENOUGH, 1) };
    assert_eq!(refusal(|_| (), unknown(one_side)), Some(Gate::UniverseSpread), "nobody bids");
    let crossed = ListingRow { ask: Some(number("99")), ..perpetual("BTC/USD", ENOUGH, 1) };
    assert_eq!(refusal(|_| (), unknown(crossed)), Some(Gate::UniverseSpread));
}

/// Effect of `universe.pinned_bases`.
#[test]
fn i_41_majors_are_pinned_and_no_misreported_number_excludes_them() {
    // [I-41]: majors were excluded by open interest and funding that the venue misreported. A row has
    // neither, and the numbers that it has are not asked of what is pinned.
    let broken = || vec![ListingRow { bid: None, ..perpetual("BTC/USD", 0.0, 1) }];
    assert_eq!(refusal(|_| (), broken()), Some(Gate::UniverseVolume));
    let defaults = |setup: &mut Setup| {
        setup.market.universe.pinned_bases = UniverseSettings::default().pinned_bases;
    };
    assert_eq!(refusal(defaults, broken()), None);
}

/// Effect of `universe.require_spot`.
#[test]
fn a_perpetual_may_need_a_spot_market_of_its_base() {
    let rows = || vec![perpetual("BTC/USD", ENOUGH, 1)];
    let with_spot = || vec![perpetual("BTC/USD", ENOUGH, 1), spot("kraken:BTC/USD", 5.0, 1)];
    let require = |setup: &mut Setup| setup.market.universe.require_spot = true;
    assert_eq!(refusal(|_| (), rows()), None);
    assert_eq!(refusal(require, rows()), Some(Gate::Universe));
    assert_eq!(refusal(require, with_spot()), None);
}

/// Effect of `universe.blocked_instruments`.
/// Effect of `universe.blocked_bases`.
#[test]
fn what_is_blocked_is_never_entered_whatever_the_mode() {
    for mode in [GuardMode::Off, GuardMode::Shadow, GuardMode::On] {
        let blocked = |change: fn(&mut UniverseSettings)| {
            let change = |setup: &mut Setup| {
                setup.market.universe.mode = mode;
                change(&mut setup.market.universe);
            };
            refusal(change, vec![perpetual("BTC/USD", ENOUGH, 1)])
        };
        assert_eq!(blocked(|_| ()), None);
        let gate = Some(Gate::Universe);
        assert_eq!(blocked(|universe| universe.blocked_instruments = vec![number("BTC/USD")]), gate);
        assert_eq!(blocked(|universe| universe.blocked_bases = vec![number("XBT")]), gate, "one coin");
        assert_eq!(blocked(|universe| universe.blocked_bases = vec![number("ETH")]), None);
    }
}

#[test]
fn i_79_money_is_excluded_in_the_universe_at_the_gate_and_at_the_start() {
    // [I-79]: orders on fiat and stable coins went through a leak of the universe.
    let mut setup = setup(1, lossless());
    setup.market.universe.mode = GuardMode::Off;
    setup.market.universe.pinned_bases = vec![number("USDT")];
    only_instrument(&mut setup, "USDT/USD", ContractKind::LinearPerpetual);
    let mut bench = Bench::with_setup(setup);
    // At the start: what rests from an earlier run is cancelled, what only reduces stays.
    let left = |sequence: u32, reduce_only: bool| {
        let id = ClientOrderId { run: 3, sequence };
        let order = OrderRef { instrument: BTC, id };
        let request = OrderRequest {
            order,
            role: OrderRole::Entry,
            side: Side::Buy,
            qty: QtyUnits::new(1_000),
            kind: OrderKind::Market,
            reduce_only,
        };
        row(&request, OrderState::Open, 0)
    };
    let foreign = VenueOrder { order: None, venue_order_id: VenueId::Number(77), ..left(3, false) };
    bench.open_orders(vec![left(1, false), left(2, true), foreign]);
    let cancel = |sequence| VenueRequest::Cancel { order: left(sequence, false).order.unwrap() };
    assert_eq!([1, 2, 3].map(|sequence| bench.asked(cancel(sequence))), [true, false, false]);
    assert!(bench.alerts.iter().any(|alert| alert.detail.contains("not ours: cancel it by hand")));
    bench.positions(0, 0);
    bench.balance(10_000);
    // At the gate, although no listing is asked.
    assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::Universe));
    assert_eq!(bench.reading(Gate::Universe), Some((1.0, 0.0)));
    // In the universe, although it is pinned.
    bench.list(vec![perpetual("USDT/USD", ENOUGH, 1), perpetual("EUR/USD", ENOUGH, 1)]);
    let universe = bench.engine.universe().unwrap();
    assert!(universe.members().iter().all(|member| member.standing == Standing::ExcludedBase));
}

#[test]
fn i_71_other_contracts_of_a_coin_lend_it_nothing() {
    // [I-71]: inverse and fixed-maturity contracts overwrote the quotes of the perpetual: spreads of 100 %.
    let other = |kind| ListingRow { kind, ..perpetual("BTC/USD", ENOUGH, 9_999) };
    let rows = vec![
        other(ListedKind::FixedMaturity),
        perpetual("BTC/USD", ENOUGH, 1),
        other(ListedKind::Inverse),
        other(ListedKind::Inverse),
    ];
    let mut bench = bench(|_| ());
    bench.list(rows);
    let universe = bench.engine.universe().unwrap();
    assert_eq!((universe.members().len(), universe.eligible()), (3, 1));
    let others = universe.members().iter().filter(|one| one.kind != ListedKind::LinearPerpetual);
    assert!(others.into_iter().all(|one| one.standing == Standing::OtherContract));
    assert_eq!(bench.engine.standing(BTC), Some(Standing::Eligible));
    assert_eq!(bench.refusal(fixed("1", 200)), None);
}

#[test]
fn an_instrument_that_is_listed_twice_or_not_at_all_is_not_entered() {
    let twice = vec![perpetual("BTC/USD", ENOUGH, 1), perpetual("BTC/USD", 1.0, 1)];
    assert_eq!(refusal(|_| (), twice), Some(Gate::Universe));
    assert_eq!(refusal(|_| (), vec![perpetual("ETH/USD", ENOUGH, 1)]), Some(Gate::Universe));
    assert_eq!(refusal(|_| (), vec![spot("BTC/USD", ENOUGH, 1)]), Some(Gate::Universe), "another kind");
}

fn many(count: u32) -> Vec<ListingRow> {
    (0..count).map(|number| perpetual(&format!("C{number}/USD"), ENOUGH, 1)).collect()
}

/// How many may be entered after these listings, under `change`.
fn eligible_after(listings: &[u32], change: fn(&mut UniverseSettings)) -> usize {
    let mut bench = bench(|setup| change(&mut setup.market.universe));
    for count in listings {
        bench.list(many(*count));
    }
    bench.engine.universe().unwrap().eligible()
}

/// Effect of `universe.shrink_guard_above`.
/// Effect of `universe.shrink_keep_min_pct`.
#[test]
fn i_82_a_listing_that_has_lost_too_much_is_compared_with_the_last_one_and_not_taken_over() {
    // [I-82]: a new listing was compared with the list in the file, and alarms never ended.
    let mut bench = bench(|_| ());
    // The first is taken as it is, however small beside what is configured.
    bench.list(many(2));
    bench.list(many(20));
    bench.list(many(10));
    assert!(!bench.alerted(AlertKind::UniverseShrink), "half is enough, and ten are not guarded");
    bench.list(many(4));
    assert!(!bench.alerted(AlertKind::UniverseShrink));
    assert_eq!(bench.engine.universe().unwrap().eligible(), 4);
    bench.list(many(11));
    bench.list(many(5));
    assert!(bench.alerted(AlertKind::UniverseShrink));
    assert_eq!(bench.engine.universe().unwrap().eligible(), 11);
    bench.list(many(6));
    assert_eq!(bench.engine.universe().unwrap().eligible(), 6);
    assert_eq!(eligible_after(&[11, 5], |universe| universe.shrink_guard_above = 11), 5);
    assert_eq!(eligible_after(&[20, 11], |_| ()), 11);
    assert_eq!(eligible_after(&[20, 11], |universe| universe.shrink_keep_min_pct = number("60")), 20);
}

#[test]
fn a_listing_that_failed_changes_nothing_and_is_told_once_an_hour() {
    let mut bench = bench(|_| ());
    bench.list(vec![perpetual("BTC/USD", ENOUGH, 1)]);
    let failures =
        |bench: &Bench| bench.alerts.iter().filter(|alert| alert.kind == AlertKind::ListingFailed).count();
    for (minutes, told) in [(0, 1), (30, 1), (29, 1), (1, 2)] {
        bench.pass_ms(minutes * 60_000);
        let report = Report { coverage: Coverage::Failed, taken_at: bench.now, rows: Vec::new() };
        bench.input(Input::Listing(report));
        assert_eq!(failures(&bench), told, "{minutes}");
    }
    assert_eq!(bench.engine.standing(BTC), Some(Standing::Eligible));
}

#[test]
fn what_is_new_is_told_and_the_first_universe_has_nothing_new() {
    let mut bench = bench(|_| ());
    bench.list(many(2));
    let told = |bench: &Bench| {
        let changed = |alert: &&seawall_model::Alert| alert.kind == AlertKind::UniverseChanged;
        bench.alerts.iter().filter(changed).map(|alert| alert.detail.clone()).collect::<Vec<_>>()
    };
    bench.list(many(2));
    bench.list(many(3));
    assert_eq!(told(&bench), ["2 of 2 listed may be entered", "3 of 3 listed may be entered; new: C2/USD"]);
    let new: Vec<bool> = bench.engine.universe().unwrap().members().iter().map(|one| one.is_new).collect();
    assert_eq!(new, [false, false, true]);
}

/// Effect of `universe.tiers.a_volume_24h_min`.
/// Effect of `universe.tiers.a_spread_max_pct`.
/// Effect of `universe.tiers.b_volume_24h_min`.
/// Effect of `universe.tiers.b_spread_max_pct`.
#[test]
fn tiers_go_by_volume_and_spread() {
    let tier = |volume: f64, spread: i64, change: fn(&mut UniverseSettings)| {
        let mut settings = UniverseSettings { pinned_bases: Vec::new(), ..UniverseSettings::default() };
        change(&mut settings);
        match discover(&settings, None, &[perpetual("BTC/USD", volume, spread)]) {
            Discovery::Taken(universe) => universe.members()[0].tier.unwrap(),
            Discovery::Kept { .. } => panic!("there was none before"),
        }
    };
    let five = 5_000_000.0;
    assert_eq!([tier(five, 9, |_| ()), tier(five, 11, |_| ())], [Tier::A, Tier::B]);
    assert_eq!([tier(five - 1.0, 9, |_| ()), tier(500_000.0, 24, |_| ())], [Tier::B, Tier::B]);
    assert_eq!([tier(499_999.0, 9, |_| ()), tier(500_000.0, 26, |_| ())], [Tier::C, Tier::C]);
    assert_eq!(tier(five, 9, |universe| universe.tiers.a_volume_24h_min = number("6000000")), Tier::B);
    assert_eq!(tier(five, 11, |universe| universe.tiers.a_spread_max_pct = number("0.12")), Tier::A);
    assert_eq!(tier(499_999.0, 9, |universe| universe.tiers.b_volume_24h_min = number("400000")), Tier::B);
    assert_eq!(tier(500_000.0, 26, |universe| universe.tiers.b_spread_max_pct = number("0.3")), Tier::B);
}

/// A volume of each tier.
const VOLUMES: [(Tier, f64); 3] = [(Tier::A, 6_000_000.0), (Tier::B, 600_000.0), (Tier::C, 300_000.0)];

/// Effect of `universe.tiers.a_notional_max`.
/// Effect of `universe.tiers.b_notional_max`.
/// Effect of `universe.tiers.c_notional_max`.
#[test]
fn a_tier_caps_the_notional_of_its_instruments() {
    let sized = |volume: f64, change: fn(&mut UniverseSettings)| {
        let mut bench = bench(|setup| {
            setup.market.universe.tiers.a_notional_max = number("900");
            setup.market.universe.tiers.b_notional_max = number("600");
            setup.market.universe.tiers.c_notional_max = number("300");
            change(&mut setup.market.universe);
        });
        bench.list(vec![perpetual("BTC/USD", volume, 1)]);
        let qty = bench.want(fixed("20", 200)).qty.get();
        (qty, bench.reading(Gate::TierNotional).unwrap())
    };
    let [a, b, c] = VOLUMES.map(|(_, volume)| volume);
    assert_eq!(sized(a, |_| ()), (9_000, (2_000.0, 900.0)));
    assert_eq!(sized(b, |_| ()), (6_000, (2_000.0, 600.0)));
    assert_eq!(sized(c, |_| ()), (3_000, (2_000.0, 300.0)));
    assert_eq!(sized(a, |universe| universe.tiers.a_notional_max = number("800")).0, 8_000);
    assert_eq!(sized(b, |universe| universe.tiers.b_notional_max = number("500")).0, 5_000);
    assert_eq!(sized(c, |universe| universe.tiers.c_notional_max = number("200")).0, 2_000);
    assert_eq!(sized(c, |universe| universe.mode = GuardMode::On).0, 3_000);
}

/// Effect of `universe.tiers.a_leverage_max`.
/// Effect of `universe.tiers.b_leverage_max`.
/// Effect of `universe.tiers.c_leverage_max`.
#[test]
fn a_tier_caps_the_leverage_of_its_instruments() {
    // A quarter of 10 000 as margin: so many times that as notional, at 100 each.
    let sized = |volume: f64, change: fn(&mut UniverseSettings)| {
        let mut bench = bench(|setup| {
            setup.risk.position_margin_max_pct = Some(number("25"));
            setup.risk.leverage_max = number("100");
            change(&mut setup.market.universe);
        });
        bench.list(vec![perpetual("BTC/USD", volume, 1)]);
        bench.want(fixed("300", 1)).qty.get() / 1_000
    };
    let [a, b, c] = VOLUMES.map(|(_, volume)| volume);
    assert_eq!([sized(a, |_| ()), sized(b, |_| ()), sized(c, |_| ())], [250, 125, 75]);
    assert_eq!(sized(a, |universe| universe.tiers.a_leverage_max = number("8")), 200);
    assert_eq!(sized(b, |universe| universe.tiers.b_leverage_max = number("6")), 150);
    assert_eq!(sized(c, |universe| universe.tiers.c_leverage_max = number("2")), 50);
}

/// Effect of `universe.tiers.a_slippage_max_pct`.
/// Effect of `universe.tiers.b_slippage_max_pct`.
/// Effect of `universe.tiers.c_slippage_max_pct`.
#[test]
fn a_tier_caps_how_far_an_entry_may_slip() {
    let limit = |volume: f64, change: fn(&mut UniverseSettings)| {
        let mut bench = bench(|setup| {
            setup.trade.execution.entry_order = EntryOrder::LimitIoc;
            setup.trade.execution.slippage_tolerance_pct = number("1");
            change(&mut setup.market.universe);
        });
        bench.list(vec![perpetual("BTC/USD", volume, 1)]);
        let mut plan = setup_plan(Seen::OrderBlock);
        plan.reward_risk_min = number("0");
        bench.want(plan).kind.limit().unwrap().get()
    };
    let [a, b, c] = VOLUMES.map(|(_, volume)| volume);
    assert_eq!([limit(a, |_| ()), limit(b, |_| ()), limit(c, |_| ())], [10_010, 10_020, 10_030]);
    assert_eq!(limit(a, |universe| universe.tiers.a_slippage_max_pct = number("0.05")), 10_005);
    assert_eq!(limit(b, |universe| universe.tiers.b_slippage_max_pct = number("0.5")), 10_050);
    assert_eq!(
        limit(c, |universe| universe.tiers.c_slippage_max_pct = number("2")),
        10_100,
        "the entry's own"
    );
    assert_eq!(limit(c, |universe| universe.mode = GuardMode::Shadow), 10_100);
}

#[test]
fn d_39_the_leverage_asked_for_is_the_next_one_below() {
    // [D-39]: where the exact leverage was missing the next one above was set.
    let sized = |target: &str, leverages: &[&str], tier: Option<&str>| {
        let mut bench = bench(|setup| {
            let mut spec = instrument(0).spec().clone();
            spec.leverages = leverages.iter().map(|one| number(one)).collect();
            setup.instruments = vec![(Instrument::new(InstrumentId(0), spec, 2).unwrap(), Timeframe::M1)];
            setup.risk.sizing = SizingMethod::Leverage;
            setup.risk.target_leverage = number(target);
            setup.risk.leverage_max = number("10");
            if let Some(most) = tier {
                setup.market.universe.tiers.a_leverage_max = number("8");
                setup.market.universe.tiers.c_leverage_max = number(most);
            }
        });
        bench.list(vec![perpetual("BTC/USD", if tier.is_some() { 300_000.0 } else { ENOUGH }, 1)]);
        // One percent of 10 000 at so much leverage, 100 each.
        let refusal = bench.refusal(crate::common::limits::by_risk(200));
        let placed = bench.placements().first().map(|order| order.qty.get() / 1_000);
        (placed, refusal)
    };
    assert_eq!(sized("7", &["2", "5", "10"], None), (Some(5), None));
    assert_eq!(sized("7", &[], None), (Some(7), None));
    assert_eq!(sized("7", &["2", "5", "10"], Some("3")), (Some(2), None), "its tier allows 3");
    assert_eq!(sized("1", &["2", "5", "10"], None), (None, Some(Gate::LeverageSet)), "not even the lowest");
}

#[test]
fn d_40_leverages_that_contradict_each_other_do_not_start() {
    // [D-40]: two tables of tier leverage, one of which silently won.
    let message = |change: fn(&mut Setup)| {
        let mut setup = setup(1, remote());
        universe_only(&mut setup);
        change(&mut setup);
        setup.market.check(&setup.risk).unwrap_err().to_string()
    };
    let text = message(|setup| setup.market.universe.tiers.b_leverage_max = number("12"));
    assert!(
        text.starts_with("universe.tiers.b_leverage_max is 12: it must not exceed universe.tiers.a_leverage_max: 12 is above 10"),
        "{text}"
    );
    let text = message(|setup| {
        setup.risk.sizing = SizingMethod::Leverage;
        setup.risk.target_leverage = number("11");
    });
    assert!(text.contains("11 is above universe.tiers.a_leverage_max, 10"), "{text}");
}

#[test]
fn d_14_a_position_outside_the_universe_is_managed_and_what_rests_to_enter_is_cancelled() {
    // [D-14]: managing a position sat behind the mapping by the listing.
    let listed = |bench: &mut Bench, rows: Vec<ListingRow>| bench.list(rows);
    let mut resting = bench(|_| ());
    listed(&mut resting, vec![perpetual("BTC/USD", ENOUGH, 1)]);
    let entry = resting.want(setup_plan(Seen::OrderBlock));
    resting.accept(&entry);
    listed(&mut resting, Vec::new());
    assert!(resting.asked(VenueRequest::Cancel { order: entry.order }));
    let mut held = bench(|_| ());
    listed(&mut held, vec![perpetual("BTC/USD", ENOUGH, 1)]);
    let stop = held.protected(setup_plan(Seen::OrderBlock));
    held.requests.clear();
    listed(&mut held, Vec::new());
    assert_eq!(held.engine.standing(BTC), Some(Standing::NotListed));
    let atr = Some(1.0);
    held.script.sees(seawall_strategy::Outlook { atr, ..crate::common::script::KNOWS_NOTHING });
    held.candle(10_100);
    assert_eq!(held.amend_all(), [(stop.order, 1_000, 9_950)], "the stop follows");
    held.cancelled(&stop, seawall_model::CancelReason::Venue);
    assert_eq!(held.placed(OrderRole::Stop).qty, stop.qty, "a lost stop is placed again");
}

fn any_row() -> impl Strategy<Value = ListingRow> {
    let kind = prop_oneof![
        4 => Just(ListedKind::LinearPerpetual),
        2 => Just(ListedKind::Spot),
        1 => Just(ListedKind::Inverse),
        1 => Just(ListedKind::FixedMaturity),
    ];
    let base = prop::sample::select(vec!["BTC", "ETH", "XRP", "ADA", "USDT", "EUR", "LTC"]);
    let volume = prop::option::of(0.0..10_000_000.0);
    (base, kind, volume, 0_i64..100).prop_map(|(base, kind, volume_24h, spread)| ListingRow {
        kind,
        volume_24h,
        ..perpetual(&format!("{base}/USD"), 0.0, spread)
    })
}

fn taken(discovery: Discovery) -> Option<Universe> {
    match discovery {
        Discovery::Taken(universe) => Some(universe),
        Discovery::Kept { .. } => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_of_the_rows_changes_nothing(
        (rows, shuffled) in prop::collection::vec(any_row(), 0..30)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        before in prop::collection::vec(any_row(), 0..30),
    ) {
        let settings = UniverseSettings { shrink_guard_above: 2, ..UniverseSettings::default() };
        let before = taken(discover(&settings, None, &before));
        let one = discover(&settings, before.as_ref(), &rows);
        let other = discover(&settings, before.as_ref(), &shuffled);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_guarded_universe_never_falls_below_its_share_in_one_step(
        sizes in prop::collection::vec(0_u32..40, 1..20),
    ) {
        let settings = UniverseSettings::default();
        let mut universe: Option<Universe> = None;
        for size in sizes {
            let before = universe.as_ref().map_or(0, Universe::eligible);
            let next = taken(discover(&settings, universe.as_ref(), &many(size)));
            universe = next.or(universe);
            let now = universe.as_ref().map_or(0, Universe::eligible);
            prop_assert!(before <= 10 || now * 2 >= before, "{} after {}", now, before);
        }
    }
}
