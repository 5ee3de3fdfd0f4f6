//! What needs a run's own driver: streams, reports of the account, and orders of the probe.
//!
//! It is the venue's task that a run has ([`crate::net::venue`]), with the same sessions, so what comes
//! through here comes through there. Every wait has an end; all of them end when the switch is on, except
//! those of taking orders away.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_model::{
    Coverage, Fill, Input, InstrumentId, OrderRef, OrderRequest, Qty, Report, Span, SubmitOutcome, Ts,
    VenueEvent, VenueOrder, VenuePosition, VenueRequest,
};
use seawall_venues::codec::Codec;
use seawall_venues::profile::Profile;
use seawall_venues::{
    Answer, Credentials, Failure, Hosts, Markets, News, Notice, Query, Session, Venue, WantedData,
};
use tokio::runtime::Runtime;

use super::books::Books;
use super::judge::Held;
use super::{Check, judge, probe};
use crate::demo::StopSwitch;
use crate::error::LiveError;
use crate::net::{Delivery, Inbox, NetSettings, VenueHandle, VenueSetup};
use crate::run::Feeds;
use crate::wall_clock::WallClock;

/// An answer has come after this, or it does not come.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Why there is none; the usual reason is a limit.
const NO_ANSWER: &str = "no answer came: the venue's rate limit may be used up, wait a minute";
/// The words of a failure follow what the engine is told within this.
const WORDS_MAX: Duration = Duration::from_millis(300);
/// Longest wait for streams to be live, whatever a run would wait.
const STREAMS_MAX: Duration = Duration::from_secs(30);
/// A report that failed is asked for again so often, after a pause.
const REPORTS_MAX: u32 = 3;
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// A picture of the venue may seem so much older than the question for it: its clock is known that well only.
const CLOCK_DOUBT: Span = Span::from_secs(1);
/// How often a wait looks at the switch.
const NAP: Duration = Duration::from_millis(50);

/// Sessions in the order in which they are given to the driver.
const MARKET: usize = 0;
const ACCOUNT: usize = 1;

/// What became of a placement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placed {
    /// The venue has it.
    Taken,
    /// It does not, by its own words or because nothing was sent.
    Refused(String),
    /// Nobody can say.
    Unknown(String),
}

/// A wait with its end.
#[derive(Debug, Clone, Copy)]
struct Wait {
    until: Instant,
    heeds_switch: bool,
}

/// The way to the venue through a run's driver.
pub(super) struct Line {
    handle: VenueHandle,
    runtime: tokio::runtime::Handle,
    inbox: Arc<Inbox>,
    clock: Arc<WallClock>,
    /// How far the venue's clock is ahead of it.
    ahead: Span,
    switch: StopSwitch,
    profile: &'static Profile,
    /// Without the stream of the account.
    quotes: Feeds,
    /// With it.
    all: Feeds,
    came: VecDeque<Delivery>,
    /// Why each session's connection ended last.
    ended: BTreeMap<usize, String>,
    /// Rows about instruments that no run here knows.
    unknown: BTreeSet<(&'static str, String)>,
    fills: Vec<Fill>,
    /// Waits no longer heed the switch: something has to be taken away.
    pub(super) is_cleaning: bool,
}

impl Line {
    pub(super) fn open(
        runtime: &Runtime,
        (venue, hosts, net): (Venue, Hosts, NetSettings),
        key: Option<&Credentials>,
        (markets, followed): (&Markets, BTreeSet<InstrumentId>),
        (clock, ahead): (Arc<WallClock>, Span),
        switch: StopSwitch,
    ) -> Result<Self, LiveError> {
        let wanted = WantedData { quotes: followed.iter().copied().collect(), candles: Vec::new() };
        let mut sessions: Vec<Box<dyn Session + Send>> = vec![venue.market_session(wanted, 1)];
        sessions.extend(key.map(|key| venue.account_session(key, clock.now(), 2)));
        let inbox = Arc::new(Inbox::new());
        let setup = VenueSetup {
            venue,
            hosts,
            net,
            credentials: key.cloned(),
            markets: markets.clone(),
            sessions,
            clock: clock.clone(),
            inbox: inbox.clone(),
        };
        Ok(Line {
            handle: crate::run::started(runtime, setup)?,
            runtime: runtime.handle().clone(),
            inbox,
            clock,
            ahead,
            switch,
            profile: venue.profile(),
            quotes: Feeds::new(followed.clone(), false),
            all: Feeds::new(followed, true),
            came: VecDeque::new(),
            ended: BTreeMap::new(),
            unknown: BTreeSet::new(),
            fills: Vec::new(),
            is_cleaning: false,
        })
    }

    pub(super) fn profile(&self) -> &'static Profile {
        self.profile
    }

