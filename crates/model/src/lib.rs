//! The words of Seawall: instants, instruments, prices, quantities, candles, orders, fills, positions and
//! events.
//!
//! This crate stands on nothing of ours and does nothing but keep its words' own rules. Money is exact
//! (decimals in newtypes), time is an argument, order of iteration is defined, nothing reads a clock.

pub mod account;
pub mod alert;
pub mod candle;
pub mod canonical;
pub mod capabilities;
pub mod date;
pub mod decimal;
pub mod decision;
pub mod digest;
pub mod error;
pub mod event;
pub mod explain;
pub mod instrument;
pub mod listing;
pub mod money;
pub mod order;
pub mod port;
pub mod position;
pub mod rules;
pub mod shadow;
pub mod time;
pub mod trade;
pub mod units;
pub mod zone;

pub use account::{Booking, BookingKind, ForeignHolding};
pub use alert::{Alert, AlertKind, Severity};
pub use candle::{Candle, Ohlc};
pub use canonical::CanonicalName;
pub use capabilities::Capabilities;
pub use date::{LocalDate, Weekday};
pub use decimal::{Bps, Money, Percent, Price, Qty, Ratio, parse_decimal};
pub use decision::{
    Decision, Gate, GateReading, GuardMode, Outcome, PlannedPrices, Regime, ScorePart, ScorePoints, Verdict,
};
pub use digest::StateSink;
pub use error::ModelError;
pub use event::{
    CancelReason, Command, Coverage, Fill, FillCause, Input, KillReason, Liquidity, OrderUpdate,
    PositionAction, RejectReason, Report, Signal, SubmitOutcome, SystemMode, VenueEvent, VenueOrder,
    VenuePosition, VenueRequest,
};
pub use explain::{Binding, Comparison, Demand};
pub use instrument::{
    ContractKind, Instrument, InstrumentId, InstrumentName, InstrumentSpec, MarginTier, PriceRounding,
};
pub use listing::{ListedKind, ListingRow};
pub use money::{Amount, Currency};
pub use order::{
    ClientOrderId, OrderEvent, OrderKind, OrderRef, OrderRequest, OrderRole, OrderState, Side, TimeInForce,
    Trigger, TriggerSource, VenueId,
};
pub use port::VenuePort;
pub use position::{Position, PositionChange, PositionSide};
pub use rules::{Rules, Trading};
pub use shadow::{ShadowEnd, ShadowOutcome};
pub use time::{Span, Timeframe, Ts};
pub use trade::{Exit, ExitReason, Setup, Trade};
pub use units::{PriceUnits, QtyUnits};
pub use zone::{LocalClock, LocalTime, TimeOfDay, Zone};
