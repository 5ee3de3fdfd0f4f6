//! Starts with positions that were there: long and short, with and without stops, with orders of others, one
//! on an instrument that is not listed any more; and the same with the exchange failing at each request in
//! turn.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::http::field;
use crate::oracle::Violation;
use crate::report::{Report, Times};
use crate::session::Session;
use crate::stage::{AGREE_MAX, READY_MAX, Stage};
use crate::venue::VenueOptions;
use crate::{Common, http};

/// What the drill is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct StartsArgs {
    /// How many positions are there, one start each.
    #[arg(long, value_delimiter = ',', default_value = "0,7,51")]
    pub(crate) positions: Vec<u32>,
    /// Positions of the starts at which each request fails in turn; 0: none of these.
    #[arg(long, default_value_t = 3)]
    pub(crate) failing: u32,
    /// Only each so-many-th request fails.
    #[arg(long, default_value_t = 1)]
    pub(crate) every: u64,
    /// One position is on an instrument that is not listed any more.
    #[arg(long, value_enum, default_value = "yes")]
    pub(crate) delisted: Delisted,
}

/// Whether one position is on an instrument that is not listed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Delisted {
    /// From seven positions on.
    Yes,
    /// All are listed.
    No,
}

/// What each position is worth, in USD.
const WORTH: Decimal = Decimal::from_parts(2_000, 0, 0, false, 0);
/// A start is given up after so many attempts, as a service manager would make them.
const ATTEMPTS_MAX: u32 = 4;
/// Within this, from the first attempt on, every position is covered whichever request failed, in seconds.
const COVERED_MAX: Duration = Duration::from_secs(30);
/// The drill is over after so many broken rules.
const FAILURES_MAX: usize = 8;

/// A way in which the exchange fails at one request.
struct Failure {
    name: &'static str,
    rule: &'static str,
}

