//! The spot twins of a synthetic market: for each traded instrument one of the same coin that its strategy
//! reads in its place, with the same course at a fixed distance.
//!
//! Invariant: a twin knows nothing that its instrument does not show at the same instant.

use seawall_model::{Candle, Input, InstrumentId, InstrumentSpec, ModelError, PriceUnits, Timeframe};
use seawall_simulator::Tick;

use crate::manifest::ManifestInstrument;

/// Basis points in one.
const WHOLE: i64 = 10_000;

/// The twins of a market; none where the basis is off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Twins {
    basis_bps: Option<i64>,
    /// The id of the first; the others follow in the order of their instruments.
    first: u32,
}

impl Twins {
    /// Of a market with `traded` instruments.
    pub(crate) fn new(basis_bps: Option<u32>, traded: u32) -> Self {
        Twins { basis_bps: basis_bps.map(i64::from), first: traded }
    }

    /// The instruments with their signals, then the twins.
    pub(crate) fn table(self, specs: Vec<InstrumentSpec>) -> Result<Vec<ManifestInstrument>, ModelError> {
        let one = |spec, read_only| ManifestInstrument {
            spec,
            data_decimals: 0,
            qty_decimals: 0,
            timeframe: Timeframe::M1,
            read_only,
        };
        if self.basis_bps.is_none() {
            return Ok(specs.into_iter().map(|spec| one(spec, false)).collect());
        }
        let (mut traded, mut twins) = (Vec::new(), Vec::new());
        for mut spec in specs {
            let name = spec.name.as_str();
            // `sim:BTC/USD:USD` trades beside `sim:BTC/USD`.
            let twin = name.strip_suffix(&format!(":{}", spec.name.settle())).unwrap_or(name).parse()?;
            let mut twin = InstrumentSpec::spot(twin);
            twin.tick = spec.tick;
            twin.lot = spec.lot;
            spec.signal = Some(twin.name.clone());
            traded.push(one(spec, false));
            twins.push(one(twin, true));
        }
        traded.extend(twins);
        Ok(traded)
    }

    /// What the twin of `instrument` shows with this tick.
    pub(crate) fn quote(self, instrument: InstrumentId, tick: Tick) -> Option<Input> {
        let basis = self.basis_bps?;
        let (bid, ask) = (below(tick.bid, basis), below(tick.ask, basis));
        Some(Input::Quote { instrument: self.of(instrument), bid, ask })
    }

    /// The candle of the twin of `instrument`.
    pub(crate) fn candle(self, instrument: InstrumentId, candle: Candle) -> Option<Input> {
        let basis = self.basis_bps?;
        let candle = Candle {
            open: below(candle.open, basis),
            high: below(candle.high, basis),
            low: below(candle.low, basis),
            close: below(candle.close, basis),
            ..candle
        };
        Some(Input::Candle { instrument: self.of(instrument), timeframe: Timeframe::M1, candle })
    }

    fn of(self, instrument: InstrumentId) -> InstrumentId {
        InstrumentId(self.first.saturating_add(instrument.0))
    }
}

/// The price that lies `basis_bps` of itself below `price`.
fn below(price: PriceUnits, basis_bps: i64) -> PriceUnits {
    PriceUnits::new(price.get().saturating_mul(WHOLE) / (WHOLE + basis_bps))
}
