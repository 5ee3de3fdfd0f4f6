//! The folder of an account over several starts: numbers, what is handed on, and replay of a run that began
//! with what an earlier one left.

use std::path::Path;

use seawall_config::{Config, Loader};
use seawall_engine::{Effects, Engine};
use seawall_live::account_folder::{Begun, run_of};
use seawall_live::manifest::ManifestInstrument;
use seawall_live::paper_books::paper_books;
use seawall_live::{AccountFolder, LiveError, Manifest, replay};
use seawall_model::{GuardMode, Input, Span, Timeframe, Ts, VenueEvent};
use seawall_simulator::{Exchange, MarketEventKind, SyntheticMarket, SyntheticSettings};
use seawall_store::db::{Filter, Reader};
use seawall_store::journal::{Checkpoint, Digest, Header, JournalOptions, Record, RunMode};

const DEMO: &str = include_str!("../../../../config/demo.yaml");
const WALL: Ts = Ts::from_millis(1_767_323_045_000);

fn config() -> Config {
    Loader::new().file("demo.yaml", DEMO).set(["demo.seed=7".to_owned()]).load().unwrap().config
}

fn market(config: &Config) -> SyntheticMarket {
    SyntheticMarket::new(&SyntheticSettings {
        seed: config.demo.seed,
        instruments: config.demo.instruments,
        ..SyntheticSettings::default()
    })
}

fn digest(engine: &Engine) -> Digest {
    let mut bytes: Vec<u8> = Vec::new();
    engine.digest(&mut bytes);
    Digest::sha256(&bytes)
}

/// One start over the part of the market from `from` to `until`: paper, without listings and twins.
struct Life {
    engine: Engine,
    exchange: Exchange,
    begun: Begun,
    effects: Effects,
    inputs: u64,
    trades: usize,
}

impl Life {
    fn new(root: &Path, config: &Config, at: Ts) -> (Self, AccountFolder) {
        let folder = AccountFolder::open(root, WALL).unwrap();
        let instruments = market(config)
            .instruments()
            .into_iter()
            .zip(market(config).table().unwrap())
            .map(|(spec, one)| ManifestInstrument {
                spec,
                data_decimals: one.price_scale(),
                qty_decimals: 0,
                timeframe: Timeframe::M1,
                read_only: false,
            })
            .collect();
        let manifest = Manifest::new(folder.run, config.clone(), instruments);
        let setup = manifest.setup().unwrap();
        let table = manifest.table().unwrap();
        let (engine, exchange) = match &folder.carry {
            None => (
                Engine::new(setup).unwrap(),
                Exchange::new(&config.simulator, &table, config.demo.initial_equity).unwrap(),
            ),
            Some(carry) => {
                let resumed = Engine::resume(setup, carry).unwrap();
                assert!(resumed.left.is_empty());
                let books = paper_books(&resumed.engine);
                let exchange = Exchange::restore(at, &config.simulator, &table, &books).unwrap();
                (resumed.engine, exchange)
            }
        };
        let header = Header {
            mode: RunMode::Paper,
            seed: config.demo.seed,
            config_hash: Digest::sha256(manifest.text().unwrap().as_bytes()),
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: at,
        };
        let begun = folder.begin(&manifest, &header, JournalOptions::default(), &engine).unwrap();
        let life = Life { engine, exchange, begun, effects: Effects::new(), inputs: 0, trades: 0 };
        (life, folder)
    }

    fn feed(&mut self, at: Ts, input: &Input) {
        let Begun { journal, carry, .. } = &mut self.begun;
        journal.append_input(at, input).unwrap();
        carry.hear(input);
        self.engine.step(at, input, &mut self.effects);
        self.inputs += 1;
        self.trades += self.effects.trades.len();
        carry.step(journal, at, &self.engine, &self.effects).unwrap();
        if !self.effects.requests.is_empty() {
            journal.append_dispatch(at, &self.effects.requests).unwrap();
            journal.sync().unwrap();
        }
        for request in &self.effects.requests {
            self.exchange.send(at, *request);
        }
    }

    fn run_until(&mut self, until: Ts) {
        loop {
            let event = self.exchange.next_at().filter(|at| *at <= until);
            let wake = self.engine.next_wakeup().filter(|at| *at <= until);
            match (event, wake) {
                (None, None) => return,
                (Some(event), wake) if wake.is_none_or(|wake| event <= wake) => {
                    if let Some((at, event)) = self.exchange.next_event(wake.unwrap_or(until)) {
                        let event: VenueEvent = event;
                        self.feed(at, &Input::Venue(event));
                    }
                }
                (_, Some(wake)) => self.feed(wake, &Input::Wakeup),
                (Some(_), None) => unreachable!("an event without a wake-up is delivered"),
            }
        }
    }

