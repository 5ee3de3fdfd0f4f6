//! The questions of the market around an instrument, asked on an entry's decision.
//!
//! What cannot be asked is not asked. A driver that reads an archive has no quotes, nothing is listed before
//! its first listing, and there is no feed whose health could be doubted. A driver that has quotes has all of
//! it, so there what is missing refuses.

use seawall_model::{
    Decision, Gate, GuardMode, Instrument, InstrumentId, Money, Percent, QtyUnits, Ratio, Ts,
};
use seawall_strategy::Direction;

use super::discovery::Standing;
use super::health::Health;
use super::market::DeskMarket;
use super::quality::DataState;
use super::settings::{DataQualitySettings, QuoteGuardSettings};
use crate::engine::Engine;
use crate::risk::settings::{RiskSettings, SizingMethod};

/// What an entry on one instrument is asked about its market.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MarketView {
    at: Ts,
    mode: GuardMode,
    volume_24h_min: Option<Money>,
    spread_max_pct: Option<Percent>,
    data: DataQualitySettings,
    quotes: QuoteGuardSettings,
    has_quotes: bool,
    health: Health,
    /// Enough instruments have not had enough candles yet.
    once: bool,
}

impl Engine {
    /// What an entry on `id` is asked now.
    pub(crate) fn market_view(&mut self, at: Ts, id: InstrumentId) -> MarketView {
        let shared = &mut self.shared;
        let settings = &shared.market;
        let data = settings.data_quality;
        let kind = self.desks.get(id.index()).map(|desk| desk.instrument.spec().kind);
        let mut health = Health::default();
        if shared.has_quotes && data.health_mode != GuardMode::Off {
            health = Health::count(&data, &self.desks, at);
            shared.listings.was_healthy |= health.is_enough_once(&data);
        }
        MarketView {
            at,
            mode: settings.universe.mode,
            volume_24h_min: kind.and_then(|kind| settings.universe.volume_24h_min(kind)),
            spread_max_pct: kind.and_then(|kind| settings.universe.spread_max_pct(kind)),
            data,
            quotes: settings.quote_guard,
            has_quotes: shared.has_quotes,
            health,
            once: !shared.listings.was_healthy,
        }
    }
}

impl MarketView {
    /// Whether the instrument may be entered, going by its seat, its data, those of all, and its quotes.
    pub(crate) fn may_enter(
        &self,
        desk: &DeskMarket,
        instrument: &Instrument,
        decision: &mut Decision,
    ) -> bool {
        self.is_in_universe(desk, decision)
            && self.has_good_data(desk, decision)
            && (!self.has_quotes || desk.quotes.ask(&self.quotes, instrument, self.at, decision))
    }

    fn is_in_universe(&self, desk: &DeskMarket, decision: &mut Decision) -> bool {
        let seat = &desk.seat;
        let code = seat.standing.code();
        let mode = match seat.standing {
            // Whatever the settings say.
            Standing::ExcludedBase | Standing::Blocked => GuardMode::On,
            Standing::NoListing if !self.has_quotes => GuardMode::Off,
            Standing::Eligible
            | Standing::NotListed
            | Standing::NoSpotMarket
            | Standing::ListedTwice
            | Standing::NoListing
            | Standing::TooLittleVolume
            | Standing::SpreadTooWide
            | Standing::OtherContract => self.mode,
        };
        if !decision.ask_guard(mode, Gate::Universe, code <= 0.0, code, 0.0) {
            return false;
        }
        if mode == GuardMode::Off || code > 0.0 || seat.pinned {
            return true;
        }
        let volume = self.volume_24h_min.is_none_or(|least| {
            let (volume, least) = (seat.volume_24h.unwrap_or(0.0), least.to_f64());
            decision.ask_guard(mode, Gate::UniverseVolume, volume >= least, volume, least)
        });
        volume
            && self.spread_max_pct.zip(seat.spread_pct).is_none_or(|(widest, spread)| {
                let widest = widest.to_f64();
                decision.ask_guard(mode, Gate::UniverseSpread, spread <= widest, spread, widest)
            })
    }

    fn has_good_data(&self, desk: &DeskMarket, decision: &mut Decision) -> bool {
        let state = desk.state_at(&self.data, self.at);
        let worst =
            if desk.quality.has_its_turn(&self.data) { DataState::Degraded } else { DataState::Healthy };
        let code = |state: DataState| f64::from(state as u8);
        if !decision.ask_guard(self.data.mode, Gate::DataState, state <= worst, code(state), code(worst)) {
            return false;
        }
        let mode = if self.has_quotes { self.data.health_mode } else { GuardMode::Off };
        let needed = self.health.needed(&self.data, self.once);
        let sufficient = f64::from(self.health.sufficient);
        decision.ask_guard(mode, Gate::DataHealth, sufficient >= needed, sufficient, needed)
    }

    /// Whether the book is deep enough for `qty`.
    pub(crate) fn is_deep_enough(
        &self,
        desk: &DeskMarket,
        instrument: &Instrument,
        order: (Direction, QtyUnits),
        decision: &mut Decision,
    ) -> bool {
        let (direction, qty) = order;
        !self.has_quotes || desk.quotes.ask_depth(&self.quotes, instrument, direction, qty, decision)
    }
}

/// What the instrument and its tier allow an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The leverage that is set for it.
    pub(crate) leverage: Ratio,
    /// The leverage that the sizing `leverage` counts with.
    pub(crate) sizing_leverage: Ratio,
    /// Highest notional of the instrument.
    pub(crate) notional_max: Option<Money>,
}

/// The terms of an entry; `None` where the instrument's fixed leverages are all above what is wanted: it is
/// never given more than was asked for.
pub(crate) fn terms(
    settings: &RiskSettings,
    desk: &DeskMarket,
    instrument: &Instrument,
    decision: &mut Decision,
) -> Option<Terms> {
    let spec = instrument.spec();
    let caps = desk.seat.caps;
    let most = caps.map_or(spec.leverage_max, |caps| caps.leverage_max.min(spec.leverage_max));
    let wanted = match settings.sizing {
        SizingMethod::Leverage => most.min(settings.target_leverage),
        SizingMethod::RiskPctOfEquity | SizingMethod::Volatility | SizingMethod::Kelly => most,
    };
    let sizing_leverage = instrument.leverage_at_most(wanted);
    if let Some(lowest) = spec.leverages.first() {
        let set = sizing_leverage.is_some();
        if !decision.ask(Gate::LeverageSet, set, wanted.to_f64(), lowest.to_f64()) {
            return None;
        }
    }
    Some(Terms {
        leverage: desk.leverage?,
        sizing_leverage: sizing_leverage?,
        notional_max: caps.map(|caps| caps.notional_max),
    })
}
