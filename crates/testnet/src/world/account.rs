//! What the account did: executions, holdings, bookings.
//!
//! Invariants: the wallet changes by exactly realized profit, fees, funding and transfers, so that wallet
//! plus unrealized profit is the exchange's equity (a test holds that); logs are bounded, the oldest rows go
//! first, and numbers are not used again.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use seawall_model::{Instrument, InstrumentId, PriceUnits, QtyUnits, Side, Ts};

/// The largest value of an order or position: 10 to the power of 18.
const VALUE_MAX: Decimal = Decimal::from_parts(0xA764_0000, 0x0DE0_B6B3, 0, false, 0);
/// Executions and bookings that are remembered.
pub(crate) const LOG_MAX: usize = 20_000;

/// An execution of one of our orders, or a liquidation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillRow {
    /// Counts executions, from 1.
    pub number: u64,
    /// The venue's id as clients see it.
    pub uid: String,
    /// When.
    pub at: Ts,
    /// Whose; `None` for a liquidation.
    pub order: Option<u32>,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Quantity.
    pub qty: QtyUnits,
    /// Price.
    pub price: PriceUnits,
    /// Fee, negative for a rebate.
    pub fee: Decimal,
    /// Whether it made liquidity.
    pub maker: bool,
    /// What was left of the order.
    pub remaining: QtyUnits,
    /// Profit that it realized, before the fee.
    pub realized: Decimal,
    /// The position after it.
    pub position: QtyUnits,
}

/// What a booking is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booking {
    /// An execution.
    Trade,
    /// A liquidation.
    Liquidation,
    /// Funding.
    Funding,
    /// Money came or went.
    Transfer,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Counts bookings, from 1.
    pub id: u64,
    /// When.
    pub at: Ts,
    /// What for.
    pub booking: Booking,
    /// Which instrument.
    pub instrument: Option<InstrumentId>,
    /// The execution, by number.
    pub fill: Option<u64>,
    /// The change of the wallet.
    pub change: Decimal,
    /// The wallet after it.
    pub balance: Decimal,
    /// The position before and after, for trades.
    pub position: Option<(QtyUnits, QtyUnits)>,
    /// Relative funding rate of the hour, for funding.
    pub rate: Option<Decimal>,
}

/// What is held of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Signed quantity.
    pub qty: QtyUnits,
    /// What it cost: signed quantity times average entry price.
    pub cost: Decimal,
    /// Funding paid or received since it was opened.
    pub funding: Decimal,
    /// When it last changed.
    pub changed_at: Ts,
}

/// The account's books.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Money without unrealized profit.
    pub wallet: Decimal,
    holdings: BTreeMap<InstrumentId, Holding>,
    fills: VecDeque<FillRow>,
    log: VecDeque<LogRow>,
    fill_count: u64,
    log_count: u64,
}

/// What an execution says, before it is booked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trade {
    pub(crate) at: Ts,
    pub(crate) order: Option<u32>,
    pub(crate) side: Side,
    pub(crate) qty: QtyUnits,
    pub(crate) price: PriceUnits,
    pub(crate) fee: Decimal,
    pub(crate) maker: bool,
    pub(crate) remaining: QtyUnits,
}

impl Account {
    pub(crate) fn new(wallet: Decimal) -> Self {
        Account { wallet, ..Account::default() }
    }

    /// Open positions in the order of instruments.
    pub fn holdings(&self) -> impl Iterator<Item = (InstrumentId, &Holding)> {
        self.holdings.iter().filter(|(_, holding)| !holding.qty.is_zero()).map(|(id, row)| (*id, row))
    }

    /// What is held of one instrument; flat where nothing is.
    #[must_use]
    pub fn holding(&self, instrument: InstrumentId) -> Holding {
        self.holdings.get(&instrument).copied().unwrap_or_default()
    }

    /// Executions, oldest first.
    pub fn fills(&self) -> impl DoubleEndedIterator<Item = &FillRow> {
        self.fills.iter()
    }

    /// The execution of that number.
    #[must_use]
    pub fn fill(&self, number: u64) -> Option<&FillRow> {
        self.fills.iter().rev().find(|row| row.number == number)
    }

    /// Bookings, oldest first.
    pub fn log(&self) -> impl DoubleEndedIterator<Item = &LogRow> {
        self.log.iter()
    }

    /// The booking of that number.
    #[must_use]
    pub fn log_row(&self, id: u64) -> Option<&LogRow> {
        self.log.iter().rev().find(|row| row.id == id)
    }

    pub(crate) fn seed(&mut self, at: Ts, instrument: &Instrument, qty: QtyUnits, entry: PriceUnits) {
        let cost = value(instrument, entry, qty);
        let holding = Holding { qty, cost, funding: Decimal::ZERO, changed_at: at };
        self.holdings.insert(instrument.id(), holding);
    }

    /// Books an execution; gives its number and that of the booking.
    pub(crate) fn book_trade(&mut self, instrument: &Instrument, trade: Trade, uid: String) -> (u64, u64) {
        let Trade { at, order, side, qty, price, fee, maker, remaining } = trade;
        let holding = self.holdings.entry(instrument.id()).or_default();
        let before = holding.qty;
        let realized = apply(holding, instrument, side.signed(qty), price);
        holding.changed_at = at;
        let after = holding.qty;
        if before.is_zero() || after.is_zero() {
            holding.funding = Decimal::ZERO;
        }
        self.fill_count += 1;
        let number = self.fill_count;
        push(
            &mut self.fills,
            FillRow {
                number,
                uid,
                at,
                order,
                instrument: instrument.id(),
                side,
                qty,
                price,
                fee,
                maker,
                remaining,
                realized,
                position: after,
            },
        );
        let booking = if order.is_some() { Booking::Trade } else { Booking::Liquidation };
        let entry = Entry {
            booking,
            instrument: Some(instrument.id()),
            fill: Some(number),
            change: realized - fee,
            position: Some((before, after)),
            rate: None,
        };
        (number, self.book(at, entry))
    }