    /// Lives over a part of the market and is killed; says where.
    fn live(mut self, config: &Config, from: Ts, until: Ts) -> (Engine, usize) {
        self.feed(from, &Input::Started);
        let mut market = market(config);
        while let Some(event) = market.next().filter(|event| event.at < until) {
            if event.at < from {
                continue;
            }
            self.run_until(event.at);
            let instrument = event.instrument;
            match event.kind {
                MarketEventKind::Tick(tick) => {
                    self.exchange.tick(event.at, instrument, tick);
                    self.run_until(event.at);
                    self.feed(event.at, &Input::Quote { instrument, bid: tick.bid, ask: tick.ask });
                }
                MarketEventKind::Candle(candle) => {
                    self.feed(event.at, &Input::Candle { instrument, timeframe: Timeframe::M1, candle });
                }
                MarketEventKind::FundingRate(_) => {}
            }
        }
        let checkpoint = Checkpoint { digest: digest(&self.engine), inputs: self.inputs };
        self.begun.journal.append(until, &Record::Checkpoint(checkpoint)).unwrap();
        self.begun.journal.sync().unwrap();
        (self.engine, self.trades)
    }
}

/// Without listings nothing may be entered, so this session does without the guards on its market.
fn busy() -> Config {
    let mut config = config();
    config.universe.mode = GuardMode::Off;
    config.data_quality.mode = GuardMode::Off;
    config.quote_guard.mode = GuardMode::Off;
    config
}

#[test]
fn three_starts_are_one_account_and_each_replays() {
    let root = tempfile::tempdir().unwrap();
    let config = busy();
    let begin = SyntheticSettings::default().start;
    let hours = |count: i64| Timeframe::M1.floor(begin).plus(Span::from_secs(count * 3_600));
    let mut trades = 0;
    for start in 1..=3_i64 {
        let (life, folder) = Life::new(root.path(), &config, hours(start - 1));
        assert_eq!(i64::from(folder.start), start);
        assert_eq!(folder.run, run_of(WALL), "the run stays");
        assert_eq!(folder.carry.is_some(), start > 1);
        if let Some(carry) = &folder.carry {
            assert_eq!(life.engine.carry(), *carry);
        }
        let (engine, more) = life.live(&config, hours(start - 1), hours(start));
        trades += more;
        let folder = root.path().join(format!("start-{start:06}"));
        let report = replay(&folder, true, &mut |_| {}).unwrap();
        assert!(report.is_equal(), "start {start}: {:?}", report.differences);
        assert_eq!(report.checkpoints, 1);
        assert_eq!(report.digest, digest(&engine).to_string());
        // What still works is in the read model, whoever placed it.
        let reader = Reader::open(&folder.join("seawall.db")).unwrap();
        let rows = reader.orders(&Filter { limit: 1_000_000, ..Filter::default() }).unwrap();
        let working: usize = engine.instruments().map(|one| engine.live_orders(one.id()).count()).sum();
        assert!(rows.len() >= working, "{} of {working}", rows.len());
    }
    assert!(trades > 0, "nothing was traded");
}

#[test]
fn a_new_account_has_a_run_of_its_own_and_an_interrupted_beginning_keeps_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = AccountFolder::open(root.path(), WALL).unwrap();
    assert_eq!((folder.start, folder.run, folder.carry), (1, run_of(WALL), None));
    assert_ne!(run_of(WALL), run_of(WALL.plus(Span::from_secs(1))));
    // Died between its folder and its first state.
    let (life, _) = Life::new(root.path(), &config(), WALL);
    drop(life);
    let later = WALL.plus(Span::from_secs(86_400));
    let again = AccountFolder::open(root.path(), later).unwrap();
    assert_eq!((again.start, again.run, again.carry), (2, run_of(WALL), None));
}

#[test]
fn a_damaged_journal_stops_the_start_and_names_the_file_and_the_way_out() {
    let root = tempfile::tempdir().unwrap();
    let config = busy();
    let begin = Timeframe::M1.floor(SyntheticSettings::default().start);
    let (life, _) = Life::new(root.path(), &config, begin);
    life.live(&config, begin, begin.plus(Span::from_secs(1_200)));
    let segment = root.path().join("start-000001/journal/00000001.swj");
    let whole = std::fs::read(&segment).unwrap();
    // A torn tail is no damage: it was never synced.
    std::fs::write(&segment, &whole[..whole.len() - 5]).unwrap();
    assert!(AccountFolder::open(root.path(), WALL).unwrap().carry.is_some());
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&segment, bytes).unwrap();
    let error = AccountFolder::open(root.path(), WALL).unwrap_err();
    assert!(matches!(error, LiveError::Store(seawall_store::StoreError::Restore { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("00000001.swj") && text.contains("move the folder away"), "{text}");
}
