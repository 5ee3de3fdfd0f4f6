//! Seawall's engine: a deterministic state machine that turns market data and venue events into orders,
//! protects every position from its first fill, keeps exact books and explains every decision.

pub mod auction;
pub mod carry;
pub mod decision_settings;
pub mod drive;
pub mod effects;
pub mod engine;
pub mod error;
pub mod fingerprint;
pub mod ledger;
pub mod limits;
pub mod mutant;
pub mod overlays;
pub mod phase;
pub mod records;
pub mod risk;
pub mod settings;
pub mod signal;
pub mod trade_settings;
pub mod truth;
pub mod universe;

mod answers;
mod asking;
mod by_hand;
mod desk;
mod doubt;
mod exits;
mod exposure;
mod fills;
mod gateway;
mod locks;
mod look;
mod manage;
mod margin;
mod orders;
mod outside;
mod planning;
mod protection;
mod quarantine;
mod reconcile;
mod shadow;
mod shared;
mod stop_outs;
mod targets;
mod venue;
mod views;
mod warm_up;

pub use auction::settings::AuctionSettings;
pub use by_hand::Unfit;
pub use carry::{Carry, LeftBehind, Resumed};
pub use decision_settings::DecisionSettings;
pub use desk::Difference;
pub use drive::{Pump, Recorder};
pub use effects::Effects;
pub use engine::{Engine, Setup};
pub use error::EngineError;
pub use ledger::{Account, Ledger};
pub use locks::{Lock, LockKind};
pub use phase::Phase;
pub use records::Job;
pub use settings::{ProtectionSettings, RiskSettings};
pub use signal::Signals;
pub use trade_settings::{
    EntryOrder, ExecutionSettings, FinalTarget, ManagementSettings, MultiTpSettings, TradeSettings,
};
pub use truth::blocks::Block;
pub use truth::queries::ReportKind;
pub use truth::settings::{
    ForeignOrderPolicy, HoldingPolicy, OrphanPolicy, PositionOverride, PositionPolicy, ReconcileSettings,
};
pub use universe::{
    DataQualitySettings, DataState, MarketSettings, QuoteGuardSettings, Standing, UniverseSettings,
};
pub use views::PositionView;
