//! The world behind a venue's protocol: market, exchange, account, orders; no words of any protocol.
//!
//! Invariants: everything that happens is a [`Happening`] in the order in which it happened; an order is
//! handed to the simulated exchange at most once, when it is placed or when its condition is met, under its
//! own number; time never goes back; the same settings and calls give the same world.

mod account;
mod book;
mod chart;
mod feed;
mod hash;
mod market;
mod order;
#[cfg(feature = "files")]
mod replay;
mod settings;
mod trading;
mod triggers;

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use seawall_model::{
    Bps, Instrument, InstrumentId, Money, PriceUnits, QtyUnits, RejectReason, Side, Timeframe, TriggerSource,
    Ts, VenuePosition,
};
use seawall_simulator::{Exchange, MarketEvent, MarketEventKind, SimulatorSettings, Tick};

pub use account::{Account, Booking, FillRow, Holding, LogRow, value};
pub use book::{Book, Change, DEPTH, Followed};
pub use chart::{Bar, Chart, RESOLUTIONS, ROWS_MAX};
use feed::Feed;
pub use hash::{mix, share, txid, uuid};
pub use market::{Day, FundingRow, Market, TapeTrade};
pub use order::{Condition, End, Kind, Life, NewOrder, Order, Orders, Purpose, State, Trail};
pub use settings::{AccountSeed, MarketSource, SeedOrder, SeedPosition, VenueKind, WorldSettings};
pub use trading::Edit;

use crate::error::TestnetError;

/// The largest balance at the start: 10 to the power of 15.
const BALANCE_MAX: Decimal = Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0);

/// Something that happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// An order was taken.
    Placed(u32),
    /// An order was refused; it is in the tables as ended.
    Refused(u32, RejectReason),
    /// An order was changed.
    Edited(u32),
    /// A condition was met.
    Triggered(u32),
    /// An execution, by number.
    Filled(u64),
    /// An order is over without having filled completely.
    Ended(u32, End),
    /// A booking, by number.
    Booked(u64),
    /// The market moved.
    Ticked(InstrumentId, TapeTrade),
    /// A position was liquidated.
    Liquidated(InstrumentId),
}

/// What the account is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// Money without unrealized profit.
    pub wallet: Decimal,
    /// Unrealized profit at the mark.
    pub unrealized: Decimal,
    /// Initial margin of the positions.
    pub initial: Decimal,
    /// Initial margin of positions and open orders.
    pub initial_with_orders: Decimal,
    /// Maintenance margin.
    pub maintenance: Decimal,
}

impl Worth {
    /// What is left when everything is closed at the mark.
    #[must_use]
    pub fn equity(&self) -> Decimal {
        self.wallet.saturating_add(self.unrealized)
    }

    /// What can back new risk.
    #[must_use]
    pub fn available(&self) -> Decimal {
        self.equity().saturating_sub(self.initial_with_orders).max(Decimal::ZERO)
    }
}

/// The world.
#[derive(Debug, Clone)]
pub struct World {
    venue: VenueKind,
    seed: u64,
    now: Ts,
    exchange: Exchange,
    feed: Feed,
    markets: Vec<Market>,
    symbols: BTreeMap<String, InstrumentId>,
    account: Account,
    orders: Orders,
    happenings: VecDeque<Happening>,
    next_hour: Ts,
    next_key: u32,
    /// The answer to the change that is under way.
    verdict: Option<Result<(), RejectReason>>,
    /// The order that is being cancelled, and what to call it.
    ending: Option<(u32, End)>,
    refuses_stops: bool,
    rates: BTreeMap<InstrumentId, Decimal>,
    /// Leverage that the client chose, below what the instrument allows.
    leverage: BTreeMap<InstrumentId, Decimal>,
}

