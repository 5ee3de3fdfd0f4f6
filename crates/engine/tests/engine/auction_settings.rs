//! An auction whose settings contradict themselves or the limits of the account does not start, and the
//! message shows the arithmetic (spec 4.9).

use crate::common::{remote, setup};
use seawall_engine::risk::settings::SizingMethod;
use seawall_engine::{Engine, EngineError, Setup};
use seawall_model::GuardMode;

fn problem(change: impl FnOnce(&mut Setup)) -> Option<(&'static str, String)> {
    let mut setup = setup(1, remote());
    setup.trade.auction.mode = GuardMode::On;
    change(&mut setup);
    match Engine::new(setup) {
        Ok(_) => None,
        Err(EngineError::Setting { key, rule, .. }) => Some((key, rule)),
        Err(other) => panic!("{other}"),
    }
}

fn set<T: std::str::FromStr>(value: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    value.parse().unwrap()
}

#[test]
fn the_defaults_are_consistent_also_where_the_auction_acts() {
    assert_eq!(problem(|_| ()), None);
}

#[test]
fn an_auction_that_acts_keeps_below_what_halts_the_system() {
    type Change = fn(&mut Setup);
    let cases: [(Change, &str, &str); 7] = [
        (
            |setup| setup.trade.auction.margin_use_max_pct = set("92"),
            "auction.margin_use_max_pct",
            "it must be below risk.states.margin_use_reduce_only_pct: 92 is not below 92",
        ),
        (
            |setup| setup.risk.states.margin_use_protect_only_pct = Some(set("93")),
            "auction.margin_use_max_pct",
            "it must be below risk.states.margin_use_protect_only_pct: 94 is not below 93",
        ),
        (
            |setup| setup.trade.auction.margin_use_max_pct = set("84"),
            "auction.margin_use_max_pct",
            "it must not be below risk.states.margin_use_cautious_pct: 84 is below 85",
        ),
        (
            |setup| setup.risk.positions_max = 20,
            "auction.positions_max",
            "it must not be above risk.positions_max: 25 is above 20",
        ),
        (
            |setup| setup.trade.auction.margin_use_target_pct = Some(set("91")),
            "auction.margin_use_target_pct",
            "it must not be above auction.margin_use_max_pct: 91 is above 90",
        ),
        (
            |setup| {
                setup.risk.sizing = SizingMethod::Leverage;
                setup.risk.risk_per_trade_pct = set("3");
                setup.risk.target_leverage = set("7");
                setup.risk.instrument_notional_max = Some(set("0.35"));
                setup.trade.auction.margin_use_target_pct = Some(set("70"));
            },
            "auction.boost_factor_max",
            "3 % of equity times 7 times 2 are 0.42 times equity, more than risk.instrument_notional_max \
             (0.35); lower one or raise the other",
        ),
        (|setup| setup.trade.auction.collect_ms = 30_001, "auction.collect_ms", "allowed are 0 to 30000"),
    ];
    for (change, key, rule) in cases {
        let found = problem(|setup| {
            change(setup);
            if setup.risk.states.margin_use_protect_only_pct.is_some() {
                setup.risk.states.margin_use_reduce_only_pct = None;
                setup.trade.auction.margin_use_max_pct = set("94");
            }
        });
        assert_eq!(found, Some((key, rule.to_owned())));
    }
}

#[test]
fn an_auction_that_does_not_act_contradicts_nobody() {
    for mode in [GuardMode::Off, GuardMode::Shadow] {
        let found = problem(|setup| {
            setup.trade.auction.mode = mode;
            setup.risk.positions_max = 3;
        });
        assert_eq!(found, None);
    }
}
