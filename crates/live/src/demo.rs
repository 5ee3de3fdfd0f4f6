//! The demo: the whole system on paper over the seeded synthetic market.
//!
//! The market's clock runs a fixed number of times faster than the wall's; every input carries the market's
//! time, so a run of one seed and length is the same on every machine, however fast it goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use seawall_config::Config;
use seawall_engine::{Engine, Pump};
use seawall_model::{Command, Input, Span, SystemMode, Timeframe, Ts};
use seawall_simulator::{Exchange, MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings};
use seawall_store::db::DatabaseUrl;
use seawall_store::journal::{EndReason, Header, Journal, JournalInfo, JournalOptions, Record, RunMode};
use seawall_store::{InstanceLock, KillOrder};

use crate::alerts::Teller;
use crate::board::{About, Board, BoardWriter, Surroundings, obey, table};
use crate::clock::Pacer;
use crate::database;
use crate::ending::finish;
use crate::error::LiveError;
use crate::kill_watch::KillWatch;
use crate::listing::Listings;
use crate::manifest::Manifest;
use crate::net::Inbox;
use crate::readers::Readers;
use crate::recorder::RunRecorder;
use crate::snapshot::Snapshot;
use crate::summary::Summary;
use crate::tally::Tally;
use crate::twins::Twins;
use seawall_store::carry_log::CarryLog;

/// How much of the market is worked off at once before the clock begins to pace, so that indicators are warm.
const WARM_UP: Span = Span::from_secs(2 * 3_600);
/// Market time that a stopping run gives the venue to answer the last requests.
const WIND_DOWN: Span = Span::from_secs(30);
/// Longest wait in one piece, so that a stop is noticed in time.
const NAP: Duration = Duration::from_millis(50);
/// Pauses between looks at the switch.
const LOOK: Duration = Duration::from_millis(50);
/// What the lock and the database call the demo.
const ACCOUNT: &str = "demo";
/// Runs in one folder.
const RUNS_MAX: u32 = 999_999;

/// What to run.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The configuration; `demo` has seed, speed and size of the market.
    pub config: Config,
    /// Where runs are kept.
    pub data_dir: PathBuf,
    /// How long by the wall clock at the configured speed; without it until the switch.
    pub duration: Option<Span>,
    /// The PostgreSQL server that has the database; without it a file in the run's folder.
    pub database: Option<DatabaseUrl>,
}

/// Ends a run from outside: entries are cancelled, stops stay.
#[derive(Debug, Clone, Default)]
pub struct StopSwitch(Arc<AtomicBool>);

impl StopSwitch {
    /// A switch that is off.
    #[must_use]
    pub fn new() -> Self {
        StopSwitch::default()
    }

