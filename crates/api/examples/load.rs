//! What the API costs, and how fast it answers: 300 instruments, up to 50 positions, 10 browsers, each with
//! the event stream open, asking for what the dashboard asks for, a few times a second. A last round has four
//! signals a second from outside as well, each to leave an instrument where nothing is held: they are work
//! for the engine, so the pairs have none. The first answer to each browser is the slowest by far: it waits
//! for the hash of the token.
//!
//! `cargo xtask bench api` runs it. Rounds come in pairs, without and with browsers, so that what the machine
//! does meanwhile hits both. Prints, for each route, how long answers took in milliseconds, and for the
//! engine's steps median, 99th percentile and mean of each round in microseconds, and the ratios of their
//! medians over the rounds. Words: `--seconds N` (of a round), `--pairs N`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement ends where something fails, and says what it found"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_api::access::{Role, Tokens};
use seawall_api::{Face, FaceOptions};
use seawall_config::Loader;
use seawall_live::board::Reading;
use seawall_live::{Board, Demo, DemoOptions, StopSwitch};
use seawall_model::Ts;

const DEMO: &str = include_str!("../../../config/demo.yaml");
const BROWSERS: u64 = 10;
const INSTRUMENTS: u32 = 300;
/// Pause of a browser between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// Pause between two signals.
const SIGNAL_PAUSE: Duration = Duration::from_millis(250);
/// Time in which the demo opens its positions.
const WARM_UP: Duration = Duration::from_secs(10);

/// What a dashboard asks for; `{}` is an instrument.
const ROUTES: [&str; 14] = [
    "/api/status",
    "/api/positions",
    "/api/risk",
    "/api/orders?limit=100",
    "/api/fills?limit=100",
    "/api/trades?limit=100",
    "/api/equity?points=300",
    "/api/alerts?limit=100",
    "/api/incidents?limit=100",
    "/api/decisions/matrix",
    "/api/candles?instrument={}&limit=500",
    "/api/overlays?instrument={}&timeframe=15m",
    "/api/markers?instrument={}&limit=200",
    "/api/figures",
];

/// Where signals go.
const SIGNALS: &str = "/api/signals";

fn main() {
    let number = |name: &str, usual: u64| {
        let words: Vec<String> = std::env::args().collect();
        let place = words.iter().position(|word| word == name);
        place.map_or(usual, |place| words[place + 1].parse().expect("a number"))
    };
    let (seconds, pairs) = (Duration::from_secs(number("--seconds", 20)), number("--pairs", 3));
    let mut answers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for pair in 1..=pairs {
        let quiet = round(seconds, Crowd::Nobody);
        let busy = round(seconds, Crowd::Browsers);
        println!("pair {pair}: {}", busy.stage);
        for (name, round) in [("without", &quiet), ("with", &busy)] {
            let [half, most, mean] = round.step_us;
            println!("  step {name:<8} p50 {half:.2} µs, p99 {most:.2} µs, mean {mean:.2} µs");
        }
        without.push(quiet.step_us);
        with.push(busy.step_us);
        for (route, took) in busy.answers {
            answers.entry(route).or_default().extend(took);
        }
    }
    let signalled = round(seconds, Crowd::AndSignals);
    println!("signals: {}", signalled.stage);
    for (route, took) in signalled.answers.into_iter().filter(|(route, _)| *route == SIGNALS) {
        answers.entry(route).or_default().extend(took);
    }
    println!("{:<48} {:>7} {:>9} {:>9} {:>9}", "route", "answers", "p50 ms", "p99 ms", "max ms");
    let mut all = Vec::new();
    for (route, took) in &mut answers {
        all.extend_from_slice(took);
        row(route, took);
    }
    row("all", &mut all);
    println!("engine steps with browsers, as multiples of those without (medians of the rounds):");
    for (place, name) in ["p50", "p99", "mean"].into_iter().enumerate() {
        let of =
            |rounds: &[[f64; 3]]| quantile(&mut rounds.iter().map(|one| one[place]).collect::<Vec<_>>(), 50);
        println!("  {name:<4} {:.3}", of(&with) / of(&without));
    }
}

