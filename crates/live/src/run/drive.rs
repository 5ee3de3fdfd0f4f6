//! The engine's thread: feeds the engine, wakes it, ends the run.

use std::time::{Duration, Instant};

use seawall_engine::Phase;
use seawall_model::{
    Candle, Command, Input, InstrumentId, OrderRole, Rules, Span, SystemMode, Ts, VenueEvent, VenueRequest,
};
use seawall_store::journal::EndReason;
use seawall_venues::codec::told;
use seawall_venues::{Advice, Failure, News, Problem};

use super::engine_loop::Core;
use super::service::Pulse;
use super::warm_up::split_newest;
use super::{Progress, Run};
use crate::ending::finish;
use crate::error::LiveError;
use crate::net::Delivery;
use crate::summary::Summary;

/// Longest wait for something to happen, so that switches and files are looked at.
const NAP: Duration = Duration::from_millis(100);
/// The time that a stopping run gives the venue to confirm what was cancelled.
const WIND_DOWN: Duration = Duration::from_secs(15);
/// The time that a single pass has until it is ready.
const SINGLE_START: Duration = Duration::from_secs(600);
/// The time that a single pass gives the venue for its answers.
const SINGLE_PASS: Duration = Duration::from_secs(30);
/// What an evaluation leads to begins within this.
const EVALUATION: Duration = Duration::from_secs(1);
/// A start that is not ready after this says what it waits for, and goes on waiting.
const PATIENCE: Duration = Duration::from_secs(30);

impl Run {
    /// Runs on the calling thread until the duration is over or the switch is on.
    ///
    /// # Errors
    /// The feeds did not come; the journal cannot be written: nothing leaves any more.
    pub fn run(mut self, progress: Progress<'_>) -> Result<Summary, LiveError> {
        let ended = self.carry(progress).and_then(|reason| {
            self.service.status("stopping: entries are cancelled, stops stay");
            self.wind_down().map(|()| reason)
        });
        let reason = match ended {
            Ok(reason) => reason,
            Err(error) => {
                self.service.status(&error.to_string());
                self.core.recorder.teller.fail(&error);
                return Err(error);
            }
        };
        let Run { core: Core { engine, recorder, .. }, folder, initial_equity, runtime, service, .. } = self;
        drop(service);
        let summary = finish(&engine, recorder, &folder, initial_equity, reason);
        runtime.shutdown_timeout(Duration::from_secs(2));
        summary
    }

    fn carry(&mut self, progress: Progress<'_>) -> Result<EndReason, LiveError> {
        self.core.recorder.started = Instant::now();
        progress("reconciling", "comparing the books with the venue");
        self.begin()?;
        let started = Instant::now();
        let mut ends = self.duration.map(|span| (started, to_std(span)));
        let mut told = Told::default();
        let mut evaluated: Option<Instant> = None;
        loop {
            if self.switch.is_on() {
                return Ok(EndReason::Stopped);
            }
            if ends.is_some_and(|(from, span)| from.elapsed() >= span) {
                return Ok(EndReason::Finished);
            }
            self.turn()?;
            if !told.is_all() {
                self.tell_start(&mut told, started, progress)?;
            }
            if self.once && evaluated.is_none() && told.ready && told.candles {
                self.evaluate_newest()?;
                evaluated = Some(Instant::now());
                ends = Some((Instant::now(), SINGLE_PASS));
            }
            if evaluated.is_some_and(|at| at.elapsed() >= EVALUATION) && self.is_settled() {
                return Ok(EndReason::Finished);
            }
        }
    }

    /// The engine compares and protects from here on: what is held may have no stop, so neither feeds nor
    /// candles are waited for.
    fn begin(&mut self) -> Result<(), LiveError> {
        let now = self.now();
        for rules in std::mem::take(&mut self.rules) {
            self.core.port.see_rules(&rules);
            self.feed(now, &Input::Rules(rules))?;
        }
        self.feed(now, &Input::Started)?;
        for fill in std::mem::take(&mut self.missed) {
            self.feed(now, &Input::Venue(VenueEvent::Filled(fill)))?;
        }
        if !self.feeds.orders_are_live() {
            // Until it is, everything is asked for again and again.
            self.feed(now, &Input::Venue(VenueEvent::Stream { live: false }))?;
        }
        match self.kill.at_start(self.core.engine.kill_switch(), self.left_at) {
            Some(command) => self.feed(now, &Input::Operator(command)),
            None => Ok(()),
        }
    }

