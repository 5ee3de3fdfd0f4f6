//! What is asked of the venue by single requests: clock, key, account, instruments, prices, candles.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use seawall_engine::Carry;
use seawall_model::{InstrumentId, Span, Ts, VenueRequest};
use seawall_venues::codec::Codec;
use seawall_venues::discovery::provisional;
use seawall_venues::profile::Positions;
use seawall_venues::query::{Ticker, clock_skew};
use seawall_venues::{
    Advice, Answer, Credentials, Failure, Hosts, Market, Markets, Problem, Query, Venue, VenueError,
};

use super::{BY_MARKETS, Check, DoctorOptions, judge};
use crate::demo::StopSwitch;
use crate::error::LiveError;
use crate::net::{Client, NetSettings};
use crate::run::find;
use crate::run::table::{self, Kept, Table};
use crate::run::{Mode, Progress};
use crate::wall_clock::WallClock;

/// Pauses before a question that may pass is asked again, in milliseconds.
const PAUSES_MS: [u64; 2] = [300, 1_000];
/// A longer pause that the venue asks for is not waited for.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Candles are asked for from so many intervals back.
const CANDLES_BACK: i64 = 10;
/// Executions are asked for from so far back.
const FILLS_BACK: Span = Span::from_secs(3_600);

/// A client that gives up when the switch is on.
pub(super) struct Rest {
    client: Client,
    net: NetSettings,
    markets: Markets,
    clock: Arc<WallClock>,
    switch: StopSwitch,
}

/// What was found, and what the next checks build on.
pub(super) struct Seen {
    pub(super) checks: Vec<Check>,
    /// Every instrument of a run, and those whose prices can be had.
    pub(super) table: Option<(Markets, BTreeSet<InstrumentId>)>,
    /// Whether the account can be looked at.
    pub(super) is_key_fit: bool,
    /// How far the venue's clock is ahead.
    pub(super) ahead: Span,
}

impl Rest {
    pub(super) fn new(
        (venue, hosts, net): (Venue, Hosts, NetSettings),
        key: Option<Credentials>,
        clock: Arc<WallClock>,
        switch: StopSwitch,
    ) -> Result<Self, LiveError> {
        let client = Client::new(venue, hosts, key, &net, clock.clone())?;
        Ok(Rest { client, net, markets: Markets::default(), clock, switch })
    }

    pub(super) async fn examine(
        &mut self,
        options: &DoctorOptions,
        carry: Option<&Carry>,
        progress: Progress<'_>,
    ) -> Seen {
        let mut seen = Seen { checks: Vec::new(), table: None, is_key_fit: false, ahead: Span::default() };
        progress("venue", "clock, key");
        let most = Span::from_millis(i64::from(options.config.venue.clock_skew_max_ms));
        let Some(ahead) = self.clock(most, &mut seen.checks).await else {
            super::skip(&mut seen.checks, &super::BY_REST, "the venue was not reached");
            super::skip(&mut seen.checks, &BY_MARKETS, "the venue was not reached");
            return seen;
        };
        seen.ahead = ahead;
        seen.is_key_fit = self.key(options, &mut seen.checks).await;
        progress("instruments", "listing, prices, candles");
        match self.instruments(options, carry, seen.is_key_fit).await {
            Ok(table) => {
                let followed: BTreeSet<InstrumentId> = table.followed().into_iter().collect();
                self.markets = table.markets.clone();
                let is_listed = |market: &Market| followed.contains(&market.id());
                seen.checks
                    .extend(table.markets.iter().map(|market| judge::tradable(market, is_listed(market))));
                if seen.is_key_fit {
                    let check = self.account().await;
                    seen.checks.push(check);
                }
                self.prices(&followed, &mut seen.checks).await;
                self.candles(options, &followed, &mut seen.checks).await;
                seen.table = Some((table.markets, followed));
            }
            Err(check) => {
                seen.checks.push(check);
                super::skip(&mut seen.checks, &BY_MARKETS, "the instruments are not known");
                if seen.is_key_fit {
                    // Whose money counts is a matter of what is traded.
                    seen.checks.push(Check::skipped("account", "the instruments are not known"));
                }
            }
        }
        if seen.is_key_fit && seen.table.is_some() {
            let check = self.fills().await;
            seen.checks.push(check);
        } else {
            seen.checks
                .push(Check::skipped("fills", "there is no fit key, or the instruments are not known"));
        }
        seen
    }