/// Median, 99th percentile and mean in microseconds of what was counted between two readings; within a bucket
/// durations are taken to be spread evenly.
fn steps(before: &Reading, after: &Reading) -> [f64; 3] {
    let count = (after.count - before.count) as f64;
    let quantile = |share: f64| {
        let (mut below, mut from) = (0.0, 0.0);
        for ((bound, counted), (_, known)) in after.buckets.iter().zip(&before.buckets) {
            let inside = (counted - known) as f64;
            if below + inside >= share * count && inside > 0.0 {
                return (from + (bound - from) * (share * count - below) / inside) * 1e6;
            }
            (below, from) = (below + inside, *bound);
        }
        f64::INFINITY
    };
    [quantile(0.5), quantile(0.99), (after.sum_s - before.sum_s) / count * 1e6]
}

fn row(name: &str, took: &mut [f64]) {
    let [half, most, max] = [50, 99, 100].map(|percent| quantile(took, percent));
    println!("{name:<48} {:>7} {half:>9.2} {most:>9.2} {max:>9.2}", took.len());
}

fn quantile(of: &mut [f64], percent: usize) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
}

/// What a round has found.
struct Found {
    /// As of [`steps`].
    step_us: [f64; 3],
    /// How large it was, in words.
    stage: String,
    answers: Vec<(&'static str, Vec<f64>)>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crowd {
    Nobody,
    Browsers,
    AndSignals,
}

/// One demo, with those who ask.
fn round(seconds: Duration, crowd: Crowd) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let changes = [
        "api.listen=127.0.0.1:0",
        "demo.speed=10",
        "demo.initial_equity=1000000",
        "risk.positions_max=50",
        "risk.states.positions_reduce_only=60",
        "risk.risk_per_trade_pct=0.05",
    ];
    let changes = changes.iter().map(|one| (*one).to_owned());
    let mut loaded =
        Loader::new().file("demo.yaml", DEMO).set(changes).load().expect("the settings are sound");
    // More than a demo may have by its file.
    loaded.config.demo.instruments = INSTRUMENTS;
    let token = Tokens::make(folder.path(), Role::Viewer, Ts::EPOCH).unwrap().token;
    let secret = Tokens::make(folder.path(), Role::Signal, Ts::EPOCH).unwrap().token;
    let board = Arc::new(Board::new());
    let face = Face::open(FaceOptions {
        config: loaded.config.clone(),
        explained: loaded.explain_all(),
        board: board.clone(),
        data_dir: folder.path().to_owned(),
        database: None,
        may_show_token: false,
        logs: Arc::default(),
        program: None,
        drills: None,
        now: Ts::EPOCH,
    });
    let face = face.unwrap().expect("it is enabled");
    let options = DemoOptions {
        config: loaded.config,
        data_dir: folder.path().to_owned(),
        duration: None,
        database: None,
    };
    let mut demo = Demo::prepare(options, None).unwrap();
    demo.attach(board.clone());
    let switch = StopSwitch::new();
    let stop = switch.clone();
    let engine = std::thread::spawn(move || demo.run(&stop));
    std::thread::sleep(WARM_UP);
    let names: Vec<String> =
        board.about().expect("it runs").instruments.iter().map(|one| one.name().to_string()).collect();
    let before = board.steps().reading();
    let (over, messages) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let address = face.listens_at.expect("a free port");
    let mut browsers: Vec<_> = (0..if crowd == Crowd::Nobody { 0 } else { BROWSERS })
        .map(|number| {
            let (names, token, over, messages) =
                (names.clone(), token.clone(), over.clone(), messages.clone());
            std::thread::spawn(move || browse(address, &token, &names, number, &over, &messages))
        })
        .collect();
    if crowd == Crowd::AndSignals {
        let (board, over) = (board.clone(), over.clone());
        browsers.push(std::thread::spawn(move || advise(address, &secret, &board, &over)));
    }
    std::thread::sleep(seconds);
    let after = board.steps().reading();
    over.store(true, Ordering::Relaxed);
    let answers = browsers.into_iter().flat_map(|browser| browser.join().expect("a browser")).collect();
    // A view is made when somebody asks: the first look asks for the one that the second finds.
    let _ = board.view();
    std::thread::sleep(Duration::from_millis(300));
    let positions = board.view().map_or(0, |view| view.held().count());
    switch.stop();
    engine.join().expect("the engine").expect("a sound run");
    let messages = messages.load(Ordering::Relaxed);
    let stage = format!(
        "{} instruments, {positions} positions, {} steps, {messages} messages",
        names.len(),
        after.count - before.count
    );
    Found { step_us: steps(&before, &after), stage, answers }
}

