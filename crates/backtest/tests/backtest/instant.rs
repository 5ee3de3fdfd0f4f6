//! Entries are judged at the end of their instant, and nothing of a run depends on the order of the
//! instruments, nor on what the judging costs in time.

use std::collections::VecDeque;

use seawall_backtest::{Market, Outcome, RunSettings, run_strategies};
use seawall_engine::risk::settings::ClusterSettings;
use seawall_model::{
    Candle, Decision, ExitReason, Gate, GuardMode, Instrument, Money, PriceUnits, Setup, StateSink,
    Timeframe, Trade, Ts,
};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Premise, Sizing, Strategy, View,
};

use crate::common::{market, outcome, settings};

const COINS: [&str; 4] = ["AAA/USDT", "BBB/USDT", "CCC/USDT", "DDD/USDT"];

/// A trade without the numbers that depend on the order of the instruments.
#[derive(Debug, PartialEq)]
struct Told {
    name: String,
    entry_at: Ts,
    decided_at: Ts,
    entry_value: Money,
    exits: Vec<(Ts, PriceUnits, ExitReason)>,
    pnl: Money,
}

fn told(names: &[&str], outcome: &Outcome) -> Vec<Told> {
    let one = |trade: &Trade| Told {
        name: names[trade.instrument.index()].to_owned(),
        entry_at: trade.entry_at,
        decided_at: trade.decided_at,
        entry_value: trade.entry_value,
        exits: trade.exits.iter().map(|exit| (exit.at, exit.price, exit.reason)).collect(),
        pnl: trade.pnl,
    };
    let mut told: Vec<Told> = outcome.trades.iter().map(one).collect();
    told.sort_by(|a, b| (&a.name, a.entry_at).cmp(&(&b.name, b.entry_at)));
    told
}

fn moved(names: &[&'static str], by: usize, seed: u64) -> (Vec<&'static str>, Market) {
    // The walk of a coin is its own, wherever it stands.
    let whole = market(names, seed, 1_500);
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.rotate_left(by);
    if by % 2 == 1 {
        order.reverse();
    }
    let series = order.iter().map(|index| whole.series()[*index].clone()).collect();
    (order.iter().map(|index| names[*index]).collect(), Market::new(series).unwrap())
}

fn scarce(which: usize, settings: &mut RunSettings) {
    settings.strategy.ema_cross.qty = "20".parse().unwrap();
    match which {
        0 => settings.risk.positions_max = 2,
        1 => settings.risk.leverage_max = "1.3".parse().unwrap(),
        2 => settings.risk.margin_use_max_pct = Some("13".parse().unwrap()),
        _ => {
            let instruments = COINS.map(|name| name.parse().unwrap()).to_vec();
            settings.risk.clusters = vec![ClusterSettings { name: "all".to_owned(), instruments }];
            settings.risk.cluster_notional_max = Some("1.1".parse().unwrap());
        }
    }
}

#[test]
fn the_order_of_the_instruments_changes_no_trade_of_a_run_with_too_little_room_for_all() {
    for seed in 1..5_u64 {
        for which in 0..4 {
            for latency_ms in [0, 100] {
                let mut settings = settings();
                settings.simulator.latency_ms = latency_ms;
                scarce(which, &mut settings);
                let run = |by: usize| {
                    let (names, market) = moved(&COINS, by, seed);
                    let outcome = outcome(&market, &settings);
                    assert!(
                        outcome.decisions.by_gate().any(|(gate, count)| {
                            count > 0
                                && matches!(
                                    gate,
                                    Gate::MaxPositions
                                        | Gate::Leverage
                                        | Gate::MarginUse
                                        | Gate::ClusterExposure
                                )
                        }) || which > 0
                    );
                    told(&names, &outcome)
                };
                let first = run(0);
                assert!(first.len() > 20, "{} trades prove little", first.len());
                for by in 1..4 {
                    let other = run(by);
                    let apart = first.iter().zip(&other).find(|(one, other)| one != other);
                    assert_eq!(apart, None, "seed {seed}, limits {which}, {latency_ms} ms, by {by}");
                    assert_eq!(first.len(), other.len());
                }
            }
        }
    }
}

/// Answers the candles of its queue in turn, then holds.
struct Script(VecDeque<Option<EntryPlan>>);

impl Strategy for Script {
    fn on_candle(&mut self, _: &View<'_>, _: &Candle, decision: &mut Decision) -> Evaluation {
        let plan = self.0.pop_front().flatten();
        decision.ask(Gate::Signal, plan.is_some(), 0.0, 0.0);
        plan.map_or(Evaluation::Hold, Evaluation::Enter)
    }

    fn plan_taken(&mut self, _: Ts) {}

    fn decides_every(&self) -> Timeframe {
        Timeframe::M5
    }

    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        Outlook { atr: None, bias: None, premise: Premise::Unknown }
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.0.len() as u64);
    }
}

/// Enters at market on candle number `candle`.
fn on(candle: usize, score: f64) -> Box<dyn Strategy> {
    let plan = EntryPlan {
        direction: Direction::Long,
        setup: Setup::EmaCross,
        score: Some(score),
        entry: Entry::Market,
        stop: Some(Level::Percent("40".parse().unwrap())),
        targets: arrayvec::ArrayVec::new(),
        swings: arrayvec::ArrayVec::new(),
        invalidation: None,
        reward_risk_min: "0".parse().unwrap(),
        sizing: Sizing::Fixed("1".parse().unwrap()),
    };
    Box::new(Script((0..=candle).map(|number| (number == candle).then(|| plan.clone())).collect()))
}

/// Whatever the latency, and though nothing was on its way to an idle instrument when its candle opened.
#[test]
fn what_is_decided_at_the_end_of_an_instant_fills_at_the_open_that_follows() {
    for latency_ms in [0, 100] {
        let mut settings = settings();
        settings.simulator.latency_ms = latency_ms;
        settings.simulator.slippage_bps = "0".parse().unwrap();
        settings.simulator.spread_bps = "0".parse().unwrap();
        let auction = &mut settings.trade.auction;
        auction.mode = GuardMode::On;
        auction.positions_max = 1;
        auction.min_hold_minutes = 0;
        let market = market(&["AAA/USDT", "BBB/USDT"], 3, 60);
        let strategies = vec![on(4, 50.0), on(20, 99.0)];
        let outcome = run_strategies(&market, &settings, strategies, &mut |_| {}).unwrap();
        let open = |instrument: usize, candle: usize| market.series()[instrument].candles[candle].open;
        let entered = |instrument: usize| {
            outcome.trades.iter().find(|trade| trade.instrument.index() == instrument).unwrap()
        };
        let price = |trade: &Trade| {
            trade.entry_value.get()
                / market.instruments()[trade.instrument.index()].qty(trade.entry_qty).get()
        };
        let first = entered(0);
        assert_eq!(price(first), market.instruments()[0].price(open(0, 5)).get(), "{latency_ms} ms");
        // The one that makes room closes at the open after the decision, too, and so enters the other.
        assert_eq!((first.exits[0].price, first.exits[0].reason), (open(0, 21), ExitReason::Auction));
        assert_eq!(price(entered(1)), market.instruments()[1].price(open(1, 21)).get());
        let late = first.exits[0].at.since(market.series()[0].candles[21].open_time);
        assert_eq!(late.millis(), i64::from(latency_ms));
    }
}