impl World {
    /// The world of `settings` at `start`, with its history and what the account holds.
    ///
    /// # Errors
    /// A setting that cannot be, a file that cannot be read, a position in something unknown.
    pub fn new(settings: &WorldSettings, start: Ts) -> Result<Self, TestnetError> {
        if settings.instruments == 0 || settings.instruments > 1_000 {
            return Err(TestnetError::setting("instruments", "1 to 1000"));
        }
        if settings.balance.get() < Decimal::ZERO || settings.balance.get() > BALANCE_MAX {
            return Err(TestnetError::setting("balance", "0 to 10 to the power of 15"));
        }
        let (feed, instruments, charts) = Feed::new(settings, start)?;
        let simulator = SimulatorSettings {
            latency_ms: 0,
            slippage_bps: Bps::new(Decimal::ZERO),
            volume_limit_pct: settings.volume_limit_pct,
            ..SimulatorSettings::default()
        };
        let exchange = Exchange::new(&simulator, &instruments, settings.balance)?;
        let mut symbols = BTreeMap::new();
        let mut markets = Vec::with_capacity(instruments.len());
        for (instrument, chart) in instruments.into_iter().zip(charts) {
            let symbol = symbol_of(settings.venue, &instrument);
            symbols.insert(symbol.to_ascii_lowercase(), instrument.id());
            markets.push(Market::new(instrument, symbol, chart, settings.seed));
        }
        let begin = Timeframe::M1.floor(start);
        let mut world = World {
            venue: settings.venue,
            seed: settings.seed,
            now: begin,
            exchange,
            feed,
            markets,
            symbols,
            account: Account::new(settings.balance.get()),
            orders: Orders::default(),
            happenings: VecDeque::new(),
            next_hour: Timeframe::H1.floor(begin).plus(Timeframe::H1.span()),
            next_key: 0,
            verdict: None,
            ending: None,
            refuses_stops: false,
            rates: BTreeMap::new(),
            leverage: BTreeMap::new(),
        };
        // An instrument may be in a gap of its data: it has its last price all the same.
        for market in &world.markets {
            let tick = Tick { bid: market.bid, ask: market.ask, last: market.last, qty: None };
            world.exchange.tick(begin, market.instrument.id(), tick);
        }
        world.advance(start);
        world.seed_account(&settings.account)?;
        world.happenings.clear();
        Ok(world)
    }

    /// Whose protocol.
    #[must_use]
    pub fn venue(&self) -> VenueKind {
        self.venue
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The venue's clock.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.now
    }

    /// Every instrument, delisted ones too, by number.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// The instrument of that number.
    #[must_use]
    pub fn market(&self, instrument: InstrumentId) -> Option<&Market> {
        self.markets.get(instrument.index())
    }

    /// The instrument of that symbol, in any case.
    #[must_use]
    pub fn find(&self, symbol: &str) -> Option<&Market> {
        let id = self.symbols.get(&symbol.to_ascii_lowercase())?;
        self.markets.get(id.index())
    }

    /// The account's books.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The simulated exchange behind it all: what its account is worth is what [`World::account`] says.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// All orders.
    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// What happened since the last call.
    pub fn take_happenings(&mut self) -> Vec<Happening> {
        self.happenings.drain(..).collect()
    }

    /// When the market moves next.
    #[must_use]
    pub fn next_at(&self) -> Option<Ts> {
        let market = self.feed.known_next_at();
        Some(market.map_or(self.next_hour, |at| at.min(self.next_hour)))
    }

    /// The market moves on to `at`.
    pub fn advance(&mut self, at: Ts) {
        loop {
            let next = self.feed.next_at();
            if self.next_hour <= at && next.is_none_or(|next| next >= self.next_hour) {
                let hour = self.next_hour;
                self.now = self.now.max(hour);
                self.settle_hour(hour);
                self.next_hour = hour.plus(Timeframe::H1.span());
                continue;
            }
            let Some(event) = next.filter(|next| *next <= at).and_then(|_| self.feed.next()) else { break };
            self.now = self.now.max(event.at);
            self.market_event(event);
        }
        self.now = self.now.max(at);
        self.expire();
    }

    /// A tick from outside, for a market that is [`MarketSource::Given`]; follow it by
    /// [`crate::Protocol::advance`].
    pub fn tick(&mut self, at: Ts, instrument: InstrumentId, tick: Tick) {
        self.advance(at);
        self.market_event(MarketEvent { at: self.now, instrument, kind: MarketEventKind::Tick(tick) });
    }

    /// The funding of each hour from here on, as a fraction of the price.
    pub fn set_funding(&mut self, instrument: InstrumentId, relative: Decimal) {
        self.rates.insert(instrument, relative);
    }

    fn market_event(&mut self, event: MarketEvent) {
        let MarketEvent { at, instrument, kind } = event;
        let tick = match kind {
            MarketEventKind::Tick(tick) => tick,
            MarketEventKind::FundingRate(rate) => {
                // The synthetic market's rate is for eight hours; this venue pays each hour.
                self.rates.insert(instrument, (rate / Decimal::from(8)).round_dp(9));
                return;
            }
            MarketEventKind::Candle(_) => return,
        };
        self.exchange.tick(at, instrument, tick);
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        if let Some(rate) = self.rates.remove(&instrument) {
            market.funding = rate;
        }
        let trade = market.tick(at, tick);
        self.happenings.push_back(Happening::Ticked(instrument, trade));
        self.hear(at);
        self.watch(at, instrument);
    }