    /// Asks the run to end.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Ends when it is on.
    pub(crate) async fn switched(&self) {
        while !self.is_on() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A demo that is ready to run: folder, lock, journal and engine are there.
pub struct Demo {
    engine: Engine,
    exchange: Exchange,
    market: SyntheticMarket,
    listings: Listings,
    twins: Twins,
    recorder: RunRecorder,
    pump: Pump,
    folder: PathBuf,
    config: Config,
    started_at: Ts,
    duration: Option<Span>,
    kill: KillWatch,
    /// Rung where somebody commands, or asks how things stand.
    bell: Arc<Inbox>,
    _lock: InstanceLock,
}

impl Demo {
    /// Prepares a run in a new folder under `data_dir/demo`.
    ///
    /// # Errors
    /// A strategy without stops, settings that don't fit, another instance at work, a disk that refuses.
    pub fn prepare(options: DemoOptions, view: Option<SyncSender<Snapshot>>) -> Result<Self, LiveError> {
        let DemoOptions { config, data_dir, duration, database } = options;
        refuse_without_stop(&config)?;
        let synthetic = SyntheticSettings {
            seed: config.demo.seed,
            instruments: config.demo.instruments,
            ..SyntheticSettings::default()
        };
        let market = SyntheticMarket::new(&synthetic);
        let twins = Twins::new(config.demo.spot_basis_bps, config.demo.instruments);
        let root = data_dir.join("demo");
        std::fs::create_dir_all(&root).map_err(LiveError::file(&root, "creating the folder"))?;
        let lock = InstanceLock::acquire(&root, ACCOUNT)?;
        let run = next_run(&root, ACCOUNT, database.as_ref())?;
        let manifest = Manifest::new(run, config.clone(), twins.table(market.instruments())?);
        // Everything that can be wrong with the settings shows before anything is written.
        let engine = Engine::new(manifest.setup()?)?;
        let table = manifest.table()?;
        let traded = table.get(..manifest.traded()).unwrap_or_default();
        let exchange = Exchange::new(&config.simulator, traded, config.demo.initial_equity)?;
        let folder = root.join(format!("run-{run:06}"));
        std::fs::create_dir(&folder).map_err(LiveError::file(&folder, "creating the folder"))?;
        manifest.write(&folder)?;
        let header = Header {
            mode: RunMode::Paper,
            seed: config.demo.seed,
            config_hash: manifest.hash()?,
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: synthetic.start,
        };
        let mut journal = journal(&config, &folder, JournalInfo::new(run, &table))?;
        journal.append(synthetic.start, &Record::Header(header.clone()))?;
        let started_at = Timeframe::M1.floor(synthetic.start);
        let writer = database::begin(&folder, ACCOUNT, database.as_ref(), (run, &header, table.as_slice()))?;
        let listings = Listings::new(started_at, config.universe.refresh_hours, traded.to_vec(), &market);
        let readers = Readers::new(writer, view, config.demo.initial_equity)?;
        let recorder = RunRecorder {
            journal,
            carry: CarryLog::fresh(),
            tally: Tally::new(),
            readers,
            teller: Teller::default(),
            started: Instant::now(),
            first_protected_s: None,
            naked_before_s: 0.0,
            handed_over: Instant::now(),
        };
        Ok(Demo {
            engine,
            exchange,
            market,
            listings,
            twins,
            recorder,
            pump: Pump::new(),
            folder,
            config,
            started_at,
            duration,
            kill: KillWatch::new(&data_dir, false),
            bell: Arc::default(),
            _lock: lock,
        })
    }

    /// The folder with journal and database.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The order of the kill switch under which the run starts, if it is on: there will be no entries.
    #[must_use]
    pub fn kill_order(&self) -> Option<&KillOrder> {
        self.kill.order()
    }

    /// Runs on the calling thread until the duration is over or the switch is on. Call it on a thread of its
    /// own where something else is to happen meanwhile.
    ///
    /// # Errors
    /// The journal cannot be written: nothing leaves any more.
    pub fn run(mut self, switch: &StopSwitch) -> Result<Summary, LiveError> {
        self.recorder.started = Instant::now();
        let paced_from = self.started_at.plus(WARM_UP);
        let speed = i64::from(self.config.demo.speed);
        let ends_at =
            self.duration.map(|span| paced_from.plus(Span::from_nanos(span.nanos().saturating_mul(speed))));
        self.feed(self.started_at, &Input::Started)?;
        if let Some(command) = self.kill.at_start(None, self.started_at) {
            self.feed(self.started_at, &Input::Operator(command))?;
        }
        let mut pacer: Option<Pacer> = None;
        let mut at = self.started_at;
        let mut reason = EndReason::Finished;
        while let Some(event) = self.market.next() {
            if ends_at.is_some_and(|end| event.at >= end) {
                break;
            }
            if event.at >= paced_from {
                let pacer = pacer.get_or_insert_with(|| Pacer::new(paced_from, self.config.demo.speed));
                self.wait_for(event.at, pacer, switch)?;
            }
            if switch.is_on() {
                reason = EndReason::Stopped;
                break;
            }
            at = event.at;
            self.market_event(&event)?;
        }
        let over = match reason {
            EndReason::Finished => ends_at.unwrap_or(at).max(at),
            // The market stands still from here on; what lies between now and the duration never was.
            EndReason::Stopped | EndReason::Failed => at.max(self.engine.now()),
        };
        self.wind_down(over)?;
        self.end(reason)
    }

    /// Waits until `at` has come or the switch is on; what is commanded meanwhile is done, and who asks how
    /// things stand is shown.
    fn wait_for(&mut self, at: Ts, pacer: &Pacer, switch: &StopSwitch) -> Result<(), LiveError> {
        while !switch.is_on() {
            let now = pacer.now().min(at).max(self.engine.now());
            if let Some(command) = self.kill.poll(None, self.started_at) {
                self.run_until(now)?;
                self.feed(now, &Input::Operator(command))?;
            }
            self.obey(now)?;
            self.recorder.show(now, &self.engine, Surroundings::default);
            let left = pacer.left_until(at);
            if left.is_zero() {
                break;
            }
            self.bell.take(left.min(NAP), &mut Vec::new());
        }
        Ok(())
    }

    fn market_event(&mut self, event: &MarketEvent) -> Result<(), LiveError> {
        let MarketEvent { at, instrument, kind } = *event;
        self.run_until(at)?;
        self.obey(at)?;
        self.recorder.show(at, &self.engine, Surroundings::default);
        if let Some(listing) = self.listings.due(at) {
            self.feed(at, &listing)?;
        }
        match kind {
            MarketEventKind::Tick(tick) => {
                self.listings.see_quote(instrument, tick.bid, tick.ask);
                self.exchange.tick(at, instrument, tick);
                self.run_until(at)?;
                self.feed(at, &Input::Quote { instrument, bid: tick.bid, ask: tick.ask })?;
                self.twins.quote(instrument, tick).map_or(Ok(()), |quote| self.feed(at, &quote))
            }
            MarketEventKind::Candle(candle) => {
                self.listings.see_candle(instrument, &candle);
                self.feed(at, &Input::Candle { instrument, timeframe: Timeframe::M1, candle })?;
                self.twins.candle(instrument, candle).map_or(Ok(()), |candle| self.feed(at, &candle))
            }
            MarketEventKind::FundingRate(rate) => {
                self.exchange.set_funding_rate(at, instrument, rate);
                Ok(())
            }
        }
    }

    /// Shows the run on `board`, and takes commands from there.
    pub fn attach(&mut self, board: Arc<Board>) {
        let (run, instruments) = (self.recorder.journal.info().run, table(&self.engine));
        let about = About { mode: ACCOUNT, folder: self.folder.clone(), run, instruments };
        self.recorder.readers.board = Some(BoardWriter::new(board, about, Some(self.bell.clone())));
    }

    /// Carries out what was commanded.
    fn obey(&mut self, at: Ts) -> Result<(), LiveError> {
        for ask in self.recorder.commands() {
            self.run_until(at)?;
            let Demo { engine, exchange, recorder, pump, kill, .. } = self;
            obey(at, ask, recorder, engine, kill, |recorder, engine, input| {
                pump.feed(engine, exchange, recorder, at, input)
            })?;
        }
        Ok(())
    }

    /// No new entries, resting ones cancelled, stops stay; the venue gets time for its last answers.
    fn wind_down(&mut self, at: Ts) -> Result<(), LiveError> {
        self.run_until(at)?;
        if self.engine.mode() < SystemMode::ProtectOnly {
            self.feed(at, &Input::Operator(Command::Shutdown))?;
        }
        self.run_until(at.plus(WIND_DOWN))
    }

    fn end(self, reason: EndReason) -> Result<Summary, LiveError> {
        finish(&self.engine, self.recorder, &self.folder, self.config.demo.initial_equity, reason)
    }

    fn run_until(&mut self, at: Ts) -> Result<(), LiveError> {
        let Demo { pump, engine, exchange, recorder, .. } = self;
        pump.run_until(engine, exchange, recorder, at)
    }

    fn feed(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        let Demo { pump, engine, exchange, recorder, .. } = self;
        pump.feed(engine, exchange, recorder, at, input)
    }
}

pub(crate) fn journal(config: &Config, folder: &Path, info: JournalInfo) -> Result<Journal, LiveError> {
    let segment_bytes_max = u64::from(config.data.journal_segment_mb) * 1024 * 1024;
    let disk = Arc::new(seawall_store::disk::StdDisk);
    Ok(Journal::create_on(disk, &folder.join("journal"), info, JournalOptions { segment_bytes_max })?)
}

/// Outside backtests every position needs a stop.
///
/// # Errors
/// [`LiveError::NoStop`] with the key that gives the strategy one.
pub fn refuse_without_stop(config: &Config) -> Result<(), LiveError> {
    if config.strategy.always_has_stop() {
        return Ok(());
    }
    Err(LiveError::NoStop { strategy: config.strategy.name.name(), key: "strategy.ema_cross.stop_pct" })
}

/// The first number that no folder bears yet, and no run of another folder on the server.
pub(crate) fn next_run(root: &Path, account: &str, url: Option<&DatabaseUrl>) -> Result<u32, LiveError> {
    let newest = newest_run(root)?.map(|(run, _)| run).max(database::newest_run(account, url)?);
    Ok(newest.map_or(1, |run| run.saturating_add(1).min(RUNS_MAX)))
}

/// The newest run in `root` with its folder.
///
/// # Errors
/// The folder cannot be read.
pub fn newest_run(root: &Path) -> Result<Option<(u32, PathBuf)>, LiveError> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LiveError::file(root, "reading")(error)),
    };
    let mut newest = None;
    for entry in entries {
        let path = entry.map_err(LiveError::file(root, "reading"))?.path();
        let name = path.file_name().and_then(std::ffi::OsStr::to_str);
        let number =
            name.and_then(|name| name.strip_prefix("run-")).and_then(|digits| digits.parse::<u32>().ok());
        if let Some(number) = number {
            newest = newest.max(Some((number, path)));
        }
    }
    Ok(newest)
}
