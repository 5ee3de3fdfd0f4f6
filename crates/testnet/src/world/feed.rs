//! Where prices come from: the synthetic market, one-minute candles of a file walked as ticks, or whoever
//! carries the exchange in a box ([`super::World::tick`]).

use rust_decimal::Decimal;
use seawall_model::{
    Candle, ContractKind, Instrument, InstrumentId, InstrumentSpec, Money, Price, Ratio, Span, Timeframe, Ts,
};
use seawall_simulator::{MarketEvent, SyntheticMarket, SyntheticSettings};

use super::chart::Chart;
#[cfg(feature = "files")]
use super::replay::Replay;
use super::settings::{MarketSource, VenueKind, WorldSettings};
use crate::error::TestnetError;

/// Minutes of history that are made up as one-minute candles; the rest is made of quarter hours.
const FINE_MINUTES: i64 = 2_400;
const MINUTE: Span = Span::from_secs(60);

/// The source of prices.
#[derive(Debug, Clone)]
pub(crate) enum Feed {
    Synthetic {
        market: Box<SyntheticMarket>,
        next: Option<MarketEvent>,
    },
    #[cfg(feature = "files")]
    Replay(Replay),
    /// Ticks are given from outside.
    Given,
}

impl Feed {
    /// The market with its instruments and their candles before `start`; its next event is the first of the
    /// minute in which the start lies.
    pub(crate) fn new(
        settings: &WorldSettings,
        start: Ts,
    ) -> Result<(Feed, Vec<Instrument>, Vec<Chart>), TestnetError> {
        match &settings.market {
            MarketSource::Synthetic => synthetic(settings, start),
            #[cfg(feature = "files")]
            MarketSource::File(path) => super::replay::replay(settings, path, start),
            MarketSource::Given(specs) => given(settings, specs),
        }
    }

    /// When its next event happens, as far as it is known without moving on.
    pub(crate) fn known_next_at(&self) -> Option<Ts> {
        match self {
            Feed::Synthetic { next, .. } => next.map(|event| event.at),
            #[cfg(feature = "files")]
            Feed::Replay(replay) => replay.known_next_at(),
            Feed::Given => None,
        }
    }

    /// When its next event happens.
    pub(crate) fn next_at(&mut self) -> Option<Ts> {
        match self {
            Feed::Synthetic { market, next } => {
                if next.is_none() {
                    *next = market.next();
                }
                next.map(|event| event.at)
            }
            #[cfg(feature = "files")]
            Feed::Replay(replay) => replay.next_at(),
            Feed::Given => None,
        }
    }

    /// Its next event.
    pub(crate) fn next(&mut self) -> Option<MarketEvent> {
        self.next_at();
        match self {
            Feed::Synthetic { next, .. } => next.take(),
            #[cfg(feature = "files")]
            Feed::Replay(replay) => replay.next(),
            Feed::Given => None,
        }
    }
}

fn synthetic(
    settings: &WorldSettings,
    start: Ts,
) -> Result<(Feed, Vec<Instrument>, Vec<Chart>), TestnetError> {
    let first = Timeframe::D1
        .floor(start)
        .minus(Span::from_secs(i64::from(settings.history_days.max(1)).saturating_mul(86_400)));
    let mut market = SyntheticMarket::new(&SyntheticSettings {
        seed: settings.seed,
        instruments: settings.instruments,
        start: first,
        tick_secs: settings.tick_secs,
    });
    let specs = market.instruments();
    let instruments = numbered(specs, settings.venue)?;
    let mut charts = vec![Chart::default(); instruments.len()];
    let mut sink = |id: InstrumentId, candle: Candle| {
        if let Some(chart) = charts.get_mut(id.index()) {
            chart.candle(&candle);
        }
    };
    let fine = start.minus(Span::from_nanos(MINUTE.nanos() * FINE_MINUTES));
    market.skip_ahead(Timeframe::M15.floor(fine.max(first)), 15, &mut sink);
    market.skip_ahead(Timeframe::M1.floor(start), 1, &mut sink);
    Ok((Feed::Synthetic { market: Box::new(market), next: None }, instruments, charts))
}

/// Instruments without a past.
fn given(
    settings: &WorldSettings,
    specs: &[InstrumentSpec],
) -> Result<(Feed, Vec<Instrument>, Vec<Chart>), TestnetError> {
    let instruments = numbered(specs.to_vec(), settings.venue)?;
    let charts = vec![Chart::default(); instruments.len()];
    Ok((Feed::Given, instruments, charts))
}

fn numbered(specs: Vec<InstrumentSpec>, venue: VenueKind) -> Result<Vec<Instrument>, TestnetError> {
    let one = |(spec, id)| Ok(Instrument::new(InstrumentId(id), for_venue(spec, venue)?, 0)?);
    specs.into_iter().zip(0..).map(one).collect()
}

/// The venue's name and kind for what the synthetic market made up.
pub(super) fn for_venue(mut spec: InstrumentSpec, venue: VenueKind) -> Result<InstrumentSpec, TestnetError> {
    let base = spec.name.base();
    let (name, kind) = match venue {
        VenueKind::KrakenFutures => (format!("kraken-futures:{base}/USD:USD"), ContractKind::LinearPerpetual),
        VenueKind::Kraken => (format!("kraken:{base}/USD"), ContractKind::Spot),
    };
    spec.name = name.parse()?;
    spec.kind = kind;
    let bps = |tenths: i64| Some(seawall_model::Bps::new(Decimal::new(tenths, 1)));
    match venue {
        VenueKind::KrakenFutures => {
            spec.min_notional = Money::ZERO;
            (spec.maker_fee_bps, spec.taker_fee_bps) = (bps(20), bps(50));
        }
        VenueKind::Kraken => {
            // Clients take the price step from the number of decimals there.
            spec.tick = spec.tick.map(|tick| Price::new(Decimal::new(1, tick.get().normalize().scale())));
            spec.margin_tiers.clear();
            spec.leverage_max = Ratio::new(Decimal::ONE);
            (spec.maker_fee_bps, spec.taker_fee_bps) = (bps(250), bps(400));
        }
    }
    Ok(spec)
}
