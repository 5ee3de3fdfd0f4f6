//! What struck: every time a fault is drawn it is written down as a [`Strike`], so that a world can be lived
//! again with exactly these, or with fewer.
//!
//! Invariants: an opportunity of a fault is counted whether or not the fault is known in this world; the draw
//! of an opportunity and the shape of its strike depend on the seed, the fault and the number of the
//! opportunity alone, so that a strike more or less changes no other; a world that is lived again with all of
//! its strikes is the same to the last bit.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use seawall_model::{InstrumentId, OrderRequest, OrderRole, Ts, VenueEvent, VenueRequest};

use crate::faults::Fault;
use crate::random::{Purpose, Stream};

/// One time that a fault strikes: which fault, and the number of its opportunity in its world, from 0 on.
/// In words `reply_lost:17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strike {
    /// Which fault.
    pub fault: Fault,
    /// The number of its opportunity.
    pub opportunity: u32,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fault.name(), self.opportunity)
    }
}

impl FromStr for Strike {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is not fault:opportunity"))?;
        let fault = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
        let fault = fault.ok_or_else(|| format!("there is no fault `{name}`"))?;
        let opportunity = number.parse().map_err(|_| format!("`{number}` is not a number that fits"))?;
        Ok(Strike { fault, opportunity })
    }
}

/// A strike and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck {
    /// The strike.
    pub strike: Strike,
    /// When it was injected; nothing where there was nothing that it could hit.
    pub at: Option<Ts>,
    /// The instrument that it hit, where it was about one.
    pub instrument: Option<InstrumentId>,
    /// What it hit.
    pub about: About,
}

/// What an opportunity is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The placement of an entry.
    Entry,
    /// The placement of a stop.
    Stop,
    /// The placement of a take-profit.
    Target,
    /// The placement of an order that closes.
    Exit,
    /// The placement of an order that closes in an emergency.
    Emergency,
    /// A change of an order.
    Amend,
    /// A cancellation.
    Cancel,
    /// The question about one order.
    AskOrder,
    /// The question for all open orders.
    AskOrders,
    /// The question for positions.
    AskPositions,
    /// The question for the balance.
    AskBalance,
    /// A question that is not the engine's: of a session, of the start, about candles.
    Question,
    /// A text of a stream, at the level of bytes.
    Frame,
    /// News that an order works.
    Accepted,
    /// News of an execution.
    Filled,
    /// News that an order is over.
    Ended,
    /// Any other news.
    News,
    /// A minute of the world.
    Minute,
    /// A step of the engine.
    Step,
    /// A price of the market.
    Price,
    /// What a scenario says.
    Script,
}

impl About {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            About::Entry => "an entry",
            About::Stop => "a stop",
            About::Target => "a take-profit",
            About::Exit => "an exit",
            About::Emergency => "an emergency exit",
            About::Amend => "a change",
            About::Cancel => "a cancellation",
            About::AskOrder => "the question about an order",
            About::AskOrders => "the question for orders",
            About::AskPositions => "the question for positions",
            About::AskBalance => "the question for the balance",
            About::Question => "a question of a session or the start",
            About::Frame => "a text of a stream",
            About::Accepted => "news of an acceptance",
            About::Filled => "news of an execution",
            About::Ended => "news of an order's end",
            About::News => "news",
            About::Minute => "a minute",
            About::Step => "a step",
            About::Price => "a price",
            About::Script => "the script",
        }
    }

    pub(crate) const fn placement(order: &OrderRequest) -> Self {
        match order.role {
            OrderRole::Entry => About::Entry,
            OrderRole::Stop => About::Stop,
            OrderRole::Target(_) => About::Target,
            OrderRole::Exit => About::Exit,
            OrderRole::Emergency => About::Emergency,
        }
    }

    pub(crate) const fn request(request: &VenueRequest) -> Self {
        match request {
            VenueRequest::Place(order) => About::placement(order),
            VenueRequest::Amend { .. } => About::Amend,
            VenueRequest::Cancel { .. } => About::Cancel,
            VenueRequest::QueryOrder { .. } => About::AskOrder,
            VenueRequest::QueryOpenOrders => About::AskOrders,
            VenueRequest::QueryPositions => About::AskPositions,
            VenueRequest::QueryBalance => About::AskBalance,
        }
    }

    pub(crate) const fn event(event: &VenueEvent) -> Self {
        match event {
            VenueEvent::Accepted { .. } => About::Accepted,
            VenueEvent::Filled(_) => About::Filled,
            VenueEvent::Cancelled { .. } | VenueEvent::Rejected { .. } => About::Ended,
            VenueEvent::Triggered { .. }
            | VenueEvent::CancelRejected { .. }
            | VenueEvent::Amended { .. }
            | VenueEvent::AmendRejected { .. }
            | VenueEvent::Order { .. }
            | VenueEvent::Funding { .. }
            | VenueEvent::OpenOrders(_)
            | VenueEvent::Positions(_)
            | VenueEvent::Balance { .. }
            | VenueEvent::Stream { .. }
            | VenueEvent::Booked(_)
            | VenueEvent::Elsewhere(_) => About::News,
        }
    }
}