    pub(super) fn now(&self) -> Ts {
        self.clock.now()
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.switch.is_on()
    }

    fn wait(&self, most: Duration) -> Wait {
        Wait { until: Instant::now() + most, heeds_switch: !self.is_cleaning }
    }

    /// The next thing that comes in; none at the end of the wait.
    fn next(&mut self, wait: Wait) -> Option<Delivery> {
        loop {
            if let Some(delivery) = self.came.pop_front() {
                self.note(&delivery);
                return Some(delivery);
            }
            let left = wait.until.saturating_duration_since(Instant::now());
            if left.is_zero() || (wait.heeds_switch && self.switch.is_on()) {
                return None;
            }
            let mut batch = Vec::new();
            self.inbox.take(left.min(NAP), &mut batch);
            self.came.extend(batch);
        }
    }

    /// Takes in what has come unasked.
    fn drain(&mut self) {
        let now = Wait { until: Instant::now(), heeds_switch: false };
        let mut batch = Vec::new();
        self.inbox.take(Duration::ZERO, &mut batch);
        self.came.extend(batch);
        while self.next(now).is_some() {}
    }

    fn note(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::News(news) => {
                self.quotes.see(news);
                self.all.see(news);
                match news {
                    News::Notice(Notice::UnmappedInstrument { what, symbol }) => {
                        self.unknown.insert((what, symbol.clone()));
                    }
                    News::Engine(Input::Venue(VenueEvent::Filled(fill))) => self.fills.push(*fill),
                    News::Engine(_)
                    | News::Notice(_)
                    | News::Forming(..)
                    | News::Ticker(_)
                    | News::Top { .. }
                    | News::Account(_)
                    | News::Positions(_)
                    | News::Feed { .. } => {}
                }
            }
            Delivery::Disconnected { session, reason } => {
                self.ended.insert(*session, reason.clone());
            }
            Delivery::Failed { .. } | Delivery::Past { .. } => {}
        }
    }

    /// Whether both streams become live in time.
    pub(super) fn streams(&mut self, patience_s: u32, with_account: bool) -> Vec<Check> {
        let patience = Duration::from_secs(u64::from(patience_s)).min(STREAMS_MAX);
        let (started, wait) = (Instant::now(), self.wait(patience));
        let (mut public, mut private) = (None, None);
        loop {
            let took = || started.elapsed();
            public = public.or_else(|| self.quotes.are_live().then(took));
            private = private.or_else(|| self.all.orders_are_live().then(took));
            let is_done = public.is_some() && (private.is_some() || !with_account);
            if is_done || self.next(wait).is_none() {
                break;
            }
        }
        let mut checks = vec![self.stream("public_stream", MARKET, public, patience)];
        if with_account {
            checks.push(self.stream("private_stream", ACCOUNT, private, patience));
        }
        checks
    }

    fn stream(&self, name: &'static str, session: usize, took: Option<Duration>, most: Duration) -> Check {
        let check = match took {
            Some(took) => Check::ok(name, "it is live").measured(format!("{:.1} s", took.as_secs_f64())),
            None => {
                let why = self.ended.get(&session).map(|why| format!(" ({why})")).unwrap_or_default();
                let finding = match session {
                    MARKET => format!("not live: {}{why}", self.quotes.missing()),
                    _ => format!("not live: the stream of the account{why}"),
                };
                let remedy = format!("check venue.{name}, the network and the venue's status page");
                Check::fail(name, finding, remedy).passing()
            }
        };
        check.against(format!("{} s", most.as_secs()))
    }

    /// Positions, their stops, open orders, and what the last start knew.
    pub(super) fn exposure(&mut self, markets: &Markets, books: Option<&Books>) -> Vec<Check> {
        let held = match self.positions() {
            Ok(held) => held,
            Err(why) => {
                let remedy = "try again: a report that failed is no empty account";
                let mut checks = vec![Check::fail("positions", why, remedy).passing().started_with()];
                super::skip(
                    &mut checks,
                    &["stops", "position_sync", "orders"],
                    "the positions are not known",
                );
                return checks;
            }
        };
        let mut checks = Vec::new();
        let strangers = self.unknown_in("position");
        checks.push(if strangers.is_empty() {
            Check::ok("positions", format!("{} are open{}", held.len(), judge::listed(markets, &held)))
        } else {
            let remedy = "look again; what stays unknown has to be closed by hand";
            let finding = format!("open on what the run does not know, so nothing protects it: {strangers}");
            Check::fail("positions", finding, remedy).started_with()
        });
        match self.open_orders() {
            Ok(orders) => {
                checks.extend(judge::stops(markets, &held, &orders, self.profile.reduce_only));
                checks.push(self.orders(&orders));
            }
            Err(why) => {
                let remedy = "try again: a report that failed is no empty list";
                checks.push(Check::fail("orders", why, remedy).passing().started_with());
                checks.push(Check::skipped("stops", "the open orders are not known"));
            }
        }
        checks.extend(sync(markets, &held, books));
        checks
    }

    fn orders(&self, orders: &[VenueOrder]) -> Check {
        let probes = orders.iter().filter(|order| probe::is_probe(order)).count();
        if probes > 0 {
            let finding = format!("{probes} orders of a probe that was killed rest at the venue");
            return Check::warn("orders", finding, "`seawall doctor --probe` takes them away first");
        }
        let strangers = self.unknown_in("order");
        let others =
            if strangers.is_empty() { String::new() } else { format!("; further ones on {strangers}") };
        Check::ok("orders", format!("{} are open{others}", orders.len()))
    }

    fn unknown_in(&self, what: &str) -> String {
        let symbols = self.unknown.iter().filter(|(of, _)| *of == what).map(|(_, symbol)| symbol.as_str());
        symbols.collect::<Vec<_>>().join(", ")
    }

    /// All positions that are not flat, or why they are not known.
    pub(super) fn positions(&mut self) -> Result<Vec<VenuePosition>, String> {
        let rows = self.report(VenueRequest::QueryPositions, |event| {
            if let VenueEvent::Positions(report) = event { Some(report) } else { None }
        })?;
        Ok(rows.into_iter().filter(|row| !row.qty.is_zero()).collect())
    }

    /// All open orders, or why they are not known.
    pub(super) fn open_orders(&mut self) -> Result<Vec<VenueOrder>, String> {
        self.report(VenueRequest::QueryOpenOrders, |event| {
            if let VenueEvent::OpenOrders(report) = event { Some(report) } else { None }
        })
    }

    /// The rows of a complete report that is younger than the question. One that fails is asked for again;
    /// one that only waits is not, since that would make it wait longer.
    fn report<T: Clone>(
        &mut self,
        request: VenueRequest,
        pick: impl Fn(&VenueEvent) -> Option<&Report<T>>,
    ) -> Result<Vec<T>, String> {
        self.drain();
        let asked_at = self.clock.now().plus(self.ahead).minus(CLOCK_DOUBT);
        let mut why = NO_ANSWER.to_owned();
        let mut is_on_its_way = false;
        for round in 0..REPORTS_MAX {
            if !is_on_its_way {
                if round > 0 {
                    std::thread::sleep(PAUSE);
                }
                self.handle
                    .send(self.clock.now(), request)
                    .map_err(|_| "the venue's task takes no more".to_owned())?;
            }
            is_on_its_way = true;
            let mut wait = self.wait(ANSWER_MAX);
            while let Some(delivery) = self.next(wait) {
                match delivery {
                    Delivery::News(News::Engine(Input::Venue(event))) => match pick(&event) {
                        Some(report)
                            if report.coverage == Coverage::Complete && report.taken_at >= asked_at =>
                        {
                            return Ok(report.rows.clone());
                        }
                        Some(report) if report.coverage == Coverage::Failed => {
                            is_on_its_way = false;
                            wait.until = wait.until.min(Instant::now() + WORDS_MAX);
                        }
                        // What was asked for by somebody else before: ours comes.
                        Some(_) | None => {}
                    },
                    Delivery::Failed { request: failed, failure } if *failed == request => {
                        (why, is_on_its_way) = (failure.to_string(), false);
                        break;
                    }
                    Delivery::News(_)
                    | Delivery::Past { .. }
                    | Delivery::Failed { .. }
                    | Delivery::Disconnected { .. } => {}
                }
            }
            if self.switch.is_on() && !self.is_cleaning {
                return Err("interrupted".to_owned());
            }
        }
        Err(why)
    }

    /// One question to the driver.
    pub(super) fn ask(&self, query: Query) -> Result<Answer, String> {
        let answered =
            self.runtime.block_on(async { tokio::time::timeout(ANSWER_MAX, self.handle.ask(query)).await });
        let answer: Result<Answer, Failure> = answered.map_err(|_| NO_ANSWER.to_owned())?;
        answer.map_err(|failure| failure.to_string())
    }

    /// Places an order and waits for what became of it.
    pub(super) fn place(&mut self, request: OrderRequest) -> Placed {
        let asked = VenueRequest::Place(request);
        if self.handle.send(self.clock.now(), asked).is_err() {
            return Placed::Refused("the venue's task takes no more".to_owned());
        }
        let mut placed = None;
        // Once it is on its way its fate counts, whatever the switch says.
        let mut wait = Wait { heeds_switch: false, ..self.wait(ANSWER_MAX) };
        while let Some(delivery) = self.next(wait) {
            let heard = match delivery {
                Delivery::News(News::Engine(input)) => heard(&input, request.order),
                Delivery::Failed { request: failed, failure } if *failed == asked => {
                    return match placed {
                        Some(Placed::Taken) => Placed::Taken,
                        Some(Placed::Refused(_)) => Placed::Refused(failure.to_string()),
                        Some(Placed::Unknown(_)) | None => Placed::Unknown(failure.to_string()),
                    };
                }
                Delivery::News(_)
                | Delivery::Past { .. }
                | Delivery::Failed { .. }
                | Delivery::Disconnected { .. } => None,
            };
            match heard {
                Some(Placed::Taken) => return Placed::Taken,
                Some(fate) => {
                    // Its words come next.
                    placed = Some(fate);
                    wait.until = wait.until.min(Instant::now() + WORDS_MAX);
                }
                None => {}
            }
        }
        placed.unwrap_or_else(|| Placed::Unknown("no answer came".to_owned()))
    }

    /// Asks for a cancellation and waits until something is known of it; whether the venue has confirmed it.
    pub(super) fn cancel(&mut self, order: OrderRef) -> Result<(), String> {
        let asked = VenueRequest::Cancel { order };
        self.handle.send(self.clock.now(), asked).map_err(|_| "the venue's task takes no more".to_owned())?;
        let mut refused = None;
        let mut wait = self.wait(ANSWER_MAX);
        while let Some(delivery) = self.next(wait) {
            match delivery {
                Delivery::News(News::Engine(Input::Venue(VenueEvent::Cancelled { order: gone, .. })))
                    if gone.id == order.id =>
                {
                    return Ok(());
                }
                Delivery::News(News::Engine(Input::Venue(VenueEvent::CancelRejected {
                    order: kept,
                    reason,
                }))) if kept.id == order.id => {
                    refused = Some(format!("the cancellation was refused ({})", reason.name()));
                    wait.until = wait.until.min(Instant::now() + WORDS_MAX);
                }
                Delivery::Failed { request, failure } if *request == asked => return Err(failure.to_string()),
                Delivery::News(_)
                | Delivery::Past { .. }
                | Delivery::Failed { .. }
                | Delivery::Disconnected { .. } => {}
            }
        }
        Err(refused.unwrap_or_else(|| "no answer to the cancellation came".to_owned()))
    }

    /// How much of an order of ours was executed, as far as it was told.
    pub(super) fn executed(&self, order: OrderRef) -> bool {
        self.fills.iter().any(|fill| fill.order.is_some_and(|of| of.id == order.id))
    }
}

