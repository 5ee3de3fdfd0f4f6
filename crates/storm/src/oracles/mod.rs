//! What must hold, whatever happens. Each oracle is a module that judges by the venue's truth, by what was
//! really delivered and sent, and not by what the engine says of itself.

pub(crate) mod books;
pub(crate) mod caps;
pub(crate) mod conservation;
pub(crate) mod day;
pub(crate) mod intents;
pub(crate) mod invention;
pub(crate) mod ledger;
pub(crate) mod protection;
pub(crate) mod reachability;
pub(crate) mod recovery;
pub(crate) mod reduction;
pub(crate) mod resources;
pub(crate) mod stops;

use seawall_engine::{Effects, Engine};
use seawall_model::{AlertKind, Input, Span, Ts, VenueRequest};

use crate::swarm::Plan;
use crate::truth::Truth;
use crate::venue::Venue;

/// A rule of the twelve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oracle {
    /// O1: every position has working stops that cover it, within the bound.
    Protection,
    /// O2: each intent causes at most one exposure, and no more than was asked for.
    Intents,
    /// O3: after quiescence books and venue agree on everything.
    Conservation,
    /// O4: no order is over, and nothing is filled, that the venue says is not.
    Invention,
    /// O5: the worst case is within the limits when risk is added.
    Caps,
    /// O6: nothing is added where only reduction is allowed.
    Reduction,
    /// O7: what ends risk gets out and takes effect within its bound.
    Reachability,
    /// O8: after a crash nothing that left is unknown.
    Recovery,
    /// O9: after the faults stop, everything is resolved and trading can resume.
    Liveness,
    /// O10: without faults, every driver does the same.
    Parity,
    /// O11: the ledger sums to zero, and the venue's cash is what it told.
    Ledger,
    /// O12: queues, orders, questions and wake-ups stay within their bounds.
    Resources,
}

impl Oracle {
    /// Every oracle, in the order of their numbers.
    pub const ALL: [Oracle; 12] = [
        Oracle::Protection,
        Oracle::Intents,
        Oracle::Conservation,
        Oracle::Invention,
        Oracle::Caps,
        Oracle::Reduction,
        Oracle::Reachability,
        Oracle::Recovery,
        Oracle::Liveness,
        Oracle::Parity,
        Oracle::Ledger,
        Oracle::Resources,
    ];

    /// `O1` to `O12` with its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Oracle::Protection => "O1 protection",
            Oracle::Intents => "O2 no double intent",
            Oracle::Conservation => "O3 conservation",
            Oracle::Invention => "O4 no invention",
            Oracle::Caps => "O5 caps",
            Oracle::Reduction => "O6 reduction",
            Oracle::Reachability => "O7 reachability",
            Oracle::Recovery => "O8 recovery",
            Oracle::Liveness => "O9 liveness",
            Oracle::Parity => "O10 parity",
            Oracle::Ledger => "O11 ledger",
            Oracle::Resources => "O12 resources",
        }
    }

    /// What a process that found it broken ends with: 20 and its number.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        21 + self as u8
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub oracle: Oracle,
    /// When, on the world's clock.
    pub at: Ts,
    /// What was found.
    pub what: String,
}

/// A finding, or none.
pub(crate) type Finding = Result<(), (Oracle, String)>;

pub(crate) fn ensure(oracle: Oracle, holds: bool, what: impl FnOnce() -> String) -> Finding {
    if holds { Ok(()) } else { Err((oracle, what())) }
}

/// One step, seen from outside.
pub(crate) struct Step<'a> {
    pub(crate) at: Ts,
    pub(crate) engine: &'a Engine,
    pub(crate) input: &'a Input,
    pub(crate) effects: &'a Effects,
    pub(crate) venue: &'a Venue,
    pub(crate) truth: &'a Truth,
}

impl Step<'_> {
    /// Placements that may add to a position.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &seawall_model::OrderRequest> {
        self.effects.requests.iter().filter_map(|request| match request {
            VenueRequest::Place(order) if !order.reduce_only => Some(order),
            VenueRequest::Place(_)
            | VenueRequest::Amend { .. }
            | VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => None,
        })
    }
}

/// All oracles that look at every step.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) reduction: reduction::Reduction,
    pub(crate) reachability: reachability::Reachability,
    resources: resources::Resources,
    books: books::Books,
    stops: stops::Stops,
    day: day::Day,
    caps: caps::Caps,
    naked_bound: Span,
}

impl Judge {
    pub(crate) fn new(plan: &Plan, instruments: usize) -> Self {
        let naked_bound = plan.naked_bound();
        Judge {
            reduction: reduction::Reduction::default(),
            reachability: reachability::Reachability::new(plan.reach_bound(), naked_bound),
            resources: resources::Resources::new(instruments),
            books: books::Books::new(instruments, plan.start.plus(plan.skew)),
            stops: stops::Stops::new(instruments, naked_bound),
            day: day::Day::new(plan.daily_loss_max()),
            caps: caps::Caps::new(plan.leverage_max(), instruments),
            naked_bound,
        }
    }

    /// A new process: what the old one was told and had begun is over, and what it came back with is judged.
    pub(crate) fn restarted(&mut self, at: Ts, engine: &Engine, venue: &Venue) -> Finding {
        let found = self.reduction.came_back(engine.mode());
        self.reduction.restarted(engine.mode());
        self.reachability.forget();
        self.books = books::Books::new(venue.instruments.len(), at.plus(venue.skew));
        self.stops.restarted();
        self.caps.restarted();
        found
    }

    /// After a step of the engine, before its requests leave.
    pub(crate) fn after(&mut self, step: &Step<'_>) -> Finding {
        self.reduction.hear(step);
        self.reachability.hear(step);
        self.caps.hear(step);
        self.resources.check(step)?;
        self.books.check(step)?;
        reachability::Reachability::obeys(step)?;
        if step.effects.is_quiet() {
            return Ok(());
        }
        let broken = step.effects.alerts.iter().find(|alert| alert.kind == AlertKind::InvariantBroken);
        ensure(Oracle::Ledger, broken.is_none(), || format!("invariant broken: {broken:?}"))?;
        ledger::check(step)?;
        invention::check(step)?;
        intents::check(step)?;
        self.stops.check(step)?;
        self.day.check(step)?;
        self.reduction.check(step)?;
        self.caps.check(step)
    }

    /// After the venue or the market has moved.
    pub(crate) fn look(&mut self, at: Ts, venue: &Venue, truth: &Truth, alive: bool) -> Finding {
        self.day.look(at, venue, truth, alive);
        protection::check(truth, self.naked_bound)?;
        self.reachability.check(at, venue, truth)
    }
}