    fn settle_hour(&mut self, hour: Ts) {
        let is_spot = self.venue == VenueKind::Kraken;
        for market in self.markets.iter_mut().filter(|_| !is_spot) {
            let row = market.settle_hour(hour);
            self.exchange.pay_funding(hour, market.instrument.id(), row.relative);
        }
        self.hear(hour);
    }

    /// What the account is worth now.
    #[must_use]
    pub fn worth(&self) -> Worth {
        let (mut unrealized, mut initial, mut maintenance) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        for (id, holding) in self.account.holdings() {
            let Some(market) = self.market(id) else { continue };
            let worth = value(&market.instrument, market.mark, holding.qty);
            unrealized = unrealized.saturating_add(worth.saturating_sub(holding.cost));
            let margins = self.margins(market, holding.qty);
            initial = initial.saturating_add(margins.initial);
            maintenance = maintenance.saturating_add(margins.maintenance);
        }
        let mut orders = Decimal::ZERO;
        for order in self.orders.open().filter(|order| !order.asked.reduce_only) {
            if let Some(market) = self.market(order.asked.instrument) {
                orders = orders.saturating_add(self.margins(market, order.remaining()).initial);
            }
        }
        Worth {
            wallet: self.account.wallet,
            unrealized,
            initial,
            initial_with_orders: initial.saturating_add(orders),
            maintenance,
        }
    }

    /// Margins of a quantity at the mark.
    #[must_use]
    pub fn margins(&self, market: &Market, qty: QtyUnits) -> Margins {
        let size = value(&market.instrument, market.mark, qty.abs());
        let spec = market.instrument.spec();
        let fits = |below: Option<Money>| below.is_none_or(|below| size < below.get());
        let tier = spec.margin_tiers.iter().find(|tier| fits(tier.notional_below));
        match tier.or(spec.margin_tiers.last()) {
            Some(tier) => {
                let allowed = tier.leverage_max.get();
                let leverage = self.leverage(market.instrument.id()).map_or(allowed, |own| own.min(allowed));
                let maintenance = size.saturating_mul(tier.maintenance_pct.fraction());
                Margins {
                    initial: size.checked_div(leverage).unwrap_or(size).round_dp(8),
                    maintenance: maintenance.round_dp(8),
                }
            }
            None => Margins { initial: size, maintenance: Decimal::ZERO },
        }
    }

    /// The leverage that was chosen for an instrument; `None` where it is as high as the instrument allows.
    #[must_use]
    pub fn leverage(&self, instrument: InstrumentId) -> Option<Decimal> {
        self.leverage.get(&instrument).copied()
    }

    /// Chooses the leverage of an instrument (at least 1), or takes the choice back. Initial margins follow
    /// it at once, also those of what is held; when a position is liquidated does not change.
    pub fn set_leverage(&mut self, instrument: InstrumentId, leverage: Option<Decimal>) {
        match leverage {
            Some(leverage) => self.leverage.insert(instrument, leverage.max(Decimal::ONE)),
            None => self.leverage.remove(&instrument),
        };
    }

    /// The price at which the account would be liquidated, were only this position's price to move.
    #[must_use]
    pub fn liquidation_price(&self, instrument: InstrumentId) -> Option<Decimal> {
        let holding = self.account.holding(instrument);
        let market = self.market(instrument)?;
        let qty = market.qty(holding.qty);
        if qty.is_zero() {
            return None;
        }
        let worth = self.worth();
        let distance = worth.equity().saturating_sub(worth.maintenance).checked_div(qty)?;
        let price = market.price(market.mark).saturating_sub(distance);
        Some(price.max(Decimal::ZERO).round_dp(8))
    }

    /// The price that a condition watches.
    #[must_use]
    pub fn watched(market: &Market, source: TriggerSource) -> PriceUnits {
        match source {
            TriggerSource::Mark => market.mark,
            TriggerSource::Last => market.last,
            TriggerSource::Index => market.index,
        }
    }

    /// Money comes (or goes, if negative). False, and nothing done, if there is not enough.
    pub fn transfer(&mut self, amount: Decimal) -> bool {
        if amount < Decimal::ZERO && self.worth().available() < amount.abs() {
            return false;
        }
        if self.exchange.transfer(Money::new(amount)).is_none() {
            return false;
        }
        let id = self.account.book_transfer(self.now, amount);
        self.happenings.push_back(Happening::Booked(id));
        true
    }

    /// The venue liquidates a position now.
    pub fn liquidate(&mut self, instrument: InstrumentId) {
        self.exchange.liquidate(self.now, instrument);
        self.hear(self.now);
    }