/// What an input says about a placement.
fn heard(input: &Input, order: OrderRef) -> Option<Placed> {
    let is_ours = |of: &OrderRef| of.id == order.id;
    if let Input::Submission { order: of, outcome } = input {
        return is_ours(of).then(|| match outcome {
            SubmitOutcome::Unknown => Placed::Unknown("no answer came".to_owned()),
            SubmitOutcome::NotSent => Placed::Refused("it was not sent".to_owned()),
        });
    }
    let Input::Venue(event) = input else { return None };
    if let VenueEvent::Accepted { order: of, .. } = event {
        return is_ours(of).then_some(Placed::Taken);
    }
    if let VenueEvent::Filled(fill) = event {
        return fill.order.is_some_and(|of| is_ours(&of)).then_some(Placed::Taken);
    }
    if let VenueEvent::Rejected { order: of, reason } = event {
        return is_ours(of).then(|| Placed::Refused(reason.name().to_owned()));
    }
    if let VenueEvent::Cancelled { order: of, reason } = event {
        return is_ours(of).then(|| Placed::Refused(format!("the venue cancelled it at once ({reason:?})")));
    }
    None
}

fn sync(markets: &Markets, held: &[VenuePosition], books: Option<&Books>) -> Vec<Check> {
    let Some(books) = books else {
        let check = if held.is_empty() {
            Check::skipped("position_sync", "there is no earlier start to compare with")
        } else {
            let remedy = "a run takes them over by the policy of `reconcile`, and protects them";
            Check::warn("position_sync", "there are positions, and no earlier start that knows them", remedy)
        };
        return vec![check];
    };
    let named = |position: &VenuePosition| -> Option<(String, Qty)> {
        let instrument = &markets.get(position.instrument).ok()?.instrument;
        Some((instrument.name().to_string(), instrument.qty(position.qty)))
    };
    let venue: Held = held.iter().filter_map(named).collect();
    let mut checks = judge::sync(&venue, &books.engine, books.database.as_ref().ok());
    if let Err(why) = &books.database {
        checks.push(
            Check::skipped("position_sync", format!("the database cannot be read: {why}")).of("database"),
        );
    }
    checks
}
