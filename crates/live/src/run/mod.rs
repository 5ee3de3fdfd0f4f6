//! A run over a venue: `paper` (its market data, simulated fills), `live` (its orders too) or `demo` (an
//! exchange in a box that begins with the run).
//!
//! The engine has a thread of its own; one task for each venue carries its requests and feeds; a clock that
//! never goes back wakes the engine. The loop is the one of the demo and of backtests
//! ([`seawall_engine::Pump`]), and what leaves is in the journal, synced, before it leaves.
//!
//! Order of a start: lock, settings, addresses, the venue's abilities, clock, rights of the key, instruments,
//! journal and database; then the engine compares its books with the venue and protects what it finds, while
//! the feeds and the candles of the past come in. It is ready once everything agrees, is protected and can be
//! followed. A start that cannot go on before it protects says in which phase and why, and has traded
//! nothing.

mod candles;
mod drive;
mod engine_loop;
mod feeds;
pub(crate) mod find;
mod listing;
mod missed;
mod orders;
mod ports;
mod rules;
pub mod secrets;
mod service;
pub mod start;
pub(crate) mod table;
mod warm_up;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use seawall_config::Config;
use seawall_engine::{Engine, LeftBehind, Pump, Resumed};
use seawall_model::{Candle, Fill, InstrumentId, Money, Rules, Span, Trading, Ts};
use seawall_notify::Secrets;
use seawall_simulator::Exchange;
use seawall_store::db::DatabaseUrl;
use seawall_store::journal::{Header, JournalOptions, RunMode};
use seawall_store::{InstanceLock, KillOrder};
use seawall_venues::{Credentials, Markets, Venue, WantedData};
use tokio::runtime::Runtime;

use self::engine_loop::Core;
pub use self::engine_loop::PaperDrive;
pub(crate) use self::feeds::Feeds;
use self::ports::Port;
use self::rules::Standings;
use self::service::Service;
use self::table::{Kept, Table};
use self::warm_up::WarmUp;
use crate::account_folder::{AccountFolder, Begun};
use crate::alerts::{Teller, Untold};
use crate::database;
use crate::demo::{StopSwitch, refuse_without_stop};
use crate::doctor;
use crate::error::LiveError;
use crate::kill_watch::KillWatch;
use crate::manifest::{Manifest, ManifestInstrument};
use crate::net::{Client, Inbox, VenueHandle, VenueSetup, venue};
use crate::paper_books::paper_books;
use crate::readers::Readers;
use crate::recorder::RunRecorder;
use crate::snapshot::Snapshot;
use crate::tally::Tally;
use crate::wall_clock::{Pace, WallClock};

/// Whether orders are real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The venue's market data, simulated fills.
    Paper,
    /// The venue's orders.
    Live,
    /// The orders of an exchange in a box on this machine that begins with the run: nothing is gone on with,
    /// and without `run.instruments` everything that it lists is traded.
    Demo,
}

impl Mode {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Paper => "paper",
            Mode::Live => "live",
            Mode::Demo => "demo",
        }
    }

    /// Whether orders go to the venue.
    #[must_use]
    pub const fn sends_orders(self) -> bool {
        match self {
            Mode::Paper => false,
            Mode::Live | Mode::Demo => true,
        }
    }
}

/// What to run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The configuration.
    pub config: Config,
    /// Where runs are kept.
    pub data_dir: PathBuf,
    /// Whether orders are real.
    pub mode: Mode,
    /// The key; needed where orders are real.
    pub credentials: Option<Credentials>,
    /// How long; without it until the switch.
    pub duration: Option<Span>,
    /// Reconcile, evaluate the newest candle of each instrument, end.
    pub once: bool,
    /// The PostgreSQL server that has the database; without it a file in the run's folder.
    pub database: Option<DatabaseUrl>,
    /// The clock of the exchange in a box that is the venue; without it the system's.
    pub pace: Option<Pace>,
    /// Ends the run, also while it starts.
    pub switch: StopSwitch,
    /// What the channels of `notify` need.
    pub notify: Secrets,
}

