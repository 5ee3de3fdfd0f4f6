//! Two exponential moving averages crossing: the documented example.
//!
//! Both averages start at the first close, `ema = alpha * close + (1 - alpha) * ema` with `alpha = 2 / (n +
//! 1)`. Crossings are looked at from the bar with index `slow` on. A cross up enters long, a cross down
//! exits or, with `long_only` off, enters short; the engine executes both at the next bar's open.
//! Invariant: the signals are those of a plain loop over the closes, bit for bit.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Decision, ExitReason, Gate, Instrument, Percent, PositionSide, Qty, Ratio, Setup, StateSink,
    Timeframe, Ts,
};
use seawall_smc::Aggregator;
use serde::{Deserialize, Serialize};

use crate::settings::StrategyError;
use crate::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Premise, Sizing, Strategy, TARGETS_MAX,
    Target, View,
};

/// How an `ema_cross` position is sized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmaCrossSizing {
    /// Always `qty` contracts.
    #[default]
    FixedQty,
    /// By the distance to the stop; needs `stop_pct`.
    Risk,
}

/// The `strategy.ema_cross` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmaCrossSettings {
    /// Bars of the fast average.
    pub fast: u32,
    /// Bars of the slow average; also the index of the first bar that is looked at.
    pub slow: u32,
    /// Whether a cross down only closes. When off it enters short.
    pub long_only: bool,
    /// Stop, in percent of the average entry price.
    pub stop_pct: Option<Percent>,
    /// Take-profit of the whole position, in percent of the average entry price.
    pub target_pct: Option<Percent>,
    /// Contracts per entry with `sizing: fixed_qty`.
    pub qty: Qty,
    /// How a position is sized.
    pub sizing: EmaCrossSizing,
    /// Timeframe whose closes are averaged, built from the candles given; absent: the candles' own.
    pub timeframe: Option<Timeframe>,
}

impl Default for EmaCrossSettings {
    fn default() -> Self {
        EmaCrossSettings {
            fast: 20,
            slow: 50,
            long_only: true,
            stop_pct: None,
            target_pct: None,
            qty: Qty::new(Decimal::ONE),
            sizing: EmaCrossSizing::FixedQty,
            timeframe: None,
        }
    }
}

impl EmaCrossSettings {
    /// Checks each setting and their relations.
    ///
    /// # Errors
    /// The first broken rule, with its key, value and fix.
    pub fn check(&self) -> Result<(), StrategyError> {
        if self.fast < 1 {
            return Err(broken(
                "strategy.ema_cross.fast",
                &self.fast,
                "an average has at least one bar; set 1 or more",
            ));
        }
        if self.slow <= self.fast {
            return Err(StrategyError::Setting {
                key: "strategy.ema_cross.slow",
                value: self.slow.to_string(),
                rule: format!("it must be above strategy.ema_cross.fast ({}); raise it", self.fast),
            });
        }
        for (key, percent) in [
            ("strategy.ema_cross.stop_pct", self.stop_pct),
            ("strategy.ema_cross.target_pct", self.target_pct),
        ] {
            if let Some(percent) = percent
                && !(percent.get() > Decimal::ZERO && percent.get() < Decimal::ONE_HUNDRED)
            {
                return Err(broken(
                    key,
                    &percent,
                    "it must lie between 0 and 100 percent, both excluded; leave it out for none",
                ));
            }
        }
        if self.qty.get() <= Decimal::ZERO {
            return Err(broken(
                "strategy.ema_cross.qty",
                &self.qty,
                "an entry needs a quantity above zero; set the contracts per entry",
            ));
        }
        if self.sizing == EmaCrossSizing::Risk && self.stop_pct.is_none() {
            return Err(broken(
                "strategy.ema_cross.sizing",
                &"risk",
                "sizing by risk measures the distance to the stop; set strategy.ema_cross.stop_pct or use fixed_qty",
            ));
        }
        Ok(())
    }
}

fn broken(key: &'static str, value: &dyn ToString, rule: &str) -> StrategyError {
    StrategyError::Setting { key, value: value.to_string(), rule: rule.to_owned() }
}

/// The strategy's state on one instrument.
#[derive(Debug, Clone)]
pub struct EmaCross {
    alpha_fast: f64,
    keep_fast: f64,
    alpha_slow: f64,
    keep_slow: f64,
    price_divisor: f64,
    /// Index of the first bar that is looked at.
    first: u64,
    fast: f64,
    slow: f64,
    /// Bars averaged so far.
    seen: u64,
    coarser: Option<Aggregator>,
    /// Timeframe of the bars that are averaged.
    period: Timeframe,
    long_only: bool,
    stop: Option<Level>,
    targets: ArrayVec<Target, TARGETS_MAX>,
    sizing: Sizing,
}

