//! How a process comes up at the level of bytes, as a live run does: what is listed, what was missed while
//! nobody ran, and then sessions, questions and candles.
//!
//! Invariants: nothing is fed before the listing is known; an execution that the state has counted is not
//! told again; candles of an instrument are told in order and once.

use std::time::Duration;

use seawall_engine::Carry;
use seawall_engine::carry::DeskCarry;
use seawall_model::{
    Candle, Coverage, Fill, Input, Instrument, InstrumentId, ModelError, Span, Timeframe, Ts, VenueEvent,
};
use seawall_venues::candles::GRACE;
use seawall_venues::{
    Answer, Desk, Failure, ListedInstrument, Market, Markets, Query, Venue, VenueError, WantedData,
};

use super::Event;
use crate::oracles::Oracle;
use crate::process::Process;
use crate::world::{Happening, World};

/// Tokens of questions; candles have those from the last one on.
const LISTING: u64 = 1;
const MISSED: u64 = 2;
const CANDLES: u64 = 100;
/// Pauses between two tries of a question of the start.
const PAUSES_S: [u64; 6] = [1, 1, 2, 4, 8, 16];
/// How long what was missed is waited for.
const WAIT_MAX: Span = Span::from_secs(3);
/// Pages of it.
const PAGES_MAX: u32 = 20;
/// Executions of several instruments may come in another order than they happened.
const OVERLAP: Span = Span::from_secs(60);
/// How far the venue's clock may be from ours.
const SKEW: Span = Span::from_secs(5);
/// Candles of before the start that are told.
const PAST: i64 = 30;
/// After a failure, and after an answer without the candle that should be there.
const PAUSE: Span = Span::from_secs(5);
const LATE: Span = Span::from_secs(10);

/// A process that has its state and not its sessions yet.
pub(crate) struct Opening {
    pub(crate) process: Process,
    pub(crate) carry: Option<Carry>,
    pub(crate) lost_kill: bool,
}

/// A start under way.
#[derive(Default)]
pub(super) struct Starting {
    tries: usize,
    opening: Option<Opening>,
    since: Ts,
    asked_at: Ts,
    pages: u32,
    fills: Vec<Fill>,
}

/// A series of candles as far as the engine knows it.
#[derive(Debug)]
pub(super) struct Follow {
    instrument: InstrumentId,
    timeframe: Timeframe,
    /// Open time of the first candle that was not told.
    wanted: Ts,
    /// When it is asked for; none while it is.
    due: Option<Ts>,
    /// The candles of before the start were told.
    told: bool,
    late: bool,
}

impl Follow {
    pub(super) fn due(&self) -> Option<Ts> {
        self.due
    }
}

/// Why a listing cannot be used.
#[derive(Debug, thiserror::Error)]
enum ListingError {
    #[error(transparent)]
    Venue(#[from] VenueError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("{0} is not listed as it is")]
    Other(String),
}

impl World {
    /// A process begins to start.
    pub(crate) fn boot(&mut self, at: Ts) {
        let Some(wire) = self.wire.as_mut() else { return self.start(at) };
        let key = Some(wire.credentials.clone());
        wire.desk = Some(Desk::new(Venue::KrakenFutures, Markets::default(), key, Vec::new()));
        wire.starting = Some(Starting::default());
        self.ask_again(at);
        self.pump(at);
    }

    /// The question of the start that has no answer yet.
    pub(super) fn ask_again(&mut self, at: Ts) {
        let Some(wire) = self.wire.as_mut() else { return };
        let (Some(desk), Some(starting)) = (wire.desk.as_mut(), wire.starting.as_ref()) else { return };
        if starting.opening.is_none() {
            desk.ask(at, Query::Instruments, LISTING);
        }
    }

