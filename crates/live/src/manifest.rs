//! What a run was started with: everything that a replay needs beside the journal.

use std::path::Path;

use seawall_config::Config;
use seawall_engine::{Setup, Signals};
use seawall_model::{Instrument, InstrumentId, InstrumentSpec, Timeframe};
use seawall_simulator::Exchange;
use seawall_venues::codec::Codec;
use serde::{Deserialize, Serialize};

use crate::error::LiveError;
use crate::run::start::venue_named;

const FILE: &str = "run.json";
const SCHEMA: &str = "seawall.manifest/1";

/// One instrument of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestInstrument {
    /// Its rules.
    pub spec: InstrumentSpec,
    /// Decimals of its data.
    pub data_decimals: u32,
    /// Decimals of its quantities, where there are to be more than lot and minimum have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub qty_decimals: u32,
    /// Length of its candles.
    pub timeframe: Timeframe,
    /// Nobody trades it: another one names it as its signal. Those come last.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub read_only: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(decimals: &u32) -> bool {
    *decimals == 0
}

/// The description of a run, kept beside its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    pub schema: String,
    /// Number of the run; part of every client order id.
    pub run: u32,
    /// The effective configuration.
    pub config: Config,
    /// The instruments in order of their ids.
    pub instruments: Vec<ManifestInstrument>,
    /// Whether orders went to the configured venue; otherwise a simulated one took them.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub live: bool,
}

impl Manifest {
    /// Describes a run.
    #[must_use]
    pub fn new(run: u32, config: Config, instruments: Vec<ManifestInstrument>) -> Self {
        Manifest { schema: SCHEMA.to_owned(), run, config, instruments, live: false }
    }

    /// The checked instruments.
    ///
    /// # Errors
    /// Contradicting rules.
    pub fn table(&self) -> Result<Vec<Instrument>, LiveError> {
        let numbered = (0_u32..).zip(&self.instruments);
        numbered
            .map(|(number, one)| {
                let (id, spec) = (InstrumentId(number), one.spec.clone());
                Ok(Instrument::with_decimals(id, spec, one.data_decimals, one.qty_decimals)?)
            })
            .collect()
    }

    /// How many of the instruments are traded: they come first.
    #[must_use]
    pub fn traded(&self) -> usize {
        self.instruments.iter().take_while(|one| !one.read_only).count()
    }

    /// The engine of the run. The simulated venue of a paper run pushes every change, but the engine is told
    /// that it may lose some, so that stops are proven by query as they are live.
    ///
    /// # Errors
    /// Contradicting rules.
    pub fn setup(&self) -> Result<Setup, LiveError> {
        let simulator = &self.config.simulator;
        let mut capabilities = if self.live {
            venue_named(self.config.venue.name).profile().capabilities()
        } else {
            Exchange::capabilities(simulator)
        };
        capabilities.lossless_order_stream = false;
        let timeframes = self.instruments.iter().map(|one| one.timeframe);
        let mut instruments: Vec<_> = self.table()?.into_iter().zip(timeframes).collect();
        let read_only = instruments.split_off(self.traded());
        let signals = Signals::named(&instruments.iter().map(|(one, _)| one), read_only)?;
        Ok(Setup {
            instruments,
            signals,
            strategy: self.config.strategy.clone(),
            risk: self.config.risk.clone(),
            protection: self.config.protection.clone(),
            reconcile: self.config.reconcile.clone(),
            trade: self.config.trade(),
            decisions: self.config.decisions.clone(),
            market: self.config.market(),
            has_quotes: true,
            capabilities,
            run: self.run,
            require_stop: true,
            cost_bps: seawall_backtest::run::round_trip_cost_bps(simulator),
        })
    }

    /// The manifest as text; its hash stands in the journal.
    ///
    /// # Errors
    /// None for what this type can hold; the type is the serialiser's.
    pub fn text(&self) -> Result<String, LiveError> {
        serde_json::to_string_pretty(self)
            .map_err(|error| LiveError::Manifest { path: FILE.into(), problem: error.to_string() })
    }

    /// Hash of [`Self::text`].
    pub(crate) fn hash(&self) -> Result<seawall_store::journal::Digest, LiveError> {
        Ok(seawall_store::journal::Digest::sha256(self.text()?.as_bytes()))
    }

    /// Writes the manifest into the folder of a run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), LiveError> {
        let path = folder.join(FILE);
        std::fs::write(&path, self.text()?).map_err(LiveError::file(&path, "writing"))
    }

    /// Reads the manifest of the run in `folder`.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn read(folder: &Path) -> Result<Self, LiveError> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(LiveError::file(&path, "reading"))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| LiveError::Manifest { path: path.clone(), problem: error.to_string() })?;
        if manifest.schema != SCHEMA {
            let problem = format!("schema `{}` instead of `{SCHEMA}`", manifest.schema);
            return Err(LiveError::Manifest { path, problem });
        }
        Ok(manifest)
    }
}
