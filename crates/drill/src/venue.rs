//! The exchange in a box as a process, and its own truth behind the protocol.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use rust_decimal::Decimal;
use seawall_model::{ClientOrderId, InstrumentName, Side, Ts};
use serde::Deserialize;

use crate::http::{self, field};
use crate::process::Process;

/// How long it may take until it listens.
const START_MAX: Duration = Duration::from_secs(120);

/// What it is started with.
#[derive(Debug, Clone)]
pub(crate) struct VenueOptions {
    pub(crate) seed: u64,
    pub(crate) speed: u32,
    pub(crate) instruments: u32,
    pub(crate) balance: u64,
    pub(crate) history_days: u32,
    /// Seconds of its clock between two ticks.
    pub(crate) tick_secs: u32,
    /// Positions and orders that are there from the start.
    pub(crate) account: Option<String>,
}

impl VenueOptions {
    /// A market that is awake.
    pub(crate) fn new(seed: u64, speed: u32, instruments: u32) -> Self {
        VenueOptions {
            seed,
            speed,
            instruments,
            balance: 1_000_000,
            history_days: 1,
            tick_secs: 1,
            account: None,
        }
    }
}

/// A position as the venue knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Position {
    pub(crate) symbol: String,
    /// Signed.
    pub(crate) qty: Decimal,
    pub(crate) delisted: bool,
}

/// An open order as the venue knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct OpenOrder {
    pub(crate) client_id: Option<String>,
    pub(crate) symbol: String,
    pub(crate) side: Side,
    pub(crate) qty: Decimal,
    pub(crate) filled: Decimal,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) reduce_only: bool,
}

impl OpenOrder {
    /// Whether its client id is one that Seawall gives.
    pub(crate) fn is_ours(&self) -> bool {
        self.client_id.as_deref().is_some_and(is_ours)
    }
}

/// Whether a client id is one that Seawall gives.
pub(crate) fn is_ours(client_id: &str) -> bool {
    ClientOrderId::from_wire(client_id).is_some()
}

/// What the venue knows of the account.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct State {
    pub(crate) time: Ts,
    pub(crate) balance: Decimal,
    pub(crate) positions: Vec<Position>,
    pub(crate) open_orders: Vec<OpenOrder>,
}

impl State {
    /// Whether nothing but time and prices has changed.
    pub(crate) fn is_like(&self, other: &State) -> bool {
        self.balance == other.balance
            && self.positions == other.positions
            && self.open_orders == other.open_orders
    }

    /// What of a position no live stop covers.
    pub(crate) fn uncovered(&self, position: &Position) -> Decimal {
        let closing = if position.qty.is_sign_positive() { Side::Sell } else { Side::Buy };
        let stops = self.open_orders.iter().filter(|order| {
            order.symbol == position.symbol
                && order.side == closing
                && order.reduce_only
                && order.stop_price.is_some()
        });
        let covered: Decimal = stops.map(|order| order.qty - order.filled).sum();
        position.qty.abs() - covered
    }
}

/// An order of the venue's history.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct OrderRow {
    pub(crate) number: u32,
    pub(crate) client_id: Option<String>,
    pub(crate) symbol: String,
    pub(crate) state: String,
}

#[derive(Deserialize)]
struct Orders {
    orders: Vec<OrderRow>,
}

#[derive(Deserialize)]
struct Started {
    rest: String,
    clock: String,
    key: String,
    secret: String,
}

/// The exchange in a box.
pub(crate) struct Venue {
    process: Process,
    pub(crate) address: SocketAddr,
    /// Its clock, as a run is told of it.
    pub(crate) clock: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl Venue {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn start(binary: &Path, folder: &Path, options: &VenueOptions) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.args(["testnet", "--venue", "kraken-futures", "--listen", "127.0.0.1:0", "--json"]);
        for (name, value) in [
            ("--seed", options.seed.to_string()),
            ("--speed", options.speed.to_string()),
            ("--instruments", options.instruments.to_string()),
            ("--balance", options.balance.to_string()),
            ("--history-days", options.history_days.to_string()),
            ("--tick-secs", options.tick_secs.to_string()),
        ] {
            command.args([name, &value]);
        }
        if let Some(account) = &options.account {
            let path = folder.join("positions.yaml");
            std::fs::write(&path, account)?;
            command.arg("--positions").arg(path);
        }
        let process = Process::start("the exchange", &mut command, &folder.join("testnet.log"))?;
        let (_, line) = process.wait_for("{", START_MAX)?;
        let started: Started = serde_json::from_str(&line).context("the exchange says something else")?;
        let address = started.rest.trim_start_matches("http://").parse().context("no address")?;
        let Started { clock, key, secret, .. } = started;
        Ok(Venue { process, address, clock, key, secret })
    }

    /// What it knows of the account.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn state(&self) -> anyhow::Result<State> {
        state_of(self.address)
    }

    /// Orders after that number.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn orders(&self, after: u32) -> anyhow::Result<Vec<OrderRow>> {
        let answer = http::ask(self.address, "GET", &format!("/testnet/orders?after={after}"), "")?;
        let Orders { orders } = serde_json::from_value(answer)?;
        Ok(orders)
    }

    /// Puts rules of faults in the place of those in force; an empty list ends them all.
    ///
    /// # Errors
    /// It does not take them.
    pub(crate) fn set_faults(&self, rules: &str) -> anyhow::Result<()> {
        http::ask(self.address, "POST", "/testnet/faults", rules).map(|_| ())
    }

    /// How often faults have happened since the rules were set.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn faults_happened(&self) -> anyhow::Result<u64> {
        Ok(self.faults_by_name()?.values().sum())
    }

    /// How often each fault has happened since the exchange was started, by its name.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn faults_by_name(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let answer = http::ask(self.address, "GET", "/testnet/faults", "")?;
        let counts = field(&answer, "happened").as_array().cloned().unwrap_or_default();
        let named =
            |count| Some((field(count, "fault").as_str()?.to_owned(), field(count, "count").as_u64()?));
        Ok(counts.iter().filter_map(named).collect())
    }

    /// The listed instruments: our name of each venue's symbol.
    ///
    /// # Errors
    /// It does not answer, or lists what has no name.
    pub(crate) fn listed(&self) -> anyhow::Result<BTreeMap<String, InstrumentName>> {
        let answer = http::ask(self.address, "GET", "/derivatives/api/v3/instruments", "")?;
        let rows = field(&answer, "instruments").as_array().context("no instruments")?;
        let mut names = BTreeMap::new();
        for row in rows {
            let symbol = field(row, "symbol").as_str().context("an instrument without a symbol")?;
            let base = field(row, "base").as_str().context("an instrument without a base")?;
            names.insert(symbol.to_owned(), format!("kraken-futures:{base}/USD:USD").parse()?);
        }
        Ok(names)
    }

    /// Most memory it has had, in KiB.
    pub(crate) fn memory_max_kib(&self) -> Option<u64> {
        self.process.memory_max_kib()
    }
}

/// What the venue at an address knows of the account.
///
/// # Errors
/// It does not answer.
pub(crate) fn state_of(address: SocketAddr) -> anyhow::Result<State> {
    let answer = http::ask(address, "GET", "/testnet/state?fills=no", "")?;
    Ok(serde_json::from_value(answer)?)
}