    /// The answer to a question of the start, or to one about candles.
    pub(super) fn answered(&mut self, at: Ts, token: u64, answer: Result<Answer, Failure>) {
        match (token, answer) {
            (LISTING, Ok(Answer::Instruments { listed, .. })) => match self.table(&listed) {
                Ok(markets) => {
                    if let Some(wire) = self.wire.as_mut() {
                        wire.markets = markets;
                    }
                    self.start(at);
                }
                Err(error) => self.broken(at, Oracle::Recovery, format!("the listing: {error}")),
            },
            (LISTING, _) => {
                let Some(starting) = self.wire.as_mut().and_then(|wire| wire.starting.as_mut()) else {
                    return;
                };
                let pause = PAUSES_S.get(starting.tries).or(PAUSES_S.last()).copied().unwrap_or(1);
                starting.tries += 1;
                let pause = i64::try_from(Duration::from_secs(pause).as_millis()).unwrap_or(0);
                let event = Event::Again { life: self.life };
                self.agenda.put(at.plus(Span::from_millis(pause)), Happening::Wire(event));
            }
            (MISSED, Ok(Answer::Fills { report, .. })) => self.missed(at, report),
            (MISSED, _) => self.go(at, None),
            (token, answer) => self.candles(at, token, answer),
        }
    }

    /// The instruments of the world as the venue lists them.
    fn table(&self, listed: &[ListedInstrument]) -> Result<Markets, ListingError> {
        let row = |own: &Instrument| -> Result<Market, ListingError> {
            let row = listed.iter().find(|row| row.spec.name == *own.name());
            let row = row.ok_or_else(|| ListingError::Other(own.name().to_string()))?;
            let instrument = Instrument::new(own.id(), row.spec.clone(), 0)?;
            let same = (instrument.tick(), instrument.lot()) == (own.tick(), own.lot())
                && (instrument.price_scale(), instrument.qty_scale()) == (own.price_scale(), own.qty_scale());
            if !same {
                return Err(ListingError::Other(format!("{} as {instrument:?}", own.name())));
            }
            Ok(Market { listed: row.clone(), instrument })
        };
        let rows = self.venue.instruments.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        Ok(Markets::new(rows)?)
    }

    /// The instruments that the engine is built from.
    pub(crate) fn listed_instruments(&self) -> Vec<Instrument> {
        match &self.wire {
            Some(wire) => wire.markets.iter().map(|market| market.instrument.clone()).collect(),
            None => self.venue.instruments.clone(),
        }
    }

    /// The state is there: what was missed is asked for before anything else.
    pub(crate) fn ask_missed(&mut self, at: Ts, opening: Opening) {
        let start = self.plan.start;
        let life = self.life;
        let Some(wire) = self.wire.as_mut() else { return };
        let newest = opening.carry.as_ref().map(|carry| {
            let newest = carry.desks.values().filter_map(DeskCarry::newest_fill).max();
            newest.unwrap_or(start).minus(OVERLAP)
        });
        let starting = wire.starting.get_or_insert_default();
        starting.opening = Some(opening);
        (starting.since, starting.asked_at) = (newest.unwrap_or(at), at.minus(SKEW));
        // The listing's desk has no table; this one has, and no sessions yet.
        let key = Some(wire.credentials.clone());
        let mut desk = Desk::new(Venue::KrakenFutures, wire.markets.clone(), key, Vec::new());
        if let Some(since) = newest {
            desk.ask(at, Query::Fills { since, before: None }, MISSED);
            wire.desk = Some(desk);
            self.agenda.put(at.plus(WAIT_MAX), Happening::Wire(Event::Enough { life }));
        } else {
            wire.desk = Some(desk);
            self.go(at, None);
        }
    }

    fn missed(&mut self, at: Ts, report: seawall_model::Report<Fill>) {
        let Some(wire) = self.wire.as_mut() else { return };
        let (Some(starting), Some(desk)) = (wire.starting.as_mut(), wire.desk.as_mut()) else { return };
        starting.fills.extend(report.rows);
        starting.pages += 1;
        match report.coverage {
            Coverage::Window { from, .. } if from > starting.since && starting.pages < PAGES_MAX => {
                let query = Query::Fills { since: starting.since, before: Some(from) };
                desk.ask(at, query, MISSED);
            }
            Coverage::Complete | Coverage::Window { .. } => {
                let (fills, asked_at) = (std::mem::take(&mut starting.fills), starting.asked_at);
                self.go(at, Some((fills, asked_at)));
            }
            Coverage::Failed => self.go(at, None),
        }
    }

    /// What was missed has not come in time: the positions tell.
    pub(super) fn enough(&mut self, at: Ts) {
        self.go(at, None);
    }

