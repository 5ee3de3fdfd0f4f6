//! The last bid and ask of an instrument, held against an entry.

use seawall_model::{Decision, Gate, Instrument, PriceUnits, QtyUnits, Span, StateSink, Ts};
use seawall_strategy::Direction;

use super::settings::QuoteGuardSettings;

/// A sound quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) at: Ts,
    pub(crate) bid: PriceUnits,
    pub(crate) ask: PriceUnits,
    /// Contracts at bid and ask, where they are known.
    pub(crate) depth: Option<(QtyUnits, QtyUnits)>,
}

impl Quote {
    /// In percent of the bid.
    pub(crate) fn spread_pct(&self) -> f64 {
        self.ask.minus(self.bid).get() as f64 * 100.0 / self.bid.get() as f64
    }
}

/// What is known of the quotes of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Quotes {
    /// None has come in.
    #[default]
    None,
    /// The newest one has no sound bid and ask.
    Unsound,
    /// The newest one.
    Sound(Quote),
}

impl Quotes {
    /// Whether the newest quote is fresh and its spread sound. What is missing is endlessly old.
    pub(super) fn ask(
        &self,
        settings: &QuoteGuardSettings,
        instrument: &Instrument,
        at: Ts,
        decision: &mut Decision,
    ) -> bool {
        let age = match self {
            Quotes::None | Quotes::Unsound => f64::INFINITY,
            // Entries are judged right after their instant: the rest of a millisecond is no age.
            Quotes::Sound(quote) => Span::from_millis(at.since(quote.at).millis()).secs_f64(),
        };
        let oldest = f64::from(settings.quote_age_max_s);
        if !decision.ask_guard(settings.mode, Gate::QuoteAge, age <= oldest, age, oldest) {
            return false;
        }
        let Quotes::Sound(quote) = self else { return true };
        let widest = settings.spread_max_pct(instrument.spec().kind).to_f64();
        let spread = quote.spread_pct();
        decision.ask_guard(settings.mode, Gate::QuoteSpread, spread <= widest, spread, widest)
    }

    /// Whether what stands at the best price is enough for `qty`. Without quantities there is nothing to ask.
    pub(super) fn ask_depth(
        &self,
        settings: &QuoteGuardSettings,
        instrument: &Instrument,
        direction: Direction,
        qty: QtyUnits,
        decision: &mut Decision,
    ) -> bool {
        let (Quotes::Sound(Quote { depth: Some((bid, ask)), .. }), Some(multiple)) =
            (self, settings.depth_multiple)
        else {
            return true;
        };
        let there = match direction {
            Direction::Long => ask,
            Direction::Short => bid,
        };
        let there = instrument.qty(*there).to_f64();
        let least = instrument.qty(qty).to_f64() * multiple.to_f64();
        decision.ask_guard(settings.mode, Gate::BookDepth, there >= least, there, least)
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        match self {
            Quotes::None => sink.number(0),
            Quotes::Unsound => sink.number(1),
            Quotes::Sound(Quote { at, bid, ask, depth }) => {
                let (bid_qty, ask_qty) = depth.unwrap_or((QtyUnits::new(-1), QtyUnits::new(-1)));
                for number in [at.nanos(), bid.get(), ask.get(), bid_qty.get(), ask_qty.get()] {
                    sink.signed(number);
                }
            }
        }
    }
}
