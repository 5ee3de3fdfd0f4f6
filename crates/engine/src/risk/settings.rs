//! The `risk` section: the only table of its defaults. What contradicts itself is found in [`super::check`].
//!
//! A key of type `Option` is a limit that can be switched off (`off`, `none` or `null` in a file).

use rust_decimal::Decimal;
use seawall_model::{Bps, InstrumentName, Money, Percent, Ratio};
use serde::{Deserialize, Serialize};

/// How the risk section sizes an entry whose strategy does not fix the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizingMethod {
    /// The stop costs `risk_per_trade_pct` of equity.
    #[default]
    RiskPctOfEquity,
    /// The margin at `target_leverage` is `risk_per_trade_pct` of equity; the stop plays no part.
    Leverage,
    /// As `risk_pct_of_equity`, smaller while the market moves more than usual, larger while it moves less.
    Volatility,
    /// As `risk_pct_of_equity` with the Kelly fraction of the stated odds, at most `risk_per_trade_pct`.
    Kelly,
}

/// The `risk` section: how much may be at stake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RiskSettings {
    /// How an entry is sized whose strategy does not fix the quantity.
    pub sizing: SizingMethod,
    /// Share of equity that one trade may lose at its stop, in percent.
    pub risk_per_trade_pct: Percent,
    /// Leverage assumed by the sizing `leverage`, at most the instrument's.
    pub target_leverage: Ratio,
    /// Share of trades that win, in percent (sizing `kelly`).
    pub kelly_win_pct: Percent,
    /// Mean win as a multiple of the mean loss (sizing `kelly`).
    pub kelly_payoff: Ratio,
    /// Largest Kelly fraction, in percent of equity, before `risk_per_trade_pct` caps it (sizing `kelly`).
    pub kelly_fraction_max_pct: Percent,
    /// Volatility now as a multiple of the usual one above which a trade is cut (sizing `volatility`).
    pub volatility_high_ratio: Ratio,
    /// Multiple below which a trade is enlarged (sizing `volatility`).
    pub volatility_low_ratio: Ratio,
    /// By how much a trade is cut when volatility is high, in percent (sizing `volatility`).
    pub volatility_high_cut_pct: Percent,
    /// By how much a trade is enlarged when volatility is low, in percent (sizing `volatility`).
    pub volatility_low_boost_pct: Percent,
    /// Most that one trade may lose at its stop, in the settle currency. `off`: no limit.
    pub trade_loss_max: Option<Money>,
    /// Most that one trade may lose at its stop, in percent of equity. `off`: no limit.
    pub trade_loss_max_pct: Option<Percent>,
    /// Highest worst-case notional of one instrument as a multiple of equity. `off`: no limit.
    pub instrument_notional_max: Option<Ratio>,
    /// Most margin of one instrument's position, in percent of equity. `off`: no limit.
    pub position_margin_max_pct: Option<Percent>,
    /// Highest worst-case notional of each of `clusters` as a multiple of equity. `off`: no limit.
    pub cluster_notional_max: Option<Ratio>,
    /// Highest worst-case notional of the whole account as a multiple of equity.
    pub leverage_max: Ratio,
    /// Most margin that entries may bring the whole account to, in percent of equity. `off`: no limit.
    pub margin_use_max_pct: Option<Percent>,
    /// Most instruments with a position or an entry on its way.
    pub positions_max: u32,
    /// Equity that must remain above the maintenance margin when the stop is hit, in percent of the notional.
    pub liquidation_buffer_pct: Percent,
    /// Candles without a hole that must follow a hole before new entries.
    pub recover_candles_after_hole: u32,
    /// Loss of a UTC day, in percent of its first equity, at which entries end until the next day. `off`:
    /// no limit.
    pub daily_loss_max_pct: Option<Percent>,
    /// Loss of an ISO week, in percent of its first equity, at which entries end until the next week.
    /// `off`: no limit.
    pub weekly_loss_max_pct: Option<Percent>,
    /// Thresholds at which the system enters stricter modes by itself; only the operator leads back.
    pub states: StateSettings,
    /// Pauses of all entries of a regime after losses in a row.
    pub loss_streak: LossStreakSettings,
    /// Pauses of one instrument after its trades.
    pub cooldown: CooldownSettings,
    /// Least distance of the first target as a multiple of what a round trip costs.
    pub fee_edge: FeeEdgeSettings,
    /// What happens when prices jump.
    pub shock: ShockSettings,
    /// Instruments that move together and share `cluster_notional_max`.
    pub clusters: Vec<ClusterSettings>,
}