    /// The process runs.
    fn go(&mut self, at: Ts, missed: Option<(Vec<Fill>, Ts)>) {
        let Some(wire) = self.wire.as_mut() else { return };
        let Some(Opening { process, carry, lost_kill }) =
            wire.starting.take().and_then(|starting| starting.opening)
        else {
            return;
        };
        let timeframe = self.plan.timeframe;
        let told_from = missed.as_ref().map_or(at, |(_, asked_at)| *asked_at);
        let quotes: Vec<InstrumentId> = wire.markets.iter().map(Market::id).collect();
        let wanted = WantedData { quotes: quotes.clone(), candles: Vec::new() };
        let sessions = vec![
            Venue::KrakenFutures.market_session(wanted, 1),
            Venue::KrakenFutures.account_session(&wire.credentials, told_from, 2),
        ];
        let key = Some(wire.credentials.clone());
        wire.desk = Some(Desk::new(Venue::KrakenFutures, wire.markets.clone(), key, sessions));
        wire.orders_live = false;
        let span = timeframe.span();
        let first = timeframe.floor(at).minus(Span::from_nanos(span.nanos().saturating_mul(PAST)));
        let follow = |instrument| Follow {
            instrument,
            timeframe,
            wanted: first,
            due: Some(at),
            told: false,
            late: false,
        };
        wire.follows = quotes.into_iter().map(follow).collect();
        let is_new = |fill: &Fill| {
            let name = wire.markets.get(fill.instrument).ok().map(|market| market.instrument.name());
            let desk = name.and_then(|name| carry.as_ref()?.desks.get(name));
            desk.and_then(DeskCarry::newest_fill).is_none_or(|newest| fill.venue_time >= newest)
        };
        let mut fills = missed.map(|(fills, _)| fills).unwrap_or_default();
        fills.retain(is_new);
        fills.sort_by_key(|fill| fill.venue_time);
        self.process = Some(process);
        self.feed(at, Input::Started);
        for fill in fills {
            self.feed(at, Input::Venue(VenueEvent::Filled(fill)));
        }
        self.feed(at, Input::Venue(VenueEvent::Stream { live: false }));
        if lost_kill {
            self.turn_off(at, false);
        }
        if let Some(desk) = self.wire.as_mut().and_then(|wire| wire.desk.as_mut()) {
            desk.on_time(at);
        }
    }

    /// Asks for candles that are due.
    pub(super) fn follow(&mut self, at: Ts) {
        let Some(wire) = self.wire.as_mut() else { return };
        let Some(desk) = wire.desk.as_mut() else { return };
        for follow in &mut wire.follows {
            if follow.due.is_some_and(|due| due <= at) {
                follow.due = None;
                let Follow { instrument, timeframe, wanted, .. } = *follow;
                let token = CANDLES + u64::from(instrument.0);
                desk.ask(at, Query::Candles { instrument, timeframe, from: wanted }, token);
            }
        }
    }

    fn candles(&mut self, at: Ts, token: u64, answer: Result<Answer, Failure>) {
        let Some(wire) = self.wire.as_mut() else { return };
        let number = token.checked_sub(CANDLES).and_then(|number| usize::try_from(number).ok());
        let Some(follow) = number.and_then(|number| wire.follows.get_mut(number)) else { return };
        let Ok(Answer::Candles(page)) = answer else {
            follow.due = Some(at.plus(PAUSE));
            return;
        };
        let wanted = follow.wanted;
        let closed: Vec<Candle> =
            page.closed.into_iter().filter(|candle| candle.open_time >= wanted).collect();
        let is_past = !std::mem::replace(&mut follow.told, true);
        follow.late = closed.is_empty() && !follow.late && !is_past;
        follow.wanted = closed.last().map_or(wanted, |last| last.known_at);
        if is_past && closed.is_empty() {
            follow.wanted = follow.timeframe.floor(at);
        }
        let span = follow.timeframe.span();
        let open = follow.timeframe.floor(at).max(follow.wanted);
        follow.due = Some(if follow.late { at.plus(LATE) } else { open.plus(span).plus(GRACE) });
        let (instrument, timeframe) = (follow.instrument, follow.timeframe);
        for candle in closed {
            let input = if is_past {
                Input::Past { instrument, timeframe, candle }
            } else {
                Input::Candle { instrument, timeframe, candle }
            };
            self.feed(at, input);
        }
    }
}