impl EmaCross {
    /// The strategy for `instrument`, fed with candles of `base`.
    ///
    /// # Errors
    /// A broken rule, also where `timeframe` cannot be built from `base`.
    pub fn new(
        settings: &EmaCrossSettings,
        instrument: &Instrument,
        base: Timeframe,
    ) -> Result<Self, StrategyError> {
        settings.check()?;
        let coarser = match settings.timeframe {
            None => None,
            Some(timeframe) if timeframe == base => None,
            Some(timeframe) if timeframe.is_multiple_of(base) => Some(Aggregator::new(timeframe)),
            Some(timeframe) => {
                return Err(StrategyError::Setting {
                    key: "strategy.ema_cross.timeframe",
                    value: timeframe.to_string(),
                    rule: format!("it must be a whole multiple of the candles' {base}; choose a coarser one"),
                });
            }
        };
        let (alpha_fast, alpha_slow) = (alpha(settings.fast), alpha(settings.slow));
        let mut targets = ArrayVec::new();
        if let Some(percent) = settings.target_pct {
            targets
                .push(Target { level: Level::Percent(percent), share: Percent::new(Decimal::ONE_HUNDRED) });
        }
        Ok(EmaCross {
            alpha_fast,
            keep_fast: 1.0 - alpha_fast,
            alpha_slow,
            keep_slow: 1.0 - alpha_slow,
            price_divisor: instrument.price_divisor(),
            first: u64::from(settings.slow),
            fast: 0.0,
            slow: 0.0,
            seen: 0,
            coarser,
            period: settings.timeframe.unwrap_or(base),
            long_only: settings.long_only,
            stop: settings.stop_pct.map(Level::Percent),
            targets,
            sizing: match settings.sizing {
                EmaCrossSizing::FixedQty => Sizing::Fixed(settings.qty),
                EmaCrossSizing::Risk => Sizing::Risk,
            },
        })
    }

    #[inline]
    fn average(&mut self, price: f64) {
        if self.seen == 0 {
            self.fast = price;
            self.slow = price;
        } else {
            self.fast = self.alpha_fast * price + self.keep_fast * self.fast;
            self.slow = self.alpha_slow * price + self.keep_slow * self.slow;
        }
        self.seen += 1;
    }

    /// The answer to the bars that have just been averaged; `before` is the distance before the first one.
    #[inline]
    fn decide(&self, view: &View<'_>, before: f64, price: f64, decision: &mut Decision) -> Evaluation {
        if self.seen <= self.first {
            decision.ask(Gate::WarmUp, false, self.seen as f64, (self.first + 1) as f64);
            return Evaluation::Hold;
        }
        let distance = self.fast - self.slow;
        let up = before <= 0.0 && distance > 0.0;
        let down = before >= 0.0 && distance < 0.0;
        let enters = up || (down && !self.long_only);
        decision.ask(Gate::Signal, enters, distance / price * 100.0, 0.0);
        if enters {
            let direction = if up { Direction::Long } else { Direction::Short };
            decision.setup = Some(Setup::EmaCross);
            return Evaluation::Enter(self.plan(direction));
        }
        if down && view.position == PositionSide::Long {
            return Evaluation::Exit(ExitReason::Signal);
        }
        Evaluation::Hold
    }

    #[cold]
    fn plan(&self, direction: Direction) -> EntryPlan {
        EntryPlan {
            direction,
            setup: Setup::EmaCross,
            score: None,
            entry: Entry::Market,
            stop: self.stop,
            targets: self.targets.clone(),
            swings: ArrayVec::new(),
            invalidation: None,
            reward_risk_min: Ratio::new(Decimal::ZERO),
            sizing: self.sizing,
        }
    }
}

/// The weight of the newest close in an average of `bars`.
fn alpha(bars: u32) -> f64 {
    2.0 / (f64::from(bars) + 1.0)
}

impl Strategy for EmaCross {
    #[inline]
    fn on_candle(&mut self, view: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        let before = self.fast - self.slow;
        let Some(coarser) = &mut self.coarser else {
            let price = candle.close.get() as f64 / self.price_divisor;
            self.average(price);
            return self.decide(view, before, price, decision);
        };
        let Ok(closed_now) = coarser.update(candle) else {
            decision.ask(Gate::DataQuality, false, 1.0, 0.0);
            return Evaluation::Hold;
        };
        // A hole can close two coarser candles at one instant: both are averaged, one answer is given.
        let mut price = None;
        for closed in closed_now {
            let close = closed.close.get() as f64 / self.price_divisor;
            self.average(close);
            price = Some(close);
        }
        price.map_or(Evaluation::NotDue, |price| self.decide(view, before, price, decision))
    }

    /// A crossing is over once it was answered: nothing to remember.
    fn plan_taken(&mut self, _: Ts) {}

    /// Nothing: the averages are the signal itself, and their crossing is answered in
    /// [`Strategy::on_candle`].
    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        Outlook { atr: None, bias: None, premise: Premise::Unknown }
    }

    fn decides_every(&self) -> Timeframe {
        self.period
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.seen);
        sink.float(self.fast);
        sink.float(self.slow);
        if let Some(forming) = self.coarser.as_ref().and_then(Aggregator::forming) {
            sink.signed(forming.open_time.nanos());
            sink.signed(forming.close.get());
        }
    }
}
