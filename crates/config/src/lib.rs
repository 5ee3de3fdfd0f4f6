//! Seawall's configuration: one typed tree, put together from layers that remember where each value is from.
//!
//! [`Loader`] merges the defaults, the environment (`SEAWALL__STRATEGY__EMA_CROSS__FAST=12`), one YAML file
//! and `--set key=value`, and answers with a [`Loaded`] configuration or with every problem at once, each
//! with its place, its key and the fix. Invariants: the defaults are those of the sections' own types, a key
//! that no type reads is refused, a number keeps its digits, and no value of a secret is ever shown. Nothing
//! here reads a file, the environment or a clock: the caller hands in what it has.

mod api;
mod check;
mod de;
mod discovery;
mod error;
mod explain;
mod layers;
mod loader;
mod node;
mod render;
mod runtime;
mod sample;
mod secrets;
mod settings;
mod shape;
mod suggest;
mod text;
mod validate;
mod yaml;

pub use api::ApiSettings;
pub use discovery::{DiscoverySettings, PerpetualOf};
pub use error::{ConfigError, Problem, Source};
pub use explain::Explained;
pub use loader::{Loaded, Loader};
pub use runtime::{RunSettings, VenueName, VenueSettings};
pub use sample::{sample, starter};
pub use settings::{BacktestSettings, Config, ConfigSettings, DataSettings, DemoSettings, Priority};
pub use text::{fingerprint_text, schema};
