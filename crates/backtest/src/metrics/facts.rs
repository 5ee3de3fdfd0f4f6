//! What is derived from one trade. Money is exact; percents and multiples are floats.

use rust_decimal::Decimal;
use seawall_model::{ExitReason, Instrument, ModelError, Money, PositionSide, Price, PriceUnits, Trade, Ts};

use super::ratios::ratio;
use crate::error::BacktestError;
use crate::market::Market;

/// Decimals of an average price beyond those of the instrument.
const AVERAGE_DECIMALS_MORE: u32 = 8;

/// A trade with what follows from it.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The trade.
    pub trade: &'a Trade,
    /// Its instrument.
    pub instrument: &'a Instrument,
    /// Value of all closing fills.
    pub exit_value: Money,
    /// Profit in percent of the value entered with.
    pub profit_pct: Option<f64>,
    /// Profit in multiples of the planned risk; absent where no stop was planned.
    pub r: Option<f64>,
    /// Worst excursion: the whole quantity at the worst price seen, at most zero.
    pub mae: Money,
    /// Best excursion: the whole quantity at the best price seen, at least zero.
    pub mfe: Money,
    /// What the entry cost against the price at which it was decided; negative where it was better.
    pub slippage: Money,
    /// Seconds from the first fill until it was flat, or until the end of the run.
    pub duration_s: f64,
}

impl<'a> Facts<'a> {
    /// Derives everything; `end` is the end of the run.
    ///
    /// # Errors
    /// An instrument that the market does not have, an amount that does not fit into 28 digits.
    pub fn new(trade: &'a Trade, market: &'a Market, end: Ts) -> Result<Self, BacktestError> {
        let instrument = market.instruments().get(trade.instrument.index()).ok_or_else(|| {
            BacktestError::Report { detail: format!("trade {} is of an unknown instrument", trade.id) }
        })?;
        let gain = |price: PriceUnits| gain(trade, instrument, price);
        let exit_value = trade
            .exits
            .iter()
            .try_fold(Money::ZERO, |sum, exit| sum.plus(instrument.notional(exit.price, exit.qty)?))?;
        let stake = trade.entry_value.to_f64();
        let risk = trade.risk.to_f64();
        Ok(Facts {
            trade,
            instrument,
            exit_value,
            profit_pct: ratio(trade.pnl.to_f64() * 100.0, stake),
            r: ratio(trade.pnl.to_f64(), risk),
            mae: gain(trade.worst_price)?.min(Money::ZERO),
            mfe: gain(trade.best_price)?.max(Money::ZERO),
            slippage: gain(trade.decision_price)?.negated(),
            duration_s: trade.closed_at.unwrap_or(end).since(trade.entry_at).secs_f64().max(0.0),
        })
    }

    /// Whether the position was still there at the end of the run.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.trade.closed_at.is_none()
    }

    /// Why the last part was closed; absent for an open trade.
    #[must_use]
    pub fn exit_reason(&self) -> Option<ExitReason> {
        self.trade.closed_at.and_then(|_| self.trade.exits.last()).map(|exit| exit.reason)
    }

    /// The average entry price: exact where it has at most eight decimals more than the instrument.
    #[must_use]
    pub fn entry_price(&self) -> Price {
        self.average(self.trade.entry_value)
    }

    /// The average price of the closing fills of a closed trade.
    #[must_use]
    pub fn exit_price(&self) -> Option<Price> {
        self.trade.closed_at.map(|_| self.average(self.exit_value))
    }

    fn average(&self, value: Money) -> Price {
        let contracts = self.instrument.qty(self.trade.entry_qty).get();
        let base = contracts.checked_mul(self.instrument.spec().contract_size.get());
        let average = base.and_then(|base| value.get().checked_div(base)).unwrap_or(Decimal::ZERO);
        Price::new(average.round_dp(self.instrument.price_scale() + AVERAGE_DECIMALS_MORE))
    }
}

/// What the whole quantity would have gained from the entry to `price`.
fn gain(trade: &Trade, instrument: &Instrument, price: PriceUnits) -> Result<Money, ModelError> {
    let value = instrument.notional(price, trade.entry_qty)?;
    match trade.side {
        PositionSide::Short => trade.entry_value.minus(value),
        PositionSide::Long | PositionSide::Flat => value.minus(trade.entry_value),
    }
}

/// Facts of every trade in the order given.
///
/// # Errors
/// See [`Facts::new`].
pub fn all<'a>(trades: &'a [Trade], market: &'a Market) -> Result<Vec<Facts<'a>>, BacktestError> {
    let (_, end) = market.span();
    trades.iter().map(|trade| Facts::new(trade, market, end)).collect()
}
