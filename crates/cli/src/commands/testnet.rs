//! `seawall testnet`.

use std::io::Write;
use std::path::{Path, PathBuf};

use seawall_model::Percent;
use seawall_testnet::serve::{Clock, Ended, serve};
use seawall_testnet::world::{MarketSource, VenueKind};
use seawall_testnet::{Setup, TestnetError, WorldSettings, faults, read_account};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Failure;
use crate::testnet_args::{TestnetArgs, TestnetVenue};

/// What a client needs to know.
#[derive(Serialize)]
struct Started<'a> {
    schema: &'static str,
    venue: &'static str,
    rest: String,
    websocket: String,
    control: String,
    key: &'a str,
    secret: &'a str,
    speed: u32,
    /// What `seawall run --testnet-clock` takes.
    clock: String,
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &TestnetArgs) -> Result<(), Failure> {
    let setup = setup(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::work)?;
    let ended = runtime.block_on(async {
        // Caught before anybody is told that it listens.
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::work)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::work)?;
        let listener = TcpListener::bind(args.listen).await;
        let listener =
            listener.map_err(|error| Failure::input(format!("--listen {}: {error}", args.listen)))?;
        let address = listener.local_addr().map_err(Failure::work)?;
        let clock = Clock::start(args.speed);
        let testnet = setup.build(clock.now()).map_err(failure)?;
        tell(args, &setup, &address.to_string(), &clock)?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        serve(testnet, clock, listener, stop).await.map_err(failure)
    });
    runtime.shutdown_background();
    match ended? {
        Ended::Stopped => Ok(()),
        Ended::Killed => Err(Failure::work("killed by a fault")),
    }
}

fn setup(args: &TestnetArgs) -> Result<Setup, Failure> {
    let venue = match args.venue {
        TestnetVenue::KrakenFutures => VenueKind::KrakenFutures,
        TestnetVenue::Kraken => VenueKind::Kraken,
    };
    let mut world = WorldSettings::new(venue);
    world.market = match args.market.as_str() {
        "synthetic" => MarketSource::Synthetic,
        file => MarketSource::File(PathBuf::from(file)),
    };
    world.seed = args.seed;
    world.instruments = args.instruments;
    world.balance = number("--balance", &args.balance)?;
    world.history_days = args.history_days;
    world.tick_secs = args.tick_secs.unwrap_or(if args.instruments > 20 { 5 } else { 1 });
    world.volume_limit_pct = match &args.volume_limit_pct {
        Some(text) => Some(number::<Percent>("--volume-limit-pct", text)?),
        None => None,
    };
    if let Some(file) = &args.positions {
        world.account = read_account(&file.display().to_string(), &text(file)?).map_err(failure)?;
    }
    let rules = match &args.faults {
        Some(file) => faults::read(&file.display().to_string(), &text(file)?).map_err(failure)?,
        None => Vec::new(),
    };
    let mut setup = Setup::new(world);
    setup.faults = rules;
    if let (Some(key), Some(secret)) = (&args.key, &args.secret) {
        (setup.key, setup.secret) = (key.clone(), secret.clone());
    }
    Ok(setup)
}

fn number<T: core::str::FromStr>(option: &str, given: &str) -> Result<T, Failure> {
    given.parse().map_err(|_| Failure::input(format!("{option} {given}: write a number, like 10000")))
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::input(format!("{}: cannot be read: {error}", file.display())))
}

fn tell(args: &TestnetArgs, setup: &Setup, address: &str, clock: &Clock) -> Result<(), Failure> {
    let path = match args.venue {
        TestnetVenue::KrakenFutures => "/ws/v1",
        TestnetVenue::Kraken => "/v2",
    };
    let started = Started {
        schema: "seawall.testnet/1",
        venue: setup.world.venue.name(),
        rest: format!("http://{address}"),
        websocket: format!("ws://{address}{path}"),
        control: format!("http://{address}/testnet/"),
        key: &setup.key,
        secret: &setup.secret,
        speed: args.speed,
        clock: clock.pace(),
        seed: args.seed,
    };
    if args.json {
        say!("{}", serde_json::to_string(&started).map_err(Failure::work)?);
    } else {
        say!("{} in a box; Ctrl-C ends it", started.venue);
        say!("  REST       {}", started.rest);
        say!("  WebSocket  {}", started.websocket);
        say!("  control    {}state, faults, positions, orders (this machine alone)", started.control);
        say!("  API key    {}", started.key);
        say!("  secret     {}", started.secret);
        say!("  clock      the venue's own, {} times as fast as yours", started.speed);
        say!("  ccxt       replace https://futures.kraken.com (or https://api.kraken.com) in exchange.urls");
        say!("             by the REST address and the stream's by the WebSocket; see docs/testnet.md");
    }
    // Whoever started this waits for the line.
    std::io::stdout().flush().map_err(Failure::work)
}

pub(crate) fn failure(error: TestnetError) -> Failure {
    match error {
        TestnetError::Serve(_) => Failure::work(error),
        TestnetError::Setting { .. }
        | TestnetError::Simulator(_)
        | TestnetError::Model(_)
        | TestnetError::MarketFile { .. } => Failure::input(error),
    }
}