    /// Asks, never longer than until the switch is on.
    async fn once(&mut self, query: &Query) -> Result<Answer, Failure> {
        tokio::select! {
            answer = self.client.ask(query, &self.markets) => answer,
            () = self.switch.switched() => Err(interrupted()),
        }
    }

    /// Asks, and again what may pass.
    async fn ask(&mut self, query: &Query) -> Result<Answer, Failure> {
        self.ask_timed(query).await.map(|(answer, _)| answer)
    }

    /// The same, with when the question left that was answered: pauses before it are no part of the way.
    async fn ask_timed(&mut self, query: &Query) -> Result<(Answer, Ts), Failure> {
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let sent_at = self.clock.now();
            let failure = match self.once(query).await {
                Ok(answer) => return Ok((answer, sent_at)),
                Err(failure) => failure,
            };
            let (Some(pause), false) = (pauses.next(), failure.problem.is_fatal()) else {
                return Err(failure);
            };
            let pause = match failure.advice {
                Advice::Again => Duration::from_millis(pause),
                Advice::Wait(pause) => Duration::from_millis(u64::try_from(pause.millis()).unwrap_or(0)),
                Advice::Terminal | Advice::Ask => return Err(failure),
            };
            if pause > WAIT_MAX {
                return Err(failure);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.switch.switched() => return Err(interrupted()),
            }
        }
    }

    /// How far the venue's clock is ahead, where the venue answers.
    async fn clock(&mut self, most: Span, checks: &mut Vec<Check>) -> Option<Span> {
        // The first question pays for the connection; what is measured is one alone.
        let measured = match self.ask(&Query::ServerTime).await {
            Ok(_) => self.ask_timed(&Query::ServerTime).await,
            Err(failure) => Err(failure),
        };
        let received_at = self.clock.now();
        match measured {
            Ok((Answer::ServerTime(theirs), sent_at)) => {
                let took = format!("{:.1} ms", received_at.since(sent_at).secs_f64() * 1e3);
                checks.push(Check::ok("rest", "the venue answers").measured(took));
                checks.push(judge::clock(sent_at, received_at, theirs, most));
                Some(clock_skew(sent_at, received_at, theirs).0)
            }
            Ok(_) => {
                checks.push(judge::odd("rest"));
                None
            }
            Err(failure) => {
                checks.push(judge::failed("rest", &failure));
                None
            }
        }
    }

    /// Key and rights; whether the account can be looked at.
    async fn key(&mut self, options: &DoctorOptions, checks: &mut Vec<Check>) -> bool {
        const REST: [&str; 2] = ["permissions", "account"];
        let problem = match (&options.credentials, options.mode) {
            (_, Mode::Paper) => {
                super::skip(checks, &["keys", "permissions", "account"], "a run on paper needs no key");
                return false;
            }
            (Ok(Some(_)), Mode::Live | Mode::Demo) => None,
            (Ok(None), Mode::Live | Mode::Demo) => {
                let prefix = &options.config.venue.variables;
                let finding =
                    format!("there is no key: {prefix}_API_KEY and {prefix}_API_SECRET are not set");
                Some(Check::fail("keys", finding, "set them, or `--mode paper` to look without a key"))
            }
            (Err(error), Mode::Live | Mode::Demo) => {
                Some(Check::of_error("keys", error, "correct the variables"))
            }
        };
        if let Some(check) = problem {
            checks.push(check);
            super::skip(checks, &REST, "there is no key");
            return false;
        }
        match self.ask(&Query::Permissions).await {
            Ok(Answer::Permissions(rights)) => {
                checks.push(Check::ok("keys", "the venue knows the key, and its signatures"));
                let check = judge::permissions(rights);
                let is_fit = !check.refuses_start();
                checks.push(check);
                if !is_fit {
                    checks.push(Check::skipped("account", "the key is not used"));
                    return false;
                }
            }
            Ok(_) => {
                checks.push(judge::odd("keys"));
                super::skip(checks, &REST, "the key is not known to be fit");
                return false;
            }
            Err(failure) => {
                let name = judge::refused_key(failure.problem);
                if name == "permissions" {
                    checks.push(Check::ok("keys", "the venue knows the key, and its signatures"));
                    checks.push(judge::failed(name, &failure));
                    checks.push(Check::skipped("account", "the key is not used"));
                } else {
                    checks.push(judge::failed(name, &failure));
                    super::skip(checks, &REST, "the key was refused");
                }
                return false;
            }
        }
        true
    }

    async fn account(&mut self) -> Check {
        match self.ask(&Query::Account).await {
            Ok(Answer::Account(state)) => judge::account(&state),
            Ok(_) => judge::odd("account"),
            Err(failure) => judge::failed("account", &failure),
        }
    }

    /// The table of a run that would start now, by the start's own choice.
    async fn instruments(
        &mut self,
        options: &DoctorOptions,
        carry: Option<&Carry>,
        with_account: bool,
    ) -> Result<Table, Check> {
        let listed = match self.ask(&Query::Instruments).await {
            Ok(Answer::Instruments { listed, .. }) => listed,
            Ok(_) => return Err(judge::odd("instruments")),
            Err(failure) => return Err(judge::failed("instruments", &failure)),
        };
        // A start asks for half a minute what the account holds; whether that is answered is a check below.
        let contradicts = |error: VenueError| {
            let remedy = "look whether there is a newer version of this program";
            Check::fail("instruments", error.to_string(), remedy).passing()
        };
        let everything = provisional(&listed).map_err(contradicts)?;
        let mut mode = if with_account { Mode::Live } else { Mode::Paper };
        let asks = self.client.venue().profile().positions == Positions::Reported;
        for request in [VenueRequest::QueryPositions, VenueRequest::QueryOpenOrders] {
            if asks && mode.sends_orders() && self.client.report(request, &everything).await.is_err() {
                mode = Mode::Paper;
            }
        }
        let quiet = |_: &'static str, _: &str| {};
        let mut spot = find::spot_client(&options.config, &self.net, self.clock.clone())
            .map_err(|error| not_chosen(&error))?;
        let root = options.root();
        let kept = Kept { root: &root, writes: false };
        let clients = (&mut self.client, spot.as_mut());
        tokio::select! {
            chosen = table::choose(clients, (&options.config, kept), mode, carry, &quiet) => {
                chosen.map_err(|error| not_chosen(&error))
            }
            () = self.switch.switched() => Err(judge::failed("instruments", &interrupted())),
        }
    }

    async fn prices(&mut self, followed: &BTreeSet<InstrumentId>, checks: &mut Vec<Check>) {
        match self.ask(&Query::Tickers).await {
            Ok(Answer::Tickers(tickers)) => {
                let of = |market: &Market| -> Option<Ticker> {
                    tickers.iter().find(|ticker| ticker.instrument == market.id()).copied()
                };
                let listed = self.markets.iter().filter(|market| followed.contains(&market.id()));
                checks.extend(listed.map(|market| judge::quote(market, of(market).as_ref())));
            }
            Ok(_) => checks.push(judge::odd("quotes")),
            Err(failure) => checks.push(judge::failed("quotes", &failure)),
        }
    }

    async fn candles(
        &mut self,
        options: &DoctorOptions,
        followed: &BTreeSet<InstrumentId>,
        checks: &mut Vec<Check>,
    ) {
        let timeframe = options.config.run.timeframe;
        let back = Span::from_nanos(timeframe.span().nanos().saturating_mul(CANDLES_BACK));
        let markets = self.markets.clone();
        for market in markets.iter().filter(|market| followed.contains(&market.id())) {
            let from: Ts = timeframe.floor(self.clock.now()).minus(back);
            let query = Query::Candles { instrument: market.id(), timeframe, from };
            let of = market.instrument.name().to_string();
            checks.push(match self.ask(&query).await {
                Ok(Answer::Candles(page)) => {
                    judge::candles(market, timeframe, &page.closed, self.clock.now())
                }
                Ok(_) => judge::odd("candles").of(of),
                Err(failure) => judge::failed("candles", &failure).of(of),
            });
        }
    }

    async fn fills(&mut self) -> Check {
        let since = self.clock.now().minus(FILLS_BACK);
        match self.ask(&Query::Fills { since, before: None }).await {
            Ok(Answer::Fills { report, .. }) => {
                Check::ok("fills", format!("{} executions in the last hour can be read", report.rows.len()))
            }
            Ok(_) => judge::odd("fills"),
            Err(failure) => judge::failed("fills", &failure),
        }
    }
}

/// Why there is no table: what the venue did not say may pass, the rest is the configuration's.
fn not_chosen(error: &LiveError) -> Check {
    if matches!(error, LiveError::Venue { .. }) {
        let remedy = "try again; look at the venue's status page, discovery.spot_rest and the network";
        return Check::of_error("instruments", error, remedy).passing();
    }
    Check::of_error("instruments", error, "correct run.instruments, `discovery` or `universe`")
}

fn interrupted() -> Failure {
    Failure::not_done(Advice::Terminal, Problem::Transport, "interrupted")
}
