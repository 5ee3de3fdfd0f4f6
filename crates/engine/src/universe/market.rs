//! What a desk knows of the market around its instrument: its seat in the universe, the state of its data,
//! its newest quote, and how its candles come in.

use seawall_model::{Instrument, PriceUnits, QtyUnits, Ratio, Span, StateSink, Timeframe, Ts};

use super::discovery::{Member, Standing, fixed_standing};
use super::quality::{DataState, Fault, Quality};
use super::quotes::{Quote, Quotes};
use super::rules::Terms;
use super::settings::{DataQualitySettings, MarketSettings, TierCaps};

/// An instrument's place in the universe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seat {
    pub(crate) standing: Standing,
    /// Caps of its tier, where they act.
    pub(crate) caps: Option<TierCaps>,
    pub(crate) pinned: bool,
    pub(crate) volume_24h: Option<f64>,
    pub(crate) spread_pct: Option<f64>,
}

impl Seat {
    fn without_listing(standing: Standing) -> Self {
        Seat { standing, caps: None, pinned: false, volume_24h: None, spread_pct: None }
    }
}

/// What a desk knows of its market.
#[derive(Debug, Clone)]
pub(crate) struct DeskMarket {
    pub(crate) seat: Seat,
    pub(crate) quality: Quality,
    pub(crate) quotes: Quotes,
    /// What it takes.
    pub(crate) terms: Terms,
    /// Highest leverage that can be set: the instrument's, under the cap of its tier. `None` where the
    /// instrument allows none that is low enough.
    pub(crate) leverage: Option<Ratio>,
    /// Spread that is that of no market, in percent.
    wide_pct: f64,
    /// Length of a candle.
    length: Span,
    /// Candles so far.
    candles: u64,
    /// End of the newest candle.
    newest: Ts,
    /// A quote at or after this without a newer candle says that candles are missing.
    missed_at: Ts,
}

impl DeskMarket {
    pub(crate) fn new(settings: &MarketSettings, instrument: &Instrument, base: Timeframe) -> Self {
        let fixed = fixed_standing(&settings.universe, instrument.name());
        DeskMarket {
            seat: Seat::without_listing(fixed.unwrap_or(Standing::NoListing)),
            quality: Quality::NEW,
            wide_pct: settings.data_quality.spread_max_pct.to_f64(),
            quotes: Quotes::None,
            terms: Terms::default(),
            leverage: instrument.leverage_at_most(instrument.spec().leverage_max),
            length: base.span(),
            candles: 0,
            newest: Ts::from_nanos(i64::MIN),
            missed_at: Ts::FAR_FUTURE,
        }
    }

    /// Takes its seat in a new universe; `caps` are those of its tier, where they act.
    pub(super) fn seat(&mut self, instrument: &Instrument, member: Option<&Member>, caps: Option<TierCaps>) {
        if matches!(self.seat.standing, Standing::ExcludedBase | Standing::Blocked) {
            return;
        }
        self.seat = match member {
            None => Seat::without_listing(Standing::NotListed),
            Some(member) => Seat {
                standing: member.standing,
                caps,
                pinned: member.pinned,
                volume_24h: member.volume_24h,
                spread_pct: member.spread_pct,
            },
        };
        self.relever(instrument);
    }

    /// The leverage under the caps of tier and instrument.
    pub(super) fn relever(&mut self, instrument: &Instrument) {
        let most = instrument.spec().leverage_max;
        let caps = self.seat.caps;
        self.leverage = instrument.leverage_at_most(caps.map_or(most, |caps| caps.leverage_max.min(most)));
    }

    #[inline]
    /// Takes in a candle that ended at `end`, and when the next one is missed.
    pub(crate) fn see_candle(&mut self, settings: &DataQualitySettings, end: Ts) {
        self.candles += 1;
        self.newest = end;
        self.missed_at = end.plus(self.length).plus(settings.late_max());
    }

    /// Takes in a candle that ended at `end`; says whether it has to be judged.
    #[inline]
    pub(crate) fn is_remarkable(
        &mut self,
        settings: &DataQualitySettings,
        at: Ts,
        end: Ts,
        hole: bool,
    ) -> bool {
        self.see_candle(settings, end);
        !self.quality.is_well() || self.fault(settings, at, end, hole).is_some()
    }

    /// What is wrong with a candle that ended at `end` and with what is quoted beside it.
    #[inline]
    pub(super) fn fault(&self, settings: &DataQualitySettings, at: Ts, end: Ts, hole: bool) -> Option<Fault> {
        if at.since(end) > settings.late_max() {
            return Some(Fault::Stale);
        }
        if hole {
            return Some(Fault::Hole);
        }
        match &self.quotes {
            Quotes::None => None,
            Quotes::Unsound => Some(Fault::Quote),
            Quotes::Sound(quote) => (quote.spread_pct() >= self.wide_pct).then_some(Fault::Spread),
        }
    }

    /// A quote came in; says whether candles have been missing for too long by now.
    #[inline]
    pub(crate) fn see_quote(
        &mut self,
        at: Ts,
        (bid, ask): (PriceUnits, PriceUnits),
        depth: Option<(QtyUnits, QtyUnits)>,
    ) -> bool {
        let sound = bid > PriceUnits::ZERO && ask >= bid;
        let depth = depth.filter(|(bid, ask)| *bid >= QtyUnits::ZERO && *ask >= QtyUnits::ZERO);
        self.quotes = if sound { Quotes::Sound(Quote { at, bid, ask, depth }) } else { Quotes::Unsound };
        let missed = at > self.missed_at;
        if missed {
            self.missed_at = at.plus(self.length);
        }
        missed
    }

    /// One observation of the data; the state, if it is another one now. Two that count are half a candle
    /// apart, so that jitter loses none.
    pub(super) fn observe(
        &mut self,
        settings: &DataQualitySettings,
        at: Ts,
        passed: bool,
    ) -> Option<DataState> {
        let spacing = Span::from_nanos(self.length.nanos() / 2);
        let changed = self.quality.observe(settings, at, spacing, passed);
        changed.map(|_| self.quality.state_at(settings, at))
    }

    /// Candles so far, and the age of the newest.
    pub(super) fn candles(&self, at: Ts) -> (u64, Option<Span>) {
        (self.candles, (self.candles > 0).then(|| at.since(self.newest)))
    }

    /// Oldest end of a candle that is no reason to worry.
    pub(super) fn age_max(&self, settings: &DataQualitySettings) -> Span {
        Span::from_nanos(self.length.nanos().saturating_add(settings.late_max().nanos()))
    }

    pub(crate) fn state_at(&self, settings: &DataQualitySettings, at: Ts) -> DataState {
        self.quality.state_at(settings, at)
    }

    pub(crate) fn digest(&self, instrument: &Instrument, sink: &mut dyn StateSink) {
        self.terms.digest(instrument, sink);
        sink.bytes(self.seat.standing.name().as_bytes());
        sink.number(u64::from(self.seat.pinned));
        for number in [self.seat.volume_24h, self.seat.spread_pct] {
            sink.float(number.unwrap_or(-1.0));
        }
        if let Some(caps) = &self.seat.caps {
            sink.decimal(caps.leverage_max.get());
        }
        sink.decimal(self.leverage.unwrap_or(Ratio::ZERO).get());
        self.quality.digest(sink);
        self.quotes.digest(sink);
        sink.number(self.candles);
        for time in [self.newest, self.missed_at] {
            sink.signed(time.nanos());
        }
    }
}
