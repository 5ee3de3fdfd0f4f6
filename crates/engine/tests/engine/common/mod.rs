//! What the engine's tests share: builders, a strategy that follows a script, a venue that misbehaves by
//! seed, the world that joins them, and the oracles that watch every step.

#![allow(unreachable_pub, reason = "what the modules of one test binary share")]
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value,
    reason = "a test picks what it looks for, and hands over what it has made"
)]

pub mod account;
pub mod bench;
pub mod faults;
pub mod hall;
pub mod journal;
pub mod kept;
pub mod limits;
pub mod listing;
pub mod market;
pub mod oracles;
pub mod pair;
pub mod random;
pub mod script;
pub mod smc;
pub mod truth;
pub mod venue;
pub mod world;

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_engine::{
    DecisionSettings, MarketSettings, ProtectionSettings, ReconcileSettings, RiskSettings, TradeSettings,
};
use seawall_model::{
    Capabilities, Instrument, InstrumentId, InstrumentSpec, PriceUnits, QtyUnits, Span, Timeframe,
    TriggerSource, Ts,
};
use seawall_strategy::StrategySettings;

/// Where every test's time begins.
pub const T0: Ts = Ts::from_millis(1_700_000_040_000);

/// `seconds` after [`T0`].
pub fn at(seconds: i64) -> Ts {
    T0.plus(Span::from_secs(seconds))
}

pub fn ms(millis: i64) -> Span {
    Span::from_millis(millis)
}

pub fn price(units: i64) -> PriceUnits {
    PriceUnits::new(units)
}

pub fn qty(units: i64) -> QtyUnits {
    QtyUnits::new(units)
}

/// A perpetual with tick 0.01 and lot 0.001: 100.00 is 10 000 price units, 1 contract is 1 000 quantity
/// units.
pub fn instrument(number: u32) -> Instrument {
    let name = ["BTC/USD", "ETH/USD", "SOL/USD"][number as usize % 3];
    let mut spec = InstrumentSpec::new(name.parse().unwrap());
    spec.tick = Some("0.01".parse().unwrap());
    spec.lot = "0.001".parse().unwrap();
    Instrument::new(InstrumentId(number), spec, 2).unwrap()
}

/// A venue that loses nothing and offers everything.
pub fn lossless() -> Capabilities {
    Capabilities {
        amend: true,
        stop_triggers: ArrayVec::from_iter([TriggerSource::Mark, TriggerSource::Last]),
        lossless_order_stream: true,
        reduce_only: true,
        cancels_orphaned_reduce_only: true,
        balance_is_wallet: false,
        acceptance_horizon: Span::from_secs(10),
    }
}

/// A venue across a network.
pub fn remote() -> Capabilities {
    Capabilities { lossless_order_stream: false, cancels_orphaned_reduce_only: false, ..lossless() }
}

/// A set-up for `count` instruments on one-minute candles.
pub fn setup(count: u32, capabilities: Capabilities) -> seawall_engine::Setup {
    seawall_engine::Setup {
        instruments: (0..count).map(|number| (instrument(number), Timeframe::M1)).collect(),
        signals: seawall_engine::Signals::default(),
        strategy: StrategySettings::default(),
        risk: RiskSettings::default(),
        protection: ProtectionSettings::default(),
        // Most tests leave questions unanswered for as long as they like.
        reconcile: ReconcileSettings {
            kill_after_unreconciled_minutes: None,
            kill_after_api_errors: None,
            ..ReconcileSettings::default()
        },
        trade: TradeSettings::default(),
        decisions: DecisionSettings::default(),
        market: MarketSettings::without_guards(),
        has_quotes: false,
        capabilities,
        run: 7,
        require_stop: true,
        cost_bps: 0.0,
    }
}

/// The exact value of `qty` at `price` for [`instrument`].
pub fn value(price: PriceUnits, qty: QtyUnits) -> Decimal {
    Decimal::new(price.get(), 2) * Decimal::new(qty.get(), 3)
}