    /// From now on the venue refuses conditional orders (or takes them again).
    pub fn refuse_stops(&mut self, refuses: bool) {
        self.refuses_stops = refuses;
    }

    /// Puts a position into the account as if it had been there all along.
    ///
    /// # Errors
    /// An unknown symbol, a quantity or price that is not on the instrument's grid, a position that is there.
    pub fn seed_position(&mut self, seed: &SeedPosition) -> Result<(), TestnetError> {
        let bad = |reason: &str| TestnetError::setting(format!("position {}", seed.symbol), reason);
        let id = self.resolve(&seed.symbol).ok_or_else(|| bad("no such instrument"))?;
        let market = self.markets.get_mut(id.index()).ok_or_else(|| bad("no such instrument"))?;
        let qty = market.instrument.qty_units(seawall_model::Qty::new(seed.qty))?;
        let entry_price = match seed.entry_price {
            Some(price) => market
                .instrument
                .round_price(price, seawall_model::PriceRounding::Nearest)
                .ok_or_else(|| bad("its entry price does not fit"))?,
            None => market.last,
        };
        market.delisted |= seed.delisted;
        self.exchange.seed_position(self.now, VenuePosition { instrument: id, qty, entry_price })?;
        let instrument = market.instrument.clone();
        self.account.seed(self.now, &instrument, qty, entry_price);
        if self.venue == VenueKind::Kraken {
            // Spot: what is held was paid for.
            self.account.wallet -= value(&instrument, entry_price, qty);
        }
        Ok(())
    }

    fn seed_account(&mut self, seed: &AccountSeed) -> Result<(), TestnetError> {
        for position in &seed.positions {
            self.seed_position(position)?;
        }
        for order in &seed.orders {
            self.seed_order(order)?;
        }
        Ok(())
    }

    /// Places an order that no client of this process placed.
    ///
    /// # Errors
    /// An unknown symbol, prices off the grid, or what the exchange refuses.
    pub fn seed_order(&mut self, seed: &SeedOrder) -> Result<u32, TestnetError> {
        let bad = |reason: String| TestnetError::setting(format!("order on {}", seed.symbol), reason);
        let id = self.resolve(&seed.symbol).ok_or_else(|| bad("no such instrument".to_owned()))?;
        let market = self.market(id).ok_or_else(|| bad("no such instrument".to_owned()))?;
        let price = |price: Option<Decimal>| {
            let units = |price| market.instrument.price_units(seawall_model::Price::new(price));
            price.map(units).transpose()
        };
        let (limit, stop) = (price(seed.limit_price)?, price(seed.stop_price)?);
        let qty = market.instrument.qty_units(seawall_model::Qty::new(seed.qty))?;
        let kind = match (stop, limit) {
            (Some(trigger), limit) => Kind::Conditional(Condition {
                purpose: Purpose::Stop,
                trigger,
                source: TriggerSource::Mark,
                above: seed.side == Side::Buy,
                limit,
            }),
            (None, Some(price)) => Kind::Limit { price, life: Life::Gtc },
            (None, None) => Kind::Market,
        };
        let order = NewOrder {
            instrument: id,
            side: seed.side,
            qty,
            kind,
            reduce_only: seed.reduce_only,
            client_id: seed.client_id.clone(),
            extra: BTreeMap::new(),
        };
        let key = self.place(order);
        match self.orders.get(key).map(|order| order.state) {
            Some(State::Ended(End::Refused(reason))) => Err(bad(format!("refused: {}", reason.name()))),
            Some(_) | None => Ok(key),
        }
    }

    /// The instrument of a symbol or of a base currency's code.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<InstrumentId> {
        if let Some(market) = self.find(name) {
            return Some(market.instrument.id());
        }
        let base = if name.eq_ignore_ascii_case("XBT") { "BTC" } else { name };
        let is_base = |market: &&Market| market.instrument.name().base().code().eq_ignore_ascii_case(base);
        self.markets.iter().find(is_base).map(|market| market.instrument.id())
    }
}

/// Margins of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margins {
    /// To open it.
    pub initial: Decimal,
    /// To keep it.
    pub maintenance: Decimal,
}

/// `PF_XBTUSD`, `XBTUSD`: Kraken writes bitcoin as XBT.
fn symbol_of(venue: VenueKind, instrument: &Instrument) -> String {
    let base = instrument.name().base();
    match venue {
        VenueKind::KrakenFutures => match base.code() {
            "BTC" => "PF_XBTUSD".to_owned(),
            code => format!("PF_{code}USD"),
        },
        VenueKind::Kraken => format!("{}/USD", base.code()),
    }
}
