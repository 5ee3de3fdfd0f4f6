//! `seawall demo`: the run that trades at a venue, over an exchange in a box that listens on this machine.
//!
//! The same program as `seawall run --mode live`: real sockets, signatures, feeds, reconciliation. Somebody
//! has left two positions without a stop there, so that the first thing to see is that they get one.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use rust_decimal::Decimal;
use seawall_config::{Config, VenueName};
use seawall_live::demo::refuse_without_stop;
use seawall_live::run::secrets::channels;
use seawall_live::{DemoOptions, LiveError, Mode, Run, RunOptions, Snapshot, StopSwitch, Summary};
use seawall_testnet::serve::{Clock, Ended, serve};
use seawall_testnet::world::{AccountSeed, SeedPosition, VenueKind};
use seawall_testnet::{Setup, TestnetError, WorldSettings};
use seawall_venues::{Credentials, Secret};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::demo::{Shown, failure, held};
use super::demo_drills::BoxDrills;
use super::run::progress;
use super::testnet;
use super::view;
use crate::exit::Failure;
use crate::face::{Opened, Planned};

/// The clock of the box is as much faster at most: the waits of the run are as much shorter.
const SPEED_MAX: u32 = 30;
/// Days of candles before the start, for indicators.
const HISTORY_DAYS: u32 = 3;
/// What somebody has left behind without a stop, where the market has it: base, quantity in hundredths.
const LEFT_BEHIND: [(&str, i64); 2] = [("BTC", 2), ("ETH", -50)];

/// An exchange in a box that listens on this machine.
struct ExchangeBox {
    address: String,
    pace: String,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Ended, TestnetError>>,
}

/// Runs the demo until its duration is over or the switch is on.
pub(crate) fn run(
    options: DemoOptions,
    switch: &StopSwitch,
    shown: Shown,
    face: Planned,
) -> Result<Summary, Failure> {
    let DemoOptions { mut config, data_dir, duration, database } = options;
    refuse_without_stop(&config).map_err(failure)?;
    check(&config)?;
    let setup = Setup::new(world(&config));
    let left = left_behind(&setup);
    let secret = Secret::from_base64("secret", &setup.secret).map_err(Failure::work)?;
    let credentials = Some(Credentials { key: setup.key.clone(), secret, passphrase: None });
    let ExchangeBox { address, pace, stop, thread } = open(setup, config.demo.speed)?;
    config.venue.name = VenueName::KrakenFutures;
    config.venue.rest = Some(format!("http://{address}"));
    let stream = format!("ws://{address}/ws/v1");
    (config.venue.public_stream, config.venue.private_stream) = (Some(stream.clone()), Some(stream));
    let drills = BoxDrills { address: address.clone(), speed: config.demo.speed };
    let pace = Some(pace.parse().map_err(Failure::work)?);
    let notify = channels(&config.notify, &|name| std::env::var(name).ok()).map_err(failure)?;
    let (mode, once) = (Mode::Demo, false);
    let options = RunOptions {
        config,
        data_dir,
        mode,
        credentials,
        duration,
        once,
        database,
        pace,
        switch: switch.clone(),
        notify,
    };
    let (sender, receiver) = sync_channel::<Snapshot>(1);
    let told = shown.tells();
    let progress = progress(told);
    if told {
        say!(
            "an exchange in a box listens on {address}; positions without a stop are on its account: {left}"
        );
    }
    let mut run = Run::prepare(options, shown.drawn.then_some(sender), &progress).map_err(failure)?;
    if told {
        say!("demo running in {}; nothing leaves this machine; Ctrl-C ends it", run.folder().display());
        if let Some(order) = run.kill_order() {
            say!("{}", held(order));
        }
    }
    let face = face.with_drills(Arc::new(drills)).show(&mut run, mode)?;
    let engine = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || run.run(&progress))
        .map_err(Failure::work)?;
    if shown.drawn {
        view::follow(&Opened::title(face.as_ref(), "DEMO  exchange in a box"), &receiver, switch);
    }
    let summary = engine.join().unwrap_or(Err(LiveError::Thread)).map_err(failure);
    // It may have ended by itself; what it says then comes from the thread.
    let _ = stop.send(());
    let served = thread.join().unwrap_or(Ok(Ended::Killed)).map_err(testnet::failure)?;
    match served {
        Ended::Stopped => summary,
        Ended::Killed => Err(Failure::work("the exchange in a box has ended before the run")),
    }
}

/// What somebody has left behind on the account, in words.
fn left_behind(setup: &Setup) -> String {
    let symbols = setup.world.account.positions.iter().map(|held| held.symbol.as_str());
    symbols.collect::<Vec<_>>().join(", ")
}

/// What only the demo within the process can do.
fn check(config: &Config) -> Result<(), Failure> {
    let speed = config.demo.speed;
    if speed > SPEED_MAX {
        return Err(Failure::input(format!(
            "demo.speed: {speed} is too fast for sockets; at most {SPEED_MAX}, or add --in-process"
        )));
    }
    if config.demo.spot_basis_bps.is_some() {
        return Err(Failure::input(
            "demo.spot_basis_bps: the exchange in a box lists no spot beside its perpetuals; add --in-process",
        ));
    }
    Ok(())
}

fn world(config: &Config) -> WorldSettings {
    let mut world = WorldSettings::new(VenueKind::KrakenFutures);
    world.seed = config.demo.seed;
    world.instruments = config.demo.instruments;
    world.balance = config.demo.initial_equity;
    world.history_days = HISTORY_DAYS;
    // The bases of the synthetic market come in a fixed order, these two first.
    let there = LEFT_BEHIND.into_iter().take(usize::try_from(config.demo.instruments).unwrap_or(usize::MAX));
    let positions = there.map(|(symbol, hundredths)| SeedPosition {
        symbol: symbol.to_owned(),
        qty: Decimal::new(hundredths, 2),
        entry_price: None,
        delisted: false,
    });
    world.account = AccountSeed { positions: positions.collect(), orders: Vec::new() };
    world
}

/// Opens the box on a free port of this machine.
fn open(setup: Setup, speed: u32) -> Result<ExchangeBox, Failure> {
    let (opened, opening) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(TestnetError::Serve)?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.map_err(TestnetError::Serve)?;
            let address = listener.local_addr().map_err(TestnetError::Serve)?.to_string();
            let clock = Clock::start(speed);
            let exchange = setup.build(clock.now())?;
            // Whoever waits for it may be gone.
            let _ = opened.send((address, clock.pace()));
            let stop = async {
                let _ = stopped.await;
            };
            serve(exchange, clock, listener, stop).await
        })
    };
    let thread = std::thread::Builder::new().name("box".to_owned()).spawn(serving).map_err(Failure::work)?;
    match opening.recv() {
        Ok((address, pace)) => Ok(ExchangeBox { address, pace, stop, thread }),
        // It ended before it listened, and says why.
        Err(_) => match thread.join() {
            Ok(Err(error)) => Err(testnet::failure(error)),
            Ok(Ok(_)) | Err(_) => Err(Failure::work("the exchange in a box did not open")),
        },
    }
}