    /// Says how far the start has come.
    ///
    /// # Errors
    /// A single pass has not its feeds in time.
    fn tell_start(
        &mut self,
        told: &mut Told,
        started: Instant,
        progress: Progress<'_>,
    ) -> Result<(), LiveError> {
        let waited = started.elapsed();
        if !told.feeds && self.feeds.are_live() {
            told.feeds = true;
            progress("feeds", "market data and the stream of the account are live");
        }
        if !told.candles && self.warm_up.is_complete() {
            told.candles = true;
            progress("candles", "strategies have seen those of before the start");
        }
        let late = waited >= Duration::from_secs(u64::from(self.config.run.feeds_timeout_s));
        if late && !told.feeds && !told.late {
            told.late = true;
            self.tell_missing(waited, progress)?;
        }
        // Instruments without quotes are kept from entries by the engine; without any, or blind to our own
        // orders, a run is not ready.
        let followed = told.feeds || (late && self.feeds.orders_are_live() && self.feeds.any_quotes());
        if !told.ready && followed && self.core.engine.phase() == Phase::Ready {
            told.ready = true;
            progress("ready", &format!("{:.1} s after the start", waited.as_secs_f64()));
            self.service.ready();
            self.service.status("ready");
        }
        if self.once && waited >= SINGLE_START && !(told.ready && told.candles) {
            return Err(LiveError::Venue { phase: self.core.engine.phase().name(), cause: self.waits_for() });
        }
        if waited >= PATIENCE && !told.waiting && !told.is_all() {
            told.waiting = true;
            progress("waiting", &self.waits_for());
        }
        Ok(())
    }

    /// Feeds have not come in time. What is held is protected all the same, so a run goes on trying.
    fn tell_missing(&self, waited: Duration, progress: Progress<'_>) -> Result<(), LiveError> {
        let cause = format!("missing after {} s: {}", waited.as_secs(), self.feeds.missing());
        if self.once {
            return Err(LiveError::Venue { phase: "feeds", cause });
        }
        tracing::warn!("feeds are {cause}");
        self.service.status(&format!("feeds are {cause}"));
        progress("waiting", &format!("feeds are {cause}; what is held is protected meanwhile"));
        Ok(())
    }

    /// What a start is waiting for, in words.
    fn waits_for(&self) -> String {
        let mut words = self.core.engine.blocks_in_words();
        if !self.feeds.are_live() {
            words.push(self.feeds.missing());
        }
        if !self.warm_up.is_complete() {
            words.push(format!("candles of before the start of {} instruments", self.warm_up.missing()));
        }
        format!("the engine is {}: {}", self.core.engine.phase().name(), words.join("; "))
    }

    /// One turn: what is due, then what has come in.
    fn turn(&mut self) -> Result<(), LiveError> {
        let now = self.now();
        self.run_until(now)?;
        for request in self.core.port.take_refused() {
            let failure =
                Failure::not_done(Advice::Terminal, Problem::Transport, "the venue's task takes no more");
            for input in told(&request, &failure, now) {
                self.feed(now, &input)?;
            }
        }
        if let Some(command) = self.kill.poll(self.core.engine.kill_switch(), now) {
            self.feed(now, &Input::Operator(command))?;
        }
        self.obey()?;
        self.show(now);
        if self.service.is_due() {
            self.service.beat(Pulse {
                at: now,
                phase: self.core.engine.phase().name(),
                mode: self.core.engine.mode().name(),
                inputs: self.core.pump.inputs(),
                process: std::process::id(),
                queues: self.inbox.watermarks().marks(),
            });
        }
        self.core.recorder.hand_over(self.inbox.watermarks())?;
        let mut batch = Vec::new();
        self.inbox.take(self.patience(), &mut batch);
        batch.into_iter().try_for_each(|delivery| self.deliver(delivery))
    }

    /// How long nothing is due.
    fn patience(&self) -> Duration {
        let due = [self.core.engine.next_wakeup(), seawall_model::VenuePort::next_at(&self.core.port)];
        let next = due.into_iter().flatten().min();
        next.map_or(NAP, |at| self.clock.until(at).min(NAP))
    }

    fn deliver(&mut self, delivery: Delivery) -> Result<(), LiveError> {
        match delivery {
            Delivery::News(news) => {
                let stream = self.feeds.see(&news);
                self.news(news)?;
                if let Some(live) = stream {
                    // What happened in a gap may never be told: the engine compares everything anew.
                    self.news(News::Engine(Input::Venue(VenueEvent::Stream { live })))?;
                }
            }
            Delivery::Past { instrument, candles } => self.tell_past(instrument, candles)?,
            Delivery::Failed { request, failure } => {
                tracing::warn!(request = kind(&request), %failure, "a request failed");
                if failure.problem.is_fatal() {
                    self.service.status(&failure.to_string());
                }
            }
            Delivery::Disconnected { session, reason } => {
                tracing::warn!(session, reason, "a connection ended");
            }
        }
        Ok(())
    }

