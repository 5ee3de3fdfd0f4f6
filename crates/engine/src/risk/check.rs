//! Ranges of the `risk` section, and what contradicts itself across its keys.
//!
//! A configuration that could not trade, or whose halts would come before the gates that are to keep away
//! from them, does not start. Messages name the keys and show the arithmetic.

use rust_decimal::Decimal;
use seawall_model::{InstrumentName, Percent, Ratio};

use super::settings::{
    CooldownSettings, FeeEdgeSettings, LossStreakSettings, RiskSettings, ShockSettings, SizingMethod,
    StateSettings,
};
use crate::error::EngineError;

/// Longest pause in minutes: a week.
const PAUSE_MINUTES_MAX: u32 = 10_080;

fn broken(key: &'static str, value: &dyn ToString, rule: String) -> EngineError {
    EngineError::Setting { key, value: value.to_string(), rule }
}

/// What a number may be.
#[derive(Clone, Copy)]
struct Range {
    least: Decimal,
    /// Whether `least` itself is allowed.
    included: bool,
    most: Decimal,
}

fn above(least: i64, most: i64) -> Range {
    Range { least: Decimal::from(least), included: false, most: Decimal::from(most) }
}

fn from(least: i64, most: i64) -> Range {
    Range { included: true, ..above(least, most) }
}

fn within(key: &'static str, value: Decimal, range: Range) -> Result<(), EngineError> {
    let Range { least, included, most } = range;
    let enough = if included { value >= least } else { value > least };
    if enough && value <= most {
        return Ok(());
    }
    let rule = if included {
        format!("allowed are {least} to {most}")
    } else {
        format!("allowed is more than {least} up to {most}")
    };
    Err(broken(key, &value.normalize(), rule))
}

fn whole(key: &'static str, value: u32, least: u32, most: u32) -> Result<(), EngineError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(broken(key, &value, format!("allowed are {least} to {most}")))
}