/// Told of each phase of the start and what it is about.
pub type Progress<'a> = &'a dyn Fn(&'static str, &str);

/// A run that is ready to begin: lock, journal, engine and the venue's task are there.
pub struct Run {
    core: Core,
    config: Config,
    folder: PathBuf,
    initial_equity: Money,
    markets: Markets,
    warm_up: WarmUp,
    /// Told before the engine starts: what does not take every order.
    rules: Vec<Rules>,
    /// Executions of before the start that nobody has counted.
    missed: Vec<Fill>,
    /// What each instrument takes.
    standings: Standings,
    /// Held back for a single evaluation: the newest candle of each instrument.
    newest: Vec<(InstrumentId, Candle)>,
    once: bool,
    duration: Option<Span>,
    switch: StopSwitch,
    inbox: Arc<Inbox>,
    clock: Arc<WallClock>,
    feeds: Feeds,
    service: Service,
    kill: KillWatch,
    /// Until when the start before has written down what it did.
    left_at: Ts,
    // The task ends with its runtime, which is dropped after everything that speaks to it.
    venue: VenueHandle,
    runtime: Runtime,
    _lock: InstanceLock,
}

/// What the lock and the database call a run over a venue.
pub(crate) const ACCOUNT: &str = "run";
/// The folder of the runs over a venue, within the data folder; `paper` and `live` are accounts of their own
/// in it, with a folder for each start.
pub const FOLDER: &str = "run";

impl Run {
    /// Prepares a start in a new folder under `data_dir/run/MODE`: it goes on with what the start before it
    /// has left there.
    ///
    /// # Errors
    /// [`LiveError`] with the phase and the cause; nothing has been traded.
    pub fn prepare(
        options: RunOptions,
        view: Option<SyncSender<Snapshot>>,
        progress: Progress<'_>,
    ) -> Result<Self, LiveError> {
        let RunOptions { config, notify, mode, data_dir, .. } = &options;
        let place = (root_of(data_dir, *mode), lock_of(*mode));
        let untold = Untold::new(&config.notify, notify, mode.name(), place);
        Self::begun(options, view, progress).inspect_err(|error| untold.tell(error))
    }

    fn begun(
        options: RunOptions,
        view: Option<SyncSender<Snapshot>>,
        progress: Progress<'_>,
    ) -> Result<Self, LiveError> {
        let RunOptions { config, data_dir, mode, credentials, database, pace, switch, .. } = options;
        let (venue, hosts, net) = start::venue_of(&config)?;
        refuse(&config, venue, pace)?;
        let key = key_for(mode, credentials, &config)?;
        let root = root_of(&data_dir, mode);
        let clock = Arc::new(WallClock::at_pace(pace));
        let (lock, account) = open_account(&root, mode, clock.now(), progress)?;
        let runtime = runtime()?;
        let mut client = Client::new(venue, hosts.clone(), key.clone(), &net, clock.clone())?;
        let mut spot = find::spot_client(&config, &net, clock.clone())?;
        let asking = ask((&mut client, spot.as_mut()), (&config, &root), mode, &account, progress);
        let asked = runtime.block_on(unless_stopped(&switch, asking))?;
        let Asked { balance, table, missed, told_from } = asked;
        let followed = table.followed();
        let Table { markets, chosen, rules } = table;
        let equity = balance.unwrap_or(config.run.paper_equity);
        let at = clock.now();
        let mut books =
            Books::open(&config, (&account, database.as_ref()), mode, &markets, at, equity, view)?;
        books.recorder.teller =
            Teller::start(&config, &options.notify, mode.name(), &books.folder, &books.engine)?;
        books.left.iter().for_each(|left| progress("state", &format!("{}: {}", left.instrument, left.why)));
        let inbox = Arc::new(Inbox::new());
        let data = venue.market_session(wanted(&config, &followed, at), 1);
        let own = key.as_ref().map(|key| venue.account_session(key, told_from.unwrap_or(at), 2));
        let setup = VenueSetup {
            venue,
            hosts,
            net,
            credentials: key,
            markets: markets.clone(),
            sessions: core::iter::once(data).chain(own).collect(),
            clock: clock.clone(),
            inbox: inbox.clone(),
        };
        let handle = started(&runtime, setup)?;
        let port = books.port(&config, (mode, &handle), account.carry.is_some(), at, equity)?;
        let run = Run {
            core: Core { engine: books.engine, port, recorder: books.recorder, pump: Pump::new() },
            feeds: Feeds::new(followed.iter().copied().collect(), mode.sends_orders()),
            service: Service::start(root.join("heartbeat.json"), secs(config.run.heartbeat_s))?,
            folder: books.folder,
            initial_equity: equity,
            warm_up: WarmUp::of(followed.iter().copied()),
            standings: Standings::new(markets.iter().count(), chosen, &rules),
            markets,
            rules,
            missed,
            newest: Vec::new(),
            once: options.once,
            duration: options.duration,
            switch,
            inbox,
            clock,
            kill: KillWatch::new(&data_dir, mode == Mode::Live),
            left_at: account.left_at,
            venue: handle,
            runtime,
            _lock: lock,
            config,
        };
        run.follow(venue, followed, spot);
        Ok(run)
    }

    /// The folder with journal and database.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many instruments the run has: those that are chosen, and those that something is held on.
    #[must_use]
    pub fn instruments(&self) -> usize {
        self.core.engine.instruments().len()
    }

    /// The order of the kill switch under which the run starts, if it is on: there will be no entries.
    #[must_use]
    pub fn kill_order(&self) -> Option<&KillOrder> {
        self.kill.order()
    }

    /// The instruments that the venue does not list.
    fn unlisted(&self) -> BTreeSet<InstrumentId> {
        let gone = self.rules.iter().filter(|rules| rules.trading == Trading::Delisted);
        gone.map(|rules| rules.instrument).collect()
    }

    /// Starts what asks the venue on a schedule.
    fn follow(&self, venue: Venue, followed: Vec<InstrumentId>, spot: Option<Client>) {
        let wanted = warm_up::Wanted {
            instruments: followed,
            timeframe: self.config.run.timeframe,
            count: self.config.run.warm_up_candles,
            follows: !venue.streams_candles(),
        };
        let (handle, inbox, clock) = (self.venue.clone(), self.inbox.clone(), self.clock.clone());
        self.runtime.spawn(warm_up::ask(handle, inbox, clock, wanted));
        let watch = listing::Watch {
            venue: self.venue.clone(),
            inbox: self.inbox.clone(),
            clock: self.clock.clone(),
            markets: self.markets.clone(),
            config: self.config.clone(),
            gone: self.unlisted(),
            spot,
            every: Duration::from_secs(u64::from(self.config.universe.refresh_hours) * 3_600),
        };
        self.runtime.spawn(listing::follow(watch));
    }
}

/// What comes of `work`, unless the switch is on before.
async fn unless_stopped<T>(
    switch: &StopSwitch,
    work: impl Future<Output = Result<T, LiveError>>,
) -> Result<T, LiveError> {
    tokio::select! {
        done = work => done,
        () = switch.switched() => Err(LiveError::Stopped),
    }
}

/// The folder of the account: the demo has one of its own beside those of runs.
fn root_of(data_dir: &Path, mode: Mode) -> PathBuf {
    match mode {
        Mode::Paper | Mode::Live => data_dir.join(FOLDER).join(mode.name()),
        Mode::Demo => data_dir.join(mode.name()),
    }
}

/// What the lock and the database call the account.
const fn lock_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Paper | Mode::Live => ACCOUNT,
        Mode::Demo => mode.name(),
    }
}