/// The `risk.states` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StateSettings {
    /// Fall of equity from its high-water mark, in percent, at which entries are halved. `off`: no limit.
    pub drawdown_cautious_pct: Option<Percent>,
    /// Fall at which nothing is entered any more. `off`: no limit.
    pub drawdown_reduce_only_pct: Option<Percent>,
    /// Fall at which only protection and exits work. `off`: no limit.
    pub drawdown_protect_only_pct: Option<Percent>,
    /// Fall at which everything is closed, once two readings two seconds apart agree. `off`: no limit.
    pub drawdown_flatten_pct: Option<Percent>,
    /// Worst-case margin in percent of equity at which entries are halved. `off`: no limit.
    pub margin_use_cautious_pct: Option<Percent>,
    /// Margin use at which nothing is entered any more. `off`: no limit.
    pub margin_use_reduce_only_pct: Option<Percent>,
    /// Margin use at which only protection and exits work. `off`: no limit.
    pub margin_use_protect_only_pct: Option<Percent>,
    /// Margin use at which everything is closed, once two readings two seconds apart agree. `off`: no limit.
    pub margin_use_flatten_pct: Option<Percent>,
    /// Instruments with a position or an entry on its way at which entries are halved. `off`: no limit.
    pub positions_cautious: Option<u32>,
    /// Number at which nothing is entered any more. `off`: no limit.
    pub positions_reduce_only: Option<u32>,
}

/// The `risk.loss_streak` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LossStreakSettings {
    /// Loss that counts, in basis points of equity; a smaller one neither counts nor ends the streak.
    pub loss_min_bps: Bps,
    /// Losses in a row that pause the regime `tight_smc`. `off`: no limit.
    pub tight_smc_losses: Option<u32>,
    /// How long.
    pub tight_smc_pause_minutes: u32,
    /// Losses in a row that pause the regime `wide_structure`. `off`: no limit.
    pub wide_structure_losses: Option<u32>,
    /// How long.
    pub wide_structure_pause_minutes: u32,
    /// Losses in a row that pause any other regime. `off`: no limit.
    pub other_losses: Option<u32>,
    /// How long.
    pub other_pause_minutes: u32,
}

/// The `risk.cooldown` section. Off by default: it goes by the rhythm of trades and not by what they cost the
/// account, so it would thin out a strategy that loses nothing to speak of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CooldownSettings {
    /// Pause of the instrument after a trade that did not lose.
    pub after_win_minutes: u32,
    /// Pause of the instrument after a trade that lost.
    pub after_loss_minutes: u32,
    /// Losses within `symbol_lookback_hours` that pause the instrument. `off`: no limit.
    pub symbol_losses: Option<u32>,
    /// How far back losses count.
    pub symbol_lookback_hours: u32,
    /// Loss that counts, in percent of the value entered.
    pub symbol_loss_min_pct: Percent,
    /// How long the instrument is paused.
    pub symbol_pause_hours: u32,
}

/// The `risk.fee_edge` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeeEdgeSettings {
    /// Least distance of the first target as a multiple of the costs. A plan without a target is not asked.
    /// `off`: no limit.
    pub multiple: Option<Ratio>,
    /// Taker fee where the instrument states none; paid on the way in and out.
    pub taker_fee_bps: Bps,
    /// Slippage of the round trip.
    pub slippage_bps: Bps,
    /// Funding assumed for a day.
    pub funding_daily_bps: Bps,
    /// Least funding assumed for a trade.
    pub funding_floor_bps: Bps,
    /// What the sum of the costs is multiplied by for what nobody foresees.
    pub buffer: Ratio,
    /// How long a trade of the regime `tight_smc` is held.
    pub tight_smc_hold_hours: u32,
    /// How long a trade of the regime `wide_structure` is held.
    pub wide_structure_hold_hours: u32,
    /// How long any other trade is held.
    pub other_hold_hours: u32,
}

/// The `risk.shock` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShockSettings {
    /// Move within `window_s` that pauses the instrument, in percent. `off`: no limit.
    pub move_pct: Option<Percent>,
    /// Distance from the signal instrument that pauses the instrument, in percent of the signal's price.
    /// Instruments without a signal are not asked. `off`: no limit.
    pub basis_pct: Option<Percent>,
    /// Age of the price that the newest one is compared with; younger than three quarters of it or older than
    /// three times it says nothing.
    pub window_s: u32,
    /// Coins in shock within `window_s` that pause every entry.
    pub bases_min: u32,
    /// How long.
    pub pause_minutes: u32,
    /// In a shock, move against a position to its liquidation, in percent, below which half of it is closed.
    pub trim_buffer_pct: Percent,
    /// Move below which all of it is closed.
    pub close_buffer_pct: Percent,
}

/// One entry of `risk.clusters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// Name of the cluster.
    pub name: String,
    /// Canonical names of its instruments.
    pub instruments: Vec<InstrumentName>,
}

fn percent(whole: i64) -> Percent {
    Percent::new(Decimal::from(whole))
}

fn ratio(tenths: i64) -> Ratio {
    Ratio::new(Decimal::new(tenths, 1).normalize())
}

fn bps(whole: i64) -> Bps {
    Bps::new(Decimal::from(whole))
}

