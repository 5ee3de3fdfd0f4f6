//! The engine's thread: feeds the engine, wakes it, ends the run.

use std::time::{Duration, Instant};

use seawall_engine::Phase;
use seawall_model::{Command, Input, OrderRole, Span, SystemMode, Ts, VenueEvent, VenueRequest};
use seawall_store::journal::EndReason;
use seawall_venues::codec::told;
use seawall_venues::{Advice, Failure, News, Problem};

use super::service::Pulse;
use super::{Progress, Run};
use crate::demo::StopSwitch;
use crate::ending::finish;
use crate::error::LiveError;
use crate::net::Delivery;
use crate::summary::Summary;

/// Longest wait for something to happen, so that switches and files are looked at.
const NAP: Duration = Duration::from_millis(100);
/// The time that a stopping run gives the venue to confirm what was cancelled.
const WIND_DOWN: Duration = Duration::from_secs(15);
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
    pub fn run(mut self, switch: &StopSwitch, progress: Progress<'_>) -> Result<Summary, LiveError> {
        let reason = self.carry(switch, progress);
        let reason = match reason {
            Ok(reason) => reason,
            Err(error) => {
                self.service.status(&error.to_string());
                return Err(error);
            }
        };
        self.service.status("stopping: entries are cancelled, stops stay");
        self.wind_down()?;
        let Run { engine, recorder, folder, initial_equity, runtime, service, .. } = self;
        drop(service);
        let summary = finish(&engine, recorder, &folder, initial_equity, reason);
        runtime.shutdown_timeout(Duration::from_secs(2));
        summary
    }

    fn carry(&mut self, switch: &StopSwitch, progress: Progress<'_>) -> Result<EndReason, LiveError> {
        self.recorder.started = Instant::now();
        self.tell_past()?;
        progress("feeds", "waiting for market data and the stream of the account");
        let waited = self.wait_for_feeds(switch)?;
        progress("reconciling", "comparing the books with the venue");
        let now = self.now();
        self.feed(now, &Input::Started)?;
        if let Some(command) = self.kill.at_start() {
            self.feed(now, &Input::Operator(command))?;
        }
        for delivery in waited {
            self.deliver(delivery)?;
        }
        let started = Instant::now();
        let mut ends = self.duration.map(|span| (started, to_std(span)));
        let (mut ready, mut warned) = (false, false);
        loop {
            if switch.is_on() {
                return Ok(EndReason::Stopped);
            }
            if ends.is_some_and(|(from, span)| from.elapsed() >= span) {
                return Ok(EndReason::Finished);
            }
            self.turn()?;
            if !ready && self.engine.phase() == Phase::Ready {
                ready = true;
                progress("ready", &format!("{:.1} s after the start", started.elapsed().as_secs_f64()));
                self.service.ready();
                self.service.status("ready");
                if self.once {
                    self.evaluate_newest()?;
                    ends = Some((Instant::now(), SINGLE_PASS));
                }
            }
            if !ready && !warned && started.elapsed() >= PATIENCE {
                warned = true;
                let (phase, blocks) = (self.engine.phase().name(), self.engine.blocks_in_words().join("; "));
                progress("waiting", &format!("the engine is still {phase}: {blocks}"));
            }
            let evaluated = ends.is_some_and(|(from, _)| from.elapsed() >= EVALUATION);
            if self.once && ready && evaluated && self.is_settled() {
                return Ok(EndReason::Finished);
            }
        }
    }

    /// One turn: what is due, then what has come in.
    fn turn(&mut self) -> Result<(), LiveError> {
        let now = self.now();
        self.run_until(now)?;
        for request in self.port.take_refused() {
            let failure =
                Failure::not_done(Advice::Terminal, Problem::Transport, "the venue's task takes no more");
            for input in told(&request, &failure, now) {
                self.feed(now, &input)?;
            }
        }
        if let Some(command) = self.kill.poll() {
            self.feed(now, &Input::Operator(command))?;
        }
        if self.service.is_due() {
            self.service.beat(Pulse {
                at: now,
                phase: self.engine.phase().name(),
                mode: self.engine.mode().name(),
                inputs: self.pump.inputs(),
                process: std::process::id(),
            });
        }
        let mut batch = Vec::new();
        self.inbox.take(self.patience(), &mut batch);
        batch.into_iter().try_for_each(|delivery| self.deliver(delivery))
    }

    /// How long nothing is due.
    fn patience(&self) -> Duration {
        let due = [self.engine.next_wakeup(), seawall_model::VenuePort::next_at(&self.port)];
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
            Delivery::Failed { request, failure } => {
                tracing::warn!(request = ?kind(&request), %failure, "a request failed");
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
                let now = self.now();
                self.run_until(now)?;
                if let Input::Quote { instrument, bid, ask } = &input {
                    self.port.see_quote(now, *instrument, *bid, *ask);
                    self.run_until(now)?;
                }
                self.feed(now, &input)
            }
            News::Notice(notice) => {
                tracing::info!(?notice, "the venue says");
                Ok(())
            }
            // For displays; the engine takes its own part of each as an input.
            News::Forming(..)
            | News::Ticker(_)
            | News::Top { .. }
            | News::Account(_)
            | News::Positions(_)
            | News::Feed { .. } => Ok(()),
        }
    }

    /// Candles of before the start warm the strategy up; nothing can be entered yet.
    fn tell_past(&mut self) -> Result<(), LiveError> {
        let timeframe = self.config.run.timeframe;
        let past = std::mem::take(&mut self.past);
        let newest = past.iter().map(|(_, candle)| candle.known_at).max();
        for (instrument, candle) in past {
            if self.once && Some(candle.known_at) == newest {
                self.newest.push((instrument, candle));
                continue;
            }
            self.feed(candle.known_at, &Input::Candle { instrument, timeframe, candle })?;
        }
        Ok(())
    }

    fn evaluate_newest(&mut self) -> Result<(), LiveError> {
        let timeframe = self.config.run.timeframe;
        let now = self.now();
        for (instrument, candle) in std::mem::take(&mut self.newest) {
            self.feed(now, &Input::Candle { instrument, timeframe, candle })?;
        }
        Ok(())
    }

    /// Waits until the feeds are live; what they bring meanwhile comes after [`Input::Started`].
    fn wait_for_feeds(&mut self, switch: &StopSwitch) -> Result<Vec<Delivery>, LiveError> {
        let patience = Duration::from_secs(u64::from(self.config.run.feeds_timeout_s));
        let started = Instant::now();
        let mut waited = Vec::new();
        while !self.feeds.are_live() && !switch.is_on() {
            if started.elapsed() >= patience {
                // Instruments without quotes are kept from entries by the engine; without any, or blind to
                // our own orders, there is nothing to run.
                if self.feeds.orders_are_live() && self.feeds.any_quotes() {
                    break;
                }
                let cause = format!("missing after {} s: {}", patience.as_secs(), self.feeds.missing());
                return Err(LiveError::Venue { phase: "feeds", cause });
            }
            let before = waited.len();
            self.inbox.take(NAP, &mut waited);
            for delivery in waited.iter().skip(before) {
                match delivery {
                    Delivery::News(news) => {
                        self.feeds.see(news);
                    }
                    Delivery::Disconnected { session, reason } => {
                        tracing::warn!(session, reason, "no connection yet");
                    }
                    Delivery::Failed { .. } => {}
                }
            }
        }
        Ok(waited)
    }

    /// Whether nothing is on its way: no entry rests or waits for an answer, every position has its stop.
    fn is_settled(&self) -> bool {
        let ids: Vec<_> = self.engine.instruments().map(seawall_model::Instrument::id).collect();
        ids.into_iter().all(|id| {
            let protected =
                self.engine.position(id).is_none_or(|position| position.qty.is_zero() || position.protected);
            protected && !self.engine.live_orders(id).any(|order| order.role == OrderRole::Entry)
        })
    }

    /// No new entries, resting ones cancelled; stops stay, and the end waits until each is confirmed.
    fn wind_down(&mut self) -> Result<(), LiveError> {
        let now = self.now();
        self.run_until(now)?;
        if self.engine.mode() < SystemMode::ProtectOnly {
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
        self.clock.now().max(self.engine.now())
    }

    fn run_until(&mut self, at: Ts) -> Result<(), LiveError> {
        let Run { pump, engine, port, recorder, .. } = self;
        pump.run_until(engine, port, recorder, at)
    }

    fn feed(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        let Run { pump, engine, port, recorder, .. } = self;
        pump.feed(engine, port, recorder, at, input)
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