/// What no run begins with.
fn refuse(config: &Config, venue: Venue, pace: Option<Pace>) -> Result<(), LiveError> {
    refuse_without_stop(config)?;
    start::refuse_lacks(config, venue)?;
    start::refuse_pace(pace, config)
}

/// What the venue says before a run begins.
struct Asked {
    /// Where orders are real.
    balance: Option<Money>,
    table: Table,
    /// Executions of before the start that nobody has counted.
    missed: Vec<Fill>,
    /// From when on the stream of the account tells, where that is not now.
    told_from: Option<Ts>,
}

async fn ask(
    (client, spot): (&mut Client, Option<&mut Client>),
    (config, root): (&Config, &Path),
    mode: Mode,
    account: &AccountFolder,
    progress: Progress<'_>,
) -> Result<Asked, LiveError> {
    start::check(client, config, mode, progress).await?;
    let carry = account.carry.as_ref();
    let kept = Kept { root, writes: true };
    let table = table::choose((&mut *client, spot), (config, kept), mode, carry, progress).await?;
    let balance = start::balance(client, &table.markets, mode, progress).await?;
    let missed = match (mode, carry) {
        (Mode::Live, Some(carry)) => missed::fills(client, &table.markets, carry).await,
        (Mode::Live | Mode::Paper | Mode::Demo, _) => None,
    };
    let (missed, told_from) = missed.map_or_else(Default::default, |(fills, from)| (fills, Some(from)));
    Ok(Asked { balance, table, missed, told_from })
}

/// The key, where orders are real.
fn key_for(
    mode: Mode,
    credentials: Option<Credentials>,
    config: &Config,
) -> Result<Option<Credentials>, LiveError> {
    match (mode, credentials) {
        (Mode::Paper, _) => Ok(None),
        (Mode::Live | Mode::Demo, Some(key)) => Ok(Some(key)),
        (Mode::Live | Mode::Demo, None) => {
            let prefix = &config.venue.variables;
            let cause = format!("there is no key: {prefix}_API_KEY and {prefix}_API_SECRET are not set");
            Err(LiveError::Refused { phase: "keys", cause })
        }
    }
}