    fn news(&mut self, news: News) -> Result<(), LiveError> {
        match news {
            News::Engine(input) => {
                let Some(input) = self.warm_up.pass(input) else { return Ok(()) };
                let Some(input) = self.standing(input) else { return Ok(()) };
                if let Input::Rules(rules) = input {
                    return self.rule(rules);
                }
                let now = self.now();
                self.core.hear(now, &input)
            }
            News::Notice(notice) => {
                tracing::info!(?notice, "the venue says");
                Ok(())
            }
            // For displays; the engine takes its own part of each as an input.
            News::Ticker(ticker) => match self.standings.quoted(&ticker, &self.core.engine) {
                Some(rules) => self.rule(rules),
                None => Ok(()),
            },
            News::Forming(..)
            | News::Top { .. }
            | News::Account(_)
            | News::Positions(_)
            | News::Feed { .. } => Ok(()),
        }
    }

    /// Other rules hold for an instrument, for the simulated exchange too.
    fn rule(&mut self, rules: Rules) -> Result<(), LiveError> {
        let now = self.now();
        self.core.rule(now, rules)
    }

    /// Rules of the listing that the engine knows are no news.
    fn standing(&mut self, input: Input) -> Option<Input> {
        let Input::Rules(rules) = input else { return Some(input) };
        self.standings.listed(rules, &self.core.engine).map(Input::Rules)
    }

    /// Candles of before the start warm the strategy up; those that have closed since come after them.
    fn tell_past(&mut self, instrument: InstrumentId, mut past: Vec<Candle>) -> Result<(), LiveError> {
        let timeframe = self.config.run.timeframe;
        let now = self.now();
        self.run_until(now)?;
        let early = self.warm_up.told(instrument, &past);
        if self.once
            && let Some(candle) = split_newest(&mut past, timeframe, now)
        {
            self.newest.push((instrument, candle));
        }
        for candle in past {
            self.feed(now, &Input::Past { instrument, timeframe, candle })?;
        }
        early.into_iter().try_for_each(|input| self.feed(now, &input))
    }

    fn evaluate_newest(&mut self) -> Result<(), LiveError> {
        let timeframe = self.config.run.timeframe;
        let now = self.now();
        for (instrument, candle) in std::mem::take(&mut self.newest) {
            self.feed(now, &Input::Candle { instrument, timeframe, candle })?;
        }
        Ok(())
    }

    /// Whether nothing is on its way: no entry rests or waits for an answer, every position has its stop.
    fn is_settled(&self) -> bool {
        let ids: Vec<_> = self.core.engine.instruments().map(seawall_model::Instrument::id).collect();
        ids.into_iter().all(|id| {
            let protected = self
                .core
                .engine
                .position(id)
                .is_none_or(|position| position.qty.is_zero() || position.protected);
            protected && !self.core.engine.live_orders(id).any(|order| order.role == OrderRole::Entry)
        })
    }

    /// No new entries, resting ones cancelled; stops stay, and the end waits until each is confirmed.
    fn wind_down(&mut self) -> Result<(), LiveError> {
        let now = self.now();
        self.run_until(now)?;
        if self.core.engine.mode() < SystemMode::ProtectOnly {
            self.feed(now, &Input::Operator(Command::Shutdown))?;
        }
        let started = Instant::now();
        while started.elapsed() < WIND_DOWN {
            self.turn()?;
            if self.is_settled() {
                break;
            }
        }
        Ok(())
    }

    /// The clock's instant, never before what the engine has seen.
    fn now(&self) -> Ts {
        self.clock.now().max(self.core.engine.now())
    }

    fn run_until(&mut self, at: Ts) -> Result<(), LiveError> {
        self.core.run_until(at)
    }

    fn feed(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        self.core.feed(at, input)
    }
}

/// What of the start was told.
#[derive(Debug, Default)]
struct Told {
    feeds: bool,
    candles: bool,
    ready: bool,
    /// The feeds have not come in time.
    late: bool,
    /// It takes long.
    waiting: bool,
}

impl Told {
    const fn is_all(&self) -> bool {
        self.feeds && self.candles && self.ready
    }
}

fn to_std(span: Span) -> Duration {
    Duration::from_nanos(u64::try_from(span.nanos()).unwrap_or(0))
}

/// What was asked for, without its numbers.
fn kind(request: &VenueRequest) -> &'static str {
    match request {
        VenueRequest::Place(_) => "place",
        VenueRequest::Amend { .. } => "amend",
        VenueRequest::Cancel { .. } => "cancel",
        VenueRequest::QueryOrder { .. } => "query order",
        VenueRequest::QueryOpenOrders => "query open orders",
        VenueRequest::QueryPositions => "query positions",
        VenueRequest::QueryBalance => "query balance",
    }
}