impl RiskSettings {
    /// Checks the ranges, then what contradicts itself.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        self.check_numbers()?;
        self.check_optional()?;
        self.loss_streak.check()?;
        self.cooldown.check()?;
        self.fee_edge.check()?;
        self.shock.check()?;
        self.check_clusters()?;
        self.check_sizing()?;
        self.check_losses()?;
        self.check_halts()
    }

    fn check_numbers(&self) -> Result<(), EngineError> {
        let numbers = [
            ("risk.risk_per_trade_pct", self.risk_per_trade_pct.get(), above(0, 5)),
            ("risk.target_leverage", self.target_leverage.get(), above(0, 125)),
            ("risk.kelly_win_pct", self.kelly_win_pct.get(), from(10, 90)),
            ("risk.kelly_payoff", self.kelly_payoff.get(), above(0, 100)),
            ("risk.kelly_fraction_max_pct", self.kelly_fraction_max_pct.get(), from(1, 100)),
            ("risk.volatility_high_ratio", self.volatility_high_ratio.get(), from(1, 10)),
            ("risk.volatility_low_ratio", self.volatility_low_ratio.get(), above(0, 1)),
            ("risk.volatility_high_cut_pct", self.volatility_high_cut_pct.get(), from(0, 95)),
            ("risk.volatility_low_boost_pct", self.volatility_low_boost_pct.get(), from(0, 100)),
            ("risk.leverage_max", self.leverage_max.get(), above(0, 125)),
            ("risk.positions_max", Decimal::from(self.positions_max), above(0, 1_000)),
            ("risk.liquidation_buffer_pct", self.liquidation_buffer_pct.get(), from(0, 50)),
        ];
        numbers.into_iter().try_for_each(|(key, value, range)| within(key, value, range))
    }

    fn check_optional(&self) -> Result<(), EngineError> {
        let percent = |value: Option<Percent>| value.map(Percent::get);
        let ratio = |value: Option<Ratio>| value.map(Ratio::get);
        let optional = [
            ("risk.trade_loss_max", self.trade_loss_max.map(|money| money.get()), above(0, 1_000_000_000)),
            ("risk.trade_loss_max_pct", percent(self.trade_loss_max_pct), above(0, 10)),
            ("risk.instrument_notional_max", ratio(self.instrument_notional_max), above(0, 125)),
            ("risk.position_margin_max_pct", percent(self.position_margin_max_pct), above(0, 100)),
            ("risk.cluster_notional_max", ratio(self.cluster_notional_max), above(0, 125)),
            ("risk.margin_use_max_pct", percent(self.margin_use_max_pct), above(0, 100)),
            ("risk.daily_loss_max_pct", percent(self.daily_loss_max_pct), above(0, 50)),
            ("risk.weekly_loss_max_pct", percent(self.weekly_loss_max_pct), above(0, 75)),
        ];
        for (key, value, range) in optional {
            value.map_or(Ok(()), |value| within(key, value, range))?;
        }
        Ok(())
    }

    /// An instrument in two clusters would count twice, and which one refused could not be told.
    fn check_clusters(&self) -> Result<(), EngineError> {
        for (index, cluster) in self.clusters.iter().enumerate() {
            let before = self.clusters.iter().take(index);
            if cluster.name.trim().is_empty() || before.clone().any(|other| other.name == cluster.name) {
                let rule = "every cluster needs a name of its own".to_owned();
                return Err(broken("risk.clusters", &format!("`{}`", cluster.name), rule));
            }
            for (place, instrument) in cluster.instruments.iter().enumerate() {
                let earlier = cluster.instruments.iter().take(place);
                let own = instrument.canonical();
                let same = |other: &InstrumentName| other.canonical() == own;
                let elsewhere = before.clone().find(|other| other.instruments.iter().any(same));
                if let Some(other) = elsewhere {
                    let rule = format!("{instrument} is in `{}` already; take it out of one", other.name);
                    return Err(broken("risk.clusters", &format!("`{}`", cluster.name), rule));
                }
                if earlier.clone().any(same) {
                    let rule = format!("{instrument} is in it twice; remove one");
                    return Err(broken("risk.clusters", &format!("`{}`", cluster.name), rule));
                }
            }
        }
        Ok(())
    }

    /// What the sizing asks for must fit under the limits of one trade, else no order is of the size wanted.
    fn check_sizing(&self) -> Result<(), EngineError> {
        let risk = self.risk_per_trade_pct;
        let boost = match self.sizing {
            SizingMethod::Volatility => Decimal::ONE + self.volatility_low_boost_pct.fraction(),
            SizingMethod::RiskPctOfEquity | SizingMethod::Leverage | SizingMethod::Kelly => Decimal::ONE,
        };
        if let Some(most) = self.trade_loss_max_pct
            && self.sizing != SizingMethod::Leverage
            && risk.get() * boost > most.get()
        {
            let rule = format!(
                "{risk} % times {} are {} % at the stop, more than risk.trade_loss_max_pct ({most} %); lower \
                 one or raise the other",
                boost.normalize(),
                (risk.get() * boost).normalize()
            );
            return Err(broken("risk.risk_per_trade_pct", &risk, rule));
        }
        if self.sizing == SizingMethod::Kelly && self.kelly_fraction() <= Decimal::ZERO {
            let rule = format!(
                "{} % wins of {} times the loss have no edge: {} - {} / {} is not above zero; nothing would \
                 be traded",
                self.kelly_win_pct,
                self.kelly_payoff,
                self.kelly_win_pct.fraction().normalize(),
                (Decimal::ONE - self.kelly_win_pct.fraction()).normalize(),
                self.kelly_payoff
            );
            return Err(broken("risk.kelly_win_pct", &self.kelly_win_pct, rule));
        }
        if self.sizing == SizingMethod::Leverage
            && let Some(most) = self.instrument_notional_max
            && risk.fraction() * self.target_leverage.get() > most.get()
        {
            let rule = format!(
                "{risk} % of equity times {} are {} times equity, more than risk.instrument_notional_max \
                 ({most}); lower one or raise the other",
                self.target_leverage,
                (risk.fraction() * self.target_leverage.get()).normalize()
            );
            return Err(broken("risk.target_leverage", &self.target_leverage, rule));
        }
        Ok(())
    }

    /// A day that one trade may spend is none, and a week that ends before its day makes the day's limit
    /// void.
    fn check_losses(&self) -> Result<(), EngineError> {
        if let Some(day) = self.daily_loss_max_pct
            && self.risk_per_trade_pct >= day
        {
            let rule = format!(
                "it must be above risk.risk_per_trade_pct ({}), else the first stop ends the day",
                self.risk_per_trade_pct
            );
            return Err(broken("risk.daily_loss_max_pct", &day, rule));
        }
        if let (Some(day), Some(week)) = (self.daily_loss_max_pct, self.weekly_loss_max_pct)
            && week < day
        {
            let rule =
                format!("it must not be below risk.daily_loss_max_pct ({day}), which it would make void");
            return Err(broken("risk.weekly_loss_max_pct", &week, rule));
        }
        Ok(())
    }

    /// Gates lie strictly below the halts they keep away from, and each halt below the next stricter one.
    fn check_halts(&self) -> Result<(), EngineError> {
        let states = &self.states;
        let percent = |value: Option<Percent>| value.map(Percent::get);
        let count = |value: Option<u32>| value.map(Decimal::from);
        rising(
            [
                ("risk.states.drawdown_cautious_pct", percent(states.drawdown_cautious_pct)),
                ("risk.states.drawdown_reduce_only_pct", percent(states.drawdown_reduce_only_pct)),
                ("risk.states.drawdown_protect_only_pct", percent(states.drawdown_protect_only_pct)),
                ("risk.states.drawdown_flatten_pct", percent(states.drawdown_flatten_pct)),
            ],
            above(0, 90),
        )?;
        rising(
            [
                ("risk.margin_use_max_pct", percent(self.margin_use_max_pct)),
                ("risk.states.margin_use_cautious_pct", percent(states.margin_use_cautious_pct)),
                ("risk.states.margin_use_reduce_only_pct", percent(states.margin_use_reduce_only_pct)),
                ("risk.states.margin_use_protect_only_pct", percent(states.margin_use_protect_only_pct)),
                ("risk.states.margin_use_flatten_pct", percent(states.margin_use_flatten_pct)),
            ],
            above(0, 1_000),
        )?;
        rising(
            [
                ("risk.states.positions_cautious", count(states.positions_cautious)),
                ("risk.states.positions_reduce_only", count(states.positions_reduce_only)),
            ],
            from(1, 2_000),
        )?;
        rising(
            [
                ("risk.positions_max", Some(Decimal::from(self.positions_max))),
                ("risk.states.positions_reduce_only", count(states.positions_reduce_only)),
            ],
            from(1, 2_000),
        )?;
        self.check_margin(states)
    }

    /// A position's margin may be as large as the cap allows without reaching a halt of the account.
    fn check_margin(&self, states: &StateSettings) -> Result<(), EngineError> {
        let Some(one) = self.position_margin_max_pct else { return Ok(()) };
        let halts = [
            ("risk.states.margin_use_cautious_pct", states.margin_use_cautious_pct),
            ("risk.states.margin_use_reduce_only_pct", states.margin_use_reduce_only_pct),
            ("risk.states.margin_use_protect_only_pct", states.margin_use_protect_only_pct),
            ("risk.states.margin_use_flatten_pct", states.margin_use_flatten_pct),
        ];
        for (key, halt) in halts.into_iter().filter_map(|(key, halt)| Some((key, halt?))) {
            if one >= halt {
                let rule = format!("one position alone would reach {key} ({halt}); lower it below that");
                return Err(broken("risk.position_margin_max_pct", &one, rule));
            }
        }
        Ok(())
    }
}