/// A browser: the stream on a thread of its own, and one question after the other on one connection.
fn browse(
    address: SocketAddr,
    token: &str,
    names: &[String],
    number: u64,
    over: &Arc<AtomicBool>,
    messages: &Arc<AtomicU64>,
) -> Vec<(&'static str, Vec<f64>)> {
    let (told, ends) = (messages.clone(), over.clone());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    write!(
        stream,
        "GET /api/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{upgrade}\r\n"
    )
    .unwrap();
    let reader = std::thread::spawn(move || {
        let mut room = vec![0; 1 << 16];
        while !ends.load(Ordering::Relaxed) {
            match stream.read(&mut room) {
                Ok(0) => panic!("the stream was cut"),
                Ok(_) => told.fetch_add(1, Ordering::Relaxed),
                Err(_) => 0,
            };
        }
    });
    let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
    let mut answers: Vec<(&'static str, Vec<f64>)> =
        ROUTES.iter().map(|route| (*route, Vec::new())).collect();
    let mut turn = usize::try_from(number).unwrap() * 3;
    while !over.load(Ordering::Relaxed) {
        let (route, took) = &mut answers[turn % ROUTES.len()];
        let path = route.replace("{}", &names[turn * 7 % names.len()]);
        let began = Instant::now();
        let head = format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n");
        let status = ask(&mut connection, address, &head, "");
        took.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(status, 200, "{path}");
        turn += 1;
        std::thread::sleep(PAUSE);
    }
    reader.join().expect("the stream");
    answers
}

/// A charting service: signals one after the other on one connection.
fn advise(
    address: SocketAddr,
    secret: &str,
    board: &Board,
    over: &AtomicBool,
) -> Vec<(&'static str, Vec<f64>)> {
    let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
    let mut took = Vec::new();
    let mut number = 0;
    while !over.load(Ordering::Relaxed) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let sent_at = Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap());
        let view = board.view().expect("it runs");
        let mut flat = view.instruments.iter().filter(|row| !row.is_held() && row.orders.is_empty());
        let instrument = flat.nth(number % 100).map(|row| row.name.clone()).expect("most are flat");
        let body = format!(
            "{{\"secret\":\"{secret}\",\"id\":\"load-{number}\",\"sent_at\":\"{sent_at}\",\
             \"instrument\":\"{instrument}\",\"action\":\"exit\"}}"
        );
        let length = body.len();
        let head = format!(
            "POST {SIGNALS} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        );
        let began = Instant::now();
        let status = ask(&mut connection, address, &head, &body);
        took.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(status, 202, "{body}");
        number += 1;
        std::thread::sleep(SIGNAL_PAUSE);
    }
    vec![(SIGNALS, took)]
}

/// Asks once and reads the whole answer; its status.
fn ask(connection: &mut BufReader<TcpStream>, address: SocketAddr, head: &str, body: &str) -> u16 {
    let request = format!("{head}Host: {address}\r\n\r\n{body}");
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    status
}