/// Waits for the next opportunity of a fault that is about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Armed {
    fault: Fault,
    about: Option<About>,
}

/// What decides whether a fault strikes, and what has struck.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    seed: u64,
    rates: Vec<u32>,
    opportunities: Vec<u32>,
    /// Exactly these strike, instead of what is drawn.
    planned: Option<BTreeSet<Strike>>,
    armed: Vec<Armed>,
    healed: bool,
    injected: Vec<u64>,
    struck: Vec<Struck>,
}

impl Faults {
    /// No faults at all.
    pub(crate) fn none(seed: u64) -> Self {
        let count = Fault::ALL.len();
        Faults {
            seed,
            rates: vec![0; count],
            opportunities: vec![0; count],
            planned: None,
            armed: Vec::new(),
            healed: false,
            injected: vec![0; count],
            struck: Vec::new(),
        }
    }

    pub(crate) fn set(&mut self, fault: Fault, ppm: u32) {
        if let Some(rate) = self.rates.get_mut(fault as usize) {
            *rate = ppm;
        }
    }

    pub(crate) fn rate(&self, fault: Fault) -> u32 {
        self.rates.get(fault as usize).copied().unwrap_or(0)
    }

    /// Nothing is drawn any more: exactly these strike. Rates stay what they are, since bounds come of them.
    pub(crate) fn plan(&mut self, strikes: &[Strike]) {
        self.planned = Some(strikes.iter().copied().collect());
    }

    /// The next opportunity of `fault` that is about `about`, or about anything, is taken.
    pub(crate) fn arm(&mut self, fault: Fault, about: Option<About>) {
        self.armed.push(Armed { fault, about });
    }

    /// Whether `fault` may strike at all: what is costly to find out need not be asked otherwise.
    pub(crate) fn may_strike(&self, fault: Fault) -> bool {
        self.rate(fault) > 0 || self.armed.iter().any(|armed| armed.fault == fault)
    }

    /// Whether `fault` is to strike at this opportunity. The caller says [`Self::note`] if it could.
    #[inline]
    pub(crate) fn strikes(&mut self, fault: Fault, about: About) -> Option<Strike> {
        let count = self.opportunities.get_mut(fault as usize)?;
        let opportunity = *count;
        *count = count.wrapping_add(1);
        let rate = self.rates.get(fault as usize).copied().unwrap_or(0);
        if rate == 0 && self.planned.is_none() && self.armed.is_empty() {
            return None;
        }
        self.struck_at(Strike { fault, opportunity }, rate, about)
    }

    fn struck_at(&mut self, strike: Strike, rate: u32, about: About) -> Option<Strike> {
        let is_due =
            |armed: &Armed| armed.fault == strike.fault && armed.about.is_none_or(|wanted| wanted == about);
        let armed = self.armed.iter().position(is_due).map(|place| self.armed.remove(place));
        let strikes = match &self.planned {
            _ if self.healed => false,
            _ if armed.is_some() => true,
            Some(planned) => planned.contains(&strike),
            None => {
                rate > 0
                    && Stream::new(self.seed, Purpose::Fault(strike.fault, strike.opportunity)).chance(rate)
            }
        };
        strikes.then(|| {
            self.struck.push(Struck { strike, at: None, instrument: None, about });
            strike
        })
    }