/// Those that are on lie in `range` and rise strictly.
fn rising<const N: usize>(
    steps: [(&'static str, Option<Decimal>); N],
    range: Range,
) -> Result<(), EngineError> {
    let mut before: Option<(&'static str, Decimal)> = None;
    for (key, value) in steps.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        within(key, value, range)?;
        if let Some((lower, least)) = before
            && value <= least
        {
            let rule =
                format!("it must be above {lower}: {} is not above {}", value.normalize(), least.normalize());
            return Err(broken(key, &value.normalize(), rule));
        }
        before = Some((key, value));
    }
    Ok(())
}

impl LossStreakSettings {
    fn check(&self) -> Result<(), EngineError> {
        within("risk.loss_streak.loss_min_bps", self.loss_min_bps.get(), from(0, 1_000))?;
        let losses = [
            ("risk.loss_streak.tight_smc_losses", self.tight_smc_losses),
            ("risk.loss_streak.wide_structure_losses", self.wide_structure_losses),
            ("risk.loss_streak.other_losses", self.other_losses),
        ];
        for (key, value) in losses {
            value.map_or(Ok(()), |value| whole(key, value, 1, 100))?;
        }
        let pauses = [
            ("risk.loss_streak.tight_smc_pause_minutes", self.tight_smc_pause_minutes),
            ("risk.loss_streak.wide_structure_pause_minutes", self.wide_structure_pause_minutes),
            ("risk.loss_streak.other_pause_minutes", self.other_pause_minutes),
        ];
        pauses.into_iter().try_for_each(|(key, value)| whole(key, value, 1, PAUSE_MINUTES_MAX))
    }
}

impl CooldownSettings {
    fn check(&self) -> Result<(), EngineError> {
        whole("risk.cooldown.after_win_minutes", self.after_win_minutes, 0, PAUSE_MINUTES_MAX)?;
        whole("risk.cooldown.after_loss_minutes", self.after_loss_minutes, 0, PAUSE_MINUTES_MAX)?;
        let most = crate::limits::LOSSES_REMEMBERED;
        if let Some(losses) = self.symbol_losses {
            whole("risk.cooldown.symbol_losses", losses, 1, u32::try_from(most).unwrap_or(u32::MAX))?;
        }
        whole("risk.cooldown.symbol_lookback_hours", self.symbol_lookback_hours, 1, 720)?;
        within("risk.cooldown.symbol_loss_min_pct", self.symbol_loss_min_pct.get(), from(0, 50))?;
        whole("risk.cooldown.symbol_pause_hours", self.symbol_pause_hours, 1, 720)
    }
}

impl FeeEdgeSettings {
    fn check(&self) -> Result<(), EngineError> {
        if let Some(multiple) = self.multiple {
            within("risk.fee_edge.multiple", multiple.get(), above(0, 100))?;
        }
        let costs = [
            ("risk.fee_edge.taker_fee_bps", self.taker_fee_bps),
            ("risk.fee_edge.slippage_bps", self.slippage_bps),
            ("risk.fee_edge.funding_daily_bps", self.funding_daily_bps),
            ("risk.fee_edge.funding_floor_bps", self.funding_floor_bps),
        ];
        for (key, value) in costs {
            within(key, value.get(), from(0, 1_000))?;
        }
        within("risk.fee_edge.buffer", self.buffer.get(), from(1, 10))?;
        let holds = [
            ("risk.fee_edge.tight_smc_hold_hours", self.tight_smc_hold_hours),
            ("risk.fee_edge.wide_structure_hold_hours", self.wide_structure_hold_hours),
            ("risk.fee_edge.other_hold_hours", self.other_hold_hours),
        ];
        holds.into_iter().try_for_each(|(key, value)| whole(key, value, 1, 8_760))
    }
}

impl ShockSettings {
    fn check(&self) -> Result<(), EngineError> {
        if let Some(move_pct) = self.move_pct {
            within("risk.shock.move_pct", move_pct.get(), above(0, 50))?;
        }
        if let Some(basis_pct) = self.basis_pct {
            within("risk.shock.basis_pct", basis_pct.get(), above(0, 50))?;
        }
        whole("risk.shock.window_s", self.window_s, 10, 3_600)?;
        whole("risk.shock.bases_min", self.bases_min, 1, 100)?;
        whole("risk.shock.pause_minutes", self.pause_minutes, 1, PAUSE_MINUTES_MAX)?;
        within("risk.shock.close_buffer_pct", self.close_buffer_pct.get(), from(0, 90))?;
        within("risk.shock.trim_buffer_pct", self.trim_buffer_pct.get(), from(0, 95))?;
        if self.trim_buffer_pct <= self.close_buffer_pct {
            let rule = format!(
                "it must be above risk.shock.close_buffer_pct: {} is not above {}",
                self.trim_buffer_pct, self.close_buffer_pct
            );
            return Err(broken("risk.shock.trim_buffer_pct", &self.trim_buffer_pct, rule));
        }
        Ok(())
    }
}