const FAILURES: [Failure; 6] = [
    Failure { name: "500, not done", rule: r#""fault":"error_json""# },
    Failure { name: "503 page, but done", rule: r#""fault":"error_html","after_acceptance":true"# },
    Failure { name: "no answer, but done", rule: r#""fault":"drop_reply","delay_ms":20"# },
    Failure { name: "too many requests", rule: r#""fault":"rate_limit""# },
    Failure { name: "200 with a page", rule: r#""fault":"error_html","status":200"# },
    Failure {
        name: "200 with a page, but done",
        rule: r#""fault":"error_html","status":200,"after_acceptance":true"#,
    },
];

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &StartsArgs, common: &Common) -> anyhow::Result<bool> {
    let mut report = Report::begin("starts", common)?;
    for count in &args.positions {
        clean(*count, args.delisted, common, &mut report)?;
    }
    if args.failing > 0 {
        failing(args, common, &mut report)?;
    }
    report.end()
}

/// One start without faults.
fn clean(count: u32, delisted: Delisted, common: &Common, report: &mut Report) -> anyhow::Result<()> {
    let folder = report.part(&format!("positions-{count}"))?;
    let mut stage = set(folder, count, delisted, common)?;
    let at = format!("{count} positions");
    let held = positions(&stage)?;
    let outcome = attempt(&mut stage, &at, report)?;
    let Outcome { mut session, covered, ready, .. } = outcome;
    let after = judge(&mut stage, &at, &held, report)?;
    report.say(&format!(
        "{at}: all covered after {}, ready after {}; {after}",
        seconds(covered),
        seconds(ready)
    ));
    let figures = json!({ "covered_s": rounded(covered), "ready_s": rounded(ready) });
    report.figure(&at, figures);
    session.process.kill()
}

/// Each request of a start fails once, in each way.
fn failing(args: &StartsArgs, common: &Common, report: &mut Report) -> anyhow::Result<()> {
    let requests = count_requests(args, common, report)?;
    report.say(&format!("a start with {} positions makes {requests} requests", args.failing));
    let (mut covered, mut ready, mut restarts, mut cases) = (Times::default(), Times::default(), 0, 0);
    for failure in &FAILURES {
        let (mut worst, mut again) = (Times::default(), 0);
        let step = usize::try_from(args.every.max(1)).unwrap_or(usize::MAX);
        for number in (1..=requests).step_by(step) {
            if report.broken() >= FAILURES_MAX {
                return Ok(());
            }
            let at = format!("request {number}: {}", failure.name);
            let folder =
                report.part(&format!("failing-{}-{number}", failure.name.replace([' ', ','], "-")))?;
            let mut stage = set(folder.clone(), args.failing, Delisted::No, common)?;
            let held = positions(&stage)?;
            let rule = format!(r#"[{{{},"target":"/","every":{number},"count":1}}]"#, failure.rule);
            stage.venue.set_faults(&rule)?;
            let mut outcome = attempt(&mut stage, &at, report)?;
            judge(&mut stage, &at, &held, report)?;
            outcome.session.process.kill()?;
            covered.add(outcome.covered.unwrap_or(READY_MAX));
            worst.add(outcome.covered.unwrap_or(READY_MAX));
            ready.add(outcome.ready.unwrap_or(READY_MAX));
            again += outcome.attempts - 1;
            cases += 1;
            drop(stage);
            if report.broken() == 0 {
                std::fs::remove_dir_all(folder)?;
            }
        }
        restarts += again;
        let line = format!(
            "{}: all covered after {}; {again} starts ended and began again",
            failure.name,
            worst.text()
        );
        report.say(&line);
    }
    report.figure("requests of a start", json!(requests));
    report.figure("failing starts", json!(cases));
    report.figure("starts that ended and began again", json!(restarts));
    report.figure("failing: all covered", covered.json());
    report.figure("failing: ready", ready.json());
    Ok(())
}

/// How many requests a start without faults makes until it is ready.
fn count_requests(args: &StartsArgs, common: &Common, report: &mut Report) -> anyhow::Result<u64> {
    let folder = report.part("counting")?;
    let mut stage = set(folder, args.failing, Delisted::No, common)?;
    stage.venue.set_faults(r#"[{"fault":"delay","target":"/","delay_ms":0}]"#)?;
    let mut outcome = attempt(&mut stage, "counting", report)?;
    let requests = stage.venue.faults_happened()?;
    outcome.session.process.kill()?;
    Ok(requests)
}

/// An exchange with positions; nothing is traded, so that they are what they are.
fn set(folder: PathBuf, count: u32, delisted: Delisted, common: &Common) -> anyhow::Result<Stage> {
    let options = VenueOptions::new(common.seed, 1, count.max(4) + 1);
    let mut stage = Stage::set(&common.binary()?, folder, &options)?;
    stage.options.set =
        vec!["execution.entries_enabled=false".to_owned(), "protection.takeover_stop_pct=10".to_owned()];
    let with_delisted = count >= 7 && delisted == Delisted::Yes;
    let markets = markets(&stage)?;
    for (number, market) in (0..count).zip(&markets) {
        let gone = with_delisted && number + 1 == count;
        hold(&stage, number, market, gone)?;
        if gone {
            stage.options.instruments.retain(|name| *name != market.name);
        }
    }
    Ok(stage)
}

struct Market {
    symbol: String,
    name: seawall_model::InstrumentName,
    price: Decimal,
    decimals: u32,
}

fn markets(stage: &Stage) -> anyhow::Result<Vec<Market>> {
    let ask = |target: &str| http::ask(stage.venue.address, "GET", target, "");
    let (listed, tickers) = (ask("/derivatives/api/v3/instruments")?, ask("/derivatives/api/v3/tickers")?);
    let names = stage.venue.listed()?;
    let rows = |answer: &Value, key: &str| field(answer, key).as_array().cloned().unwrap_or_default();
    let prices = rows(&tickers, "tickers");
    let mut markets = Vec::new();
    for row in rows(&listed, "instruments") {
        let symbol = field(&row, "symbol").as_str().unwrap_or_default().to_owned();
        let ticker = prices
            .iter()
            .find(|ticker| field(ticker, "symbol") == field(&row, "symbol"))
            .context("no ticker")?;
        let price = field(ticker, "markPrice").to_string();
        let price = price
            .parse::<Decimal>()
            .or_else(|_| Decimal::from_scientific(&price))
            .ok()
            .context("no price")?;
        let decimals = field(&row, "contractValueTradePrecision").as_u64().unwrap_or_default();
        let name = names.get(&symbol).context("no name")?.clone();
        markets.push(Market { symbol, name, price, decimals: u32::try_from(decimals)? });
    }
    Ok(markets)
}

/// A position: long and short by turns, every third with a stop of its size, every fourth with one of half of
/// it and an order of somebody else.
fn hold(stage: &Stage, number: u32, market: &Market, delisted: bool) -> anyhow::Result<()> {
    let post = |target: &str, body: &Value| http::ask(stage.venue.address, "POST", target, &body.to_string());
    let size = (WORTH / market.price).round_dp(market.decimals).max(Decimal::new(1, market.decimals));
    let is_long = number.is_multiple_of(2);
    let qty = if is_long { size } else { -size };
    let (symbol, side) = (&market.symbol, if is_long { "sell" } else { "buy" });
    post("/testnet/positions", &json!({ "symbol": symbol, "qty": qty.to_string(), "delisted": delisted }))?;
    if delisted {
        return Ok(());
    }
    let away = if is_long { Decimal::new(92, 2) } else { Decimal::new(108, 2) };
    // A price of few digits is on every tick.
    let trigger = (market.price * away).round_sf(3).context("no trigger")?.to_string();
    let stop = |qty: Decimal| {
        let qty = qty.to_string();
        json!({ "symbol": symbol, "side": side, "qty": qty, "stop_price": trigger, "reduce_only": true })
    };
    if number % 3 == 2 {
        post("/testnet/orders", &stop(size))?;
    }
    if number % 4 == 3 {
        let half = (size / Decimal::TWO).round_dp(market.decimals);
        if !half.is_zero() {
            post("/testnet/orders", &stop(half))?;
        }
        let far = (market.price / Decimal::TWO).round_sf(3).context("no price")?.to_string();
        let order = json!({ "symbol": symbol, "side": "buy", "qty": size.to_string(), "limit_price": far,
                            "client_id": format!("by-hand-{number}") });
        post("/testnet/orders", &order)?;
    }
    Ok(())
}

struct Outcome {
    session: Session,
    /// From the first attempt on.
    covered: Option<Duration>,
    ready: Option<Duration>,
    attempts: u32,
}

/// Starts until it is ready, as a service manager would after a failure.
fn attempt(stage: &mut Stage, at: &str, report: &mut Report) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let mut attempts = 1;
    let mut session = stage.run()?;
    let ready = loop {
        match session.ready(READY_MAX) {
            Ok(_) => break Some(began.elapsed()),
            Err(error) if session.process.ended()?.is_some() && attempts < ATTEMPTS_MAX => {
                report.say(&format!("{at}: begins again, since {error}"));
                attempts += 1;
                session = stage.run()?;
            }
            Err(error) => {
                report.judge(at, vec![Violation::new("not-ready", error.to_string())]);
                break None;
            }
        }
    };
    stage.is_ready();
    let covered = stage.watch.covered_after(began, READY_MAX);
    let mut found = Vec::new();
    match (covered, ready) {
        // Looking takes a moment.
        (Some(covered), Some(ready)) if covered > ready + Duration::from_millis(200) => {
            found.push(Violation::new("ready-before-cover", format!("{covered:.2?} after {ready:.2?}")));
        }
        (Some(covered), _) if covered > COVERED_MAX => {
            found.push(Violation::new("naked-too-long", format!("covered after {covered:.1?}")));
        }
        (None, _) => found.push(Violation::new("unprotected", "never covered".to_owned())),
        (Some(_), Some(_) | None) => {}
    }
    report.judge(at, found);
    Ok(Outcome { session, covered, ready, attempts })
}

/// Positions are as they were, orders of others too, books equal; words for a line.
fn judge(stage: &mut Stage, at: &str, held: &[Value], report: &mut Report) -> anyhow::Result<String> {
    report.judge(at, stage.judge_orders()?);
    let words = match stage.agree(false, AGREE_MAX)? {
        Ok(books) => format!("{} positions in the books, {} orders", books.positions.len(), books.live.len()),
        Err(found) => {
            report.judge(at, found);
            "books differ".to_owned()
        }
    };
    let now = positions(stage)?;
    if now != held {
        let detail = format!("held before: {}; now: {}", json!(held), json!(now));
        report.judge(at, vec![Violation::new("position-changed", detail)]);
    }
    Ok(words)
}

/// What the venue holds for us and has open from others.
fn positions(stage: &Stage) -> anyhow::Result<Vec<Value>> {
    let state = stage.venue.state()?;
    let held = state.positions.iter().map(|one| json!([one.symbol, one.qty]));
    let orders = state.open_orders.iter().filter(|order| !order.is_ours());
    Ok(held.chain(orders.map(|one| json!([one.symbol, one.qty, one.stop_price, one.client_id]))).collect())
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("never".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()))
}

fn rounded(time: Option<Duration>) -> Option<f64> {
    time.map(|time| (time.as_secs_f64() * 1e3).round() / 1e3)
}