    /// The draws that say how a strike looks: its own, whatever else strikes.
    pub(crate) fn shape(&self, strike: Strike) -> Stream {
        Stream::new(self.seed, Purpose::Shape(strike.fault, strike.opportunity))
    }

    /// The fault was injected.
    pub(crate) fn note(&mut self, at: Ts, strike: Strike, instrument: Option<InstrumentId>) {
        if let Some(count) = self.injected.get_mut(strike.fault as usize) {
            *count += 1;
        }
        let known = self.struck.iter_mut().rev().find(|struck| struck.strike == strike);
        if let Some(struck) = known.filter(|struck| struck.at.is_none()) {
            (struck.at, struck.instrument) = (Some(at), instrument);
        }
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn heal(&mut self) {
        self.rates.fill(0);
        self.armed.clear();
        self.healed = true;
    }

    /// How often each was injected, in the order of the catalogue.
    pub(crate) fn injected(&self) -> impl Iterator<Item = (Fault, u64)> + '_ {
        Fault::ALL.iter().copied().zip(self.injected.iter().copied())
    }

    /// Every strike so far, in the order in which they were drawn.
    pub(crate) fn into_struck(self) -> Vec<Struck> {
        self.struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(others: u32) -> Vec<Option<Strike>> {
        let mut faults = Faults::none(5);
        faults.set(Fault::EventLost, 300_000);
        faults.set(Fault::EventLate, others);
        (0..100)
            .map(|_| {
                faults.strikes(Fault::EventLate, About::News);
                faults.strikes(Fault::EventLost, About::News)
            })
            .collect()
    }

    #[test]
    fn a_rate_of_one_fault_does_not_shift_another() {
        assert_eq!(drawn(0), drawn(500_000));
    }

    #[test]
    fn with_a_plan_exactly_its_strikes_strike_and_look_as_they_did() {
        let strikes: Vec<Strike> = drawn(0).into_iter().flatten().collect();
        assert!(strikes.len() > 10);
        let some: Vec<Strike> = strikes.iter().copied().step_by(2).collect();
        let mut faults = Faults::none(5);
        faults.plan(&some);
        let again: Vec<Strike> =
            (0..100).filter_map(|_| faults.strikes(Fault::EventLost, About::News)).collect();
        assert_eq!(again, some);
        let (all, fewer) = (Faults::none(5), faults);
        assert!(some.iter().all(|strike| all.shape(*strike).word() == fewer.shape(*strike).word()));
        assert_eq!(fewer.into_struck().len(), some.len());
    }

    #[test]
    fn an_armed_fault_waits_for_what_it_is_about_and_strikes_once() {
        let mut faults = Faults::none(5);
        assert!(!faults.may_strike(Fault::ReplyLost));
        faults.arm(Fault::ReplyLost, Some(About::Stop));
        assert!(faults.may_strike(Fault::ReplyLost));
        assert_eq!(faults.strikes(Fault::ReplyLost, About::Entry), None);
        let strike = Strike { fault: Fault::ReplyLost, opportunity: 1 };
        assert_eq!(faults.strikes(Fault::ReplyLost, About::Stop), Some(strike));
        assert_eq!(faults.strikes(Fault::ReplyLost, About::Stop), None);
        faults.arm(Fault::ReplyLost, None);
        faults.heal();
        assert_eq!(faults.strikes(Fault::ReplyLost, About::Stop), None);
    }

    #[test]
    fn a_strike_reads_what_it_writes() {
        let strike = Strike { fault: Fault::ReplyLost, opportunity: 17 };
        assert_eq!(strike.to_string(), "reply_lost:17");
        assert_eq!("reply_lost:17".parse(), Ok(strike));
        for wrong in ["reply_lost", "reply_lost:", "reply_lost:-1", "nothing:1"] {
            assert!(wrong.parse::<Strike>().is_err(), "{wrong}");
        }
    }
}