impl Default for RiskSettings {
    fn default() -> Self {
        RiskSettings {
            sizing: SizingMethod::RiskPctOfEquity,
            risk_per_trade_pct: percent(1),
            target_leverage: ratio(50),
            kelly_win_pct: percent(55),
            kelly_payoff: ratio(20),
            kelly_fraction_max_pct: percent(25),
            volatility_high_ratio: ratio(15),
            volatility_low_ratio: ratio(5),
            volatility_high_cut_pct: percent(30),
            volatility_low_boost_pct: percent(20),
            trade_loss_max: None,
            trade_loss_max_pct: Some(percent(2)),
            instrument_notional_max: Some(ratio(30)),
            position_margin_max_pct: Some(percent(25)),
            cluster_notional_max: Some(ratio(50)),
            leverage_max: ratio(100),
            margin_use_max_pct: Some(percent(80)),
            positions_max: 25,
            liquidation_buffer_pct: percent(1),
            recover_candles_after_hole: 0,
            daily_loss_max_pct: Some(percent(5)),
            weekly_loss_max_pct: Some(percent(10)),
            states: StateSettings::default(),
            loss_streak: LossStreakSettings::default(),
            cooldown: CooldownSettings::default(),
            fee_edge: FeeEdgeSettings::default(),
            shock: ShockSettings::default(),
            clusters: Vec::new(),
        }
    }
}

impl RiskSettings {
    /// The defaults with every limit off that can be: for measuring a strategy, or the engine, without risk
    /// management. What remains are the account's own bounds (leverage, margin, liquidation, count).
    #[must_use]
    pub fn without_limits() -> Self {
        RiskSettings {
            trade_loss_max: None,
            trade_loss_max_pct: None,
            instrument_notional_max: None,
            position_margin_max_pct: None,
            cluster_notional_max: None,
            margin_use_max_pct: None,
            daily_loss_max_pct: None,
            weekly_loss_max_pct: None,
            states: StateSettings {
                drawdown_cautious_pct: None,
                drawdown_reduce_only_pct: None,
                drawdown_protect_only_pct: None,
                drawdown_flatten_pct: None,
                margin_use_cautious_pct: None,
                margin_use_reduce_only_pct: None,
                margin_use_protect_only_pct: None,
                margin_use_flatten_pct: None,
                positions_cautious: None,
                positions_reduce_only: None,
            },
            loss_streak: LossStreakSettings {
                tight_smc_losses: None,
                wide_structure_losses: None,
                other_losses: None,
                ..LossStreakSettings::default()
            },
            cooldown: CooldownSettings {
                after_win_minutes: 0,
                after_loss_minutes: 0,
                symbol_losses: None,
                ..CooldownSettings::default()
            },
            fee_edge: FeeEdgeSettings { multiple: None, ..FeeEdgeSettings::default() },
            shock: ShockSettings { move_pct: None, basis_pct: None, ..ShockSettings::default() },
            ..RiskSettings::default()
        }
    }
}

impl Default for StateSettings {
    fn default() -> Self {
        StateSettings {
            drawdown_cautious_pct: Some(percent(10)),
            drawdown_reduce_only_pct: Some(percent(15)),
            drawdown_protect_only_pct: Some(percent(25)),
            drawdown_flatten_pct: None,
            margin_use_cautious_pct: Some(percent(85)),
            margin_use_reduce_only_pct: Some(percent(92)),
            margin_use_protect_only_pct: None,
            margin_use_flatten_pct: None,
            positions_cautious: None,
            positions_reduce_only: Some(27),
        }
    }
}

impl Default for LossStreakSettings {
    fn default() -> Self {
        LossStreakSettings {
            loss_min_bps: bps(20),
            tight_smc_losses: Some(3),
            tight_smc_pause_minutes: 120,
            wide_structure_losses: Some(5),
            wide_structure_pause_minutes: 90,
            other_losses: Some(3),
            other_pause_minutes: 240,
        }
    }
}

impl Default for CooldownSettings {
    fn default() -> Self {
        CooldownSettings {
            after_win_minutes: 0,
            after_loss_minutes: 0,
            symbol_losses: None,
            symbol_lookback_hours: 24,
            symbol_loss_min_pct: Percent::new(Decimal::new(5, 1)),
            symbol_pause_hours: 12,
        }
    }
}

impl Default for FeeEdgeSettings {
    fn default() -> Self {
        FeeEdgeSettings {
            multiple: Some(ratio(50)),
            taker_fee_bps: bps(5),
            slippage_bps: bps(4),
            funding_daily_bps: bps(10),
            funding_floor_bps: bps(2),
            buffer: ratio(12),
            tight_smc_hold_hours: 6,
            wide_structure_hold_hours: 36,
            other_hold_hours: 6,
        }
    }
}

impl Default for ShockSettings {
    fn default() -> Self {
        ShockSettings {
            move_pct: Some(percent(5)),
            basis_pct: Some(Percent::new(Decimal::new(15, 1))),
            window_s: 60,
            bases_min: 3,
            pause_minutes: 30,
            trim_buffer_pct: percent(18),
            close_buffer_pct: percent(10),
        }
    }
}