/// The account's folder under its lock.
fn open_account(
    root: &Path,
    mode: Mode,
    now: Ts,
    progress: Progress<'_>,
) -> Result<(InstanceLock, AccountFolder), LiveError> {
    doctor::start::machine(root, mode, progress)?;
    std::fs::create_dir_all(root).map_err(LiveError::file(root, "creating the folder"))?;
    progress("lock", &root.display().to_string());
    let lock = InstanceLock::acquire(root, lock_of(mode))?;
    let account = match mode {
        Mode::Paper | Mode::Live => AccountFolder::open(root, now)?,
        Mode::Demo => AccountFolder::fresh(root, now)?,
    };
    if let Some(earlier) = &account.earlier {
        progress("state", &format!("goes on from {}", earlier.display()));
    }
    Ok((lock, account))
}

const fn secs(seconds: u32) -> Duration {
    Duration::from_secs(seconds as u64)
}

/// The venue's task, on the runtime.
pub(crate) fn started(runtime: &Runtime, setup: VenueSetup) -> Result<VenueHandle, LiveError> {
    let _entered = runtime.enter();
    Ok(venue::start(setup)?)
}

pub(crate) fn runtime() -> Result<Runtime, LiveError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("net")
        .enable_all()
        .build()
        .map_err(LiveError::file(Path::new("runtime"), "starting its threads"))
}

/// Quotes of everything that is followed; candles from now on.
fn wanted(config: &Config, ids: &[InstrumentId], now: Ts) -> WantedData {
    let timeframe = config.run.timeframe;
    let candles = ids.iter().map(|id| (*id, timeframe, timeframe.floor(now))).collect();
    WantedData { quotes: ids.to_vec(), candles }
}

/// The engine with everything that is written down.
struct Books {
    engine: Engine,
    recorder: RunRecorder,
    table: Vec<seawall_model::Instrument>,
    folder: PathBuf,
    /// What the state of the start before has that the configuration has no place for.
    left: Vec<LeftBehind>,
}

impl Books {
    /// Where requests go.
    fn port(
        &self,
        config: &Config,
        (mode, venue): (Mode, &VenueHandle),
        goes_on: bool,
        at: Ts,
        equity: Money,
    ) -> Result<Port, LiveError> {
        match mode {
            Mode::Live | Mode::Demo => Ok(Port::Live { venue: venue.clone(), refused: Vec::new() }),
            Mode::Paper => self.paper_port(config, goes_on, at, equity),
        }
    }

    /// The simulated exchange: a new one, or one with the books that the start before has left.
    fn paper_port(&self, config: &Config, goes_on: bool, at: Ts, equity: Money) -> Result<Port, LiveError> {
        let exchange = if goes_on {
            Exchange::restore(at, &config.simulator, &self.table, &paper_books(&self.engine))?
        } else {
            Exchange::new(&config.simulator, &self.table, equity)?
        };
        Ok(Port::Paper(Box::new(exchange)))
    }

    fn open(
        config: &Config,
        (account, url): (&AccountFolder, Option<&DatabaseUrl>),
        mode: Mode,
        markets: &Markets,
        at: Ts,
        equity: Money,
        view: Option<SyncSender<Snapshot>>,
    ) -> Result<Self, LiveError> {
        let run = account.run;
        let described = markets.iter().map(|market| ManifestInstrument {
            spec: market.instrument.spec().clone(),
            data_decimals: market.instrument.price_scale(),
            qty_decimals: market.instrument.qty_scale(),
            timeframe: config.run.timeframe,
            read_only: false,
        });
        let mut manifest = Manifest::new(run, config.clone(), described.collect());
        manifest.live = mode.sends_orders();
        let (engine, left) = match &account.carry {
            Some(carry) => {
                let Resumed { engine, left } = Engine::resume(manifest.setup()?, carry)?;
                (engine, left)
            }
            None => (Engine::new(manifest.setup()?)?, Vec::new()),
        };
        let table = manifest.table()?;
        let header = Header {
            mode: match mode {
                Mode::Paper | Mode::Demo => RunMode::Paper,
                Mode::Live => RunMode::Live,
            },
            seed: 0,
            config_hash: manifest.hash()?,
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: at,
        };
        let segment_bytes_max = u64::from(config.data.journal_segment_mb) * 1024 * 1024;
        let options = JournalOptions { segment_bytes_max };
        let Begun { folder, journal, carry } = account.begin(&manifest, &header, options, &engine)?;
        // One run has many starts, and a database holds a run once: each start has a place of its own.
        let place = format!("{}_{run}_{}", lock_of(mode), account.start);
        let writer = database::begin(&folder, &place, url, (run, &header, table.as_slice()))?;
        let recorder = RunRecorder {
            journal,
            carry,
            tally: Tally::new(),
            readers: Readers::new(writer, view, equity)?,
            teller: Teller::default(),
            started: Instant::now(),
            first_protected_s: None,
            naked_before_s: engine.naked_max().secs_f64(),
            handed_over: Instant::now(),
        };
        Ok(Books { engine, recorder, table, folder, left })
    }
}