    /// The number that the next execution will have.
    pub(crate) fn next_fill(&self) -> u64 {
        self.fill_count + 1
    }

    /// Books a spot execution: money goes or comes in full.
    pub(crate) fn book_spot(&mut self, instrument: &Instrument, trade: Trade, uid: String) -> (u64, u64) {
        let paid = value(instrument, trade.price, trade.side.signed(trade.qty));
        let (number, id) = self.book_trade(instrument, trade, uid);
        // The booking took the profit alone; spot pays the price and keeps no profit apart.
        let realized = self.fills.back().map_or(Decimal::ZERO, |row| row.realized);
        let change = -paid - realized;
        self.wallet += change;
        if let Some(row) = self.log.back_mut() {
            row.change += change;
            row.balance += change;
        }
        (number, id)
    }

    /// Books funding; gives the number of the booking.
    pub(crate) fn book_funding(
        &mut self,
        at: Ts,
        instrument: InstrumentId,
        amount: Decimal,
        rate: Option<Decimal>,
    ) -> u64 {
        self.holdings.entry(instrument).or_default().funding += amount;
        let entry = Entry {
            booking: Booking::Funding,
            instrument: Some(instrument),
            fill: None,
            change: amount,
            position: None,
            rate,
        };
        self.book(at, entry)
    }

    /// Books money that came or went; gives the number of the booking.
    pub(crate) fn book_transfer(&mut self, at: Ts, amount: Decimal) -> u64 {
        let entry = Entry {
            booking: Booking::Transfer,
            instrument: None,
            fill: None,
            change: amount,
            position: None,
            rate: None,
        };
        self.book(at, entry)
    }

    fn book(&mut self, at: Ts, entry: Entry) -> u64 {
        let Entry { booking, instrument, fill, change, position, rate } = entry;
        self.log_count += 1;
        let id = self.log_count;
        self.wallet += change;
        let balance = self.wallet;
        push(&mut self.log, LogRow { id, at, booking, instrument, fill, change, balance, position, rate });
        id
    }
}

#[derive(Clone, Copy)]
struct Entry {
    booking: Booking,
    instrument: Option<InstrumentId>,
    fill: Option<u64>,
    change: Decimal,
    position: Option<(QtyUnits, QtyUnits)>,
    rate: Option<Decimal>,
}

fn push<T>(rows: &mut VecDeque<T>, row: T) {
    if rows.len() >= LOG_MAX {
        rows.pop_front();
    }
    rows.push_back(row);
}

/// The signed value of a quantity at a price; at most [`VALUE_MAX`], so that sums of it fit into 28 digits
/// and nothing absurd is cheap.
#[must_use]
pub fn value(instrument: &Instrument, price: PriceUnits, qty: QtyUnits) -> Decimal {
    let most = if (price.get() < 0) == (qty.get() < 0) { VALUE_MAX } else { -VALUE_MAX };
    instrument.notional(price, qty).map_or(most, |money| money.get().clamp(-VALUE_MAX, VALUE_MAX))
}

/// Moves a holding; gives the profit that is realized.
fn apply(holding: &mut Holding, instrument: &Instrument, change: QtyUnits, price: PriceUnits) -> Decimal {
    let (before, after) = (holding.qty, holding.qty.plus(change));
    let signs = before.get().signum() * change.get().signum();
    holding.qty = after;
    if signs >= 0 {
        holding.cost += value(instrument, price, change);
        return Decimal::ZERO;
    }
    let closed = if change.get().abs() > before.get().abs() { before.negated() } else { change };
    // The closed part of what it cost; the whole of it when nothing or the other side is left.
    let cost = if closed == before.negated() {
        holding.cost
    } else {
        let share = Decimal::from(closed.get().abs()) / Decimal::from(before.get().abs());
        (holding.cost * share).round_dp(12)
    };
    let opened = change.minus(closed);
    holding.cost = holding.cost - cost + value(instrument, price, opened);
    // What was sold brought in its value, what was bought back cost it.
    -value(instrument, price, closed) - cost
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::InstrumentSpec;

    #[test]
    fn profit_is_realized_by_the_part_that_closes_also_through_zero() {
        let mut spec = InstrumentSpec::new("BTC/USD:USD".parse().unwrap());
        spec.tick = Some("1".parse().unwrap());
        spec.lot = "1".parse().unwrap();
        let instrument = Instrument::new(InstrumentId(0), spec, 0).unwrap();
        let mut account = Account { wallet: Decimal::from(1_000), ..Account::default() };
        let mut trade = |side, qty, price| {
            let trade = Trade {
                at: Ts::from_millis(0),
                order: Some(1),
                side,
                qty: QtyUnits::new(qty),
                price: PriceUnits::new(price),
                fee: Decimal::ONE,
                maker: false,
                remaining: QtyUnits::ZERO,
            };
            account.book_trade(&instrument, trade, String::new());
            let holding = account.holding(InstrumentId(0));
            (account.wallet, holding.qty.get(), holding.cost)
        };
        let want = |wallet: i64, qty, cost: i64| (Decimal::from(wallet), qty, Decimal::from(cost));
        assert_eq!(trade(Side::Buy, 4, 100), want(999, 4, 400));
        assert_eq!(trade(Side::Sell, 1, 110), want(1_008, 3, 300));
        assert_eq!(trade(Side::Sell, 5, 90), want(977, -2, -180));
        assert_eq!(trade(Side::Buy, 2, 80), want(996, 0, 0));
        assert_eq!(account.log().count(), 4);
    }
}
