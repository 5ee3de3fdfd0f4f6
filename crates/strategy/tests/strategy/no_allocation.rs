//! Nothing allocates per candle once a strategy is warm and its caller keeps the decision record.

#![cfg(test)]

use crate::common::easy::settings;
use crate::common::{NOTHING, instrument, market};
use seawall_model::{Candle, Decision, Timeframe};
use seawall_strategy::{Evaluation, Strategy, View};
use serde_json::json;

const WARM_UP: usize = 20 * 96;

#[test]
fn decisions_that_enter_and_decisions_that_refuse_allocate_nothing_once_warm() {
    let instrument = instrument(2);
    let everything = json!({
        "ms_change": "on", "skip_reconfirmation_in_trends": false, "rsi_divergence": "shadow",
        "higher_tf_mode": "soft", "thesis": { "mode": "on" },
    });
    for change in [json!({}), everything] {
        let (mut entered, mut due) = (0, 0);
        for seed in 1..6 {
            let candles = market(seed, Timeframe::M15, 40 * 96, true);
            let mut strategy = settings(&[&change]).build(&instrument, Timeframe::M15).unwrap();
            let mut decision = Decision::empty();
            let mut step = |strategy: &mut dyn Strategy, candle: &Candle| {
                decision.reset(instrument.id(), candle.known_at, candle.close);
                let view = View {
                    instrument: &instrument,
                    position: NOTHING.position,
                    cost_bps: 12.0,
                    funding: NOTHING.funding,
                    entry_waits: true,
                    stop_outs: &[],
                };
                match strategy.on_candle(&view, candle, &mut decision) {
                    Evaluation::Enter(_) => {
                        strategy.plan_taken(candle.known_at);
                        entered += 1;
                        due += 1;
                    }
                    Evaluation::Hold | Evaluation::Exit(_) => due += 1,
                    Evaluation::NotDue => {}
                }
            };
            let (warm_up, measured) = candles.split_at(WARM_UP);
            warm_up.iter().for_each(|candle| step(strategy.as_mut(), candle));
            let used = allocation_counter::measure(|| {
                measured.iter().for_each(|candle| step(strategy.as_mut(), candle));
            });
            // A record that was never as long grows once.
            assert!(used.count_total <= 2, "{used:?}");
        }
        assert!(entered > 10 && due > 2_000, "{entered} {due}");
    }
}
