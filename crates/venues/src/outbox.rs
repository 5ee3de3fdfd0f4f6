//! Requests that wait for the rate budget, in lanes.
//!
//! Invariants: a lane is served before every later one; within a lane order is kept among requests that the
//! venue counts together, and one that waits holds up no other that is counted elsewhere; every lane has a
//! bound, and what does not fit is handed back at once as not sent. The nonce is given out when a request
//! leaves.

use std::collections::VecDeque;

use arrayvec::ArrayVec;
use seawall_model::{Span, Ts};

use crate::budget::{Budget, PoolReading};
use crate::codec::{Codec, Ticket};
use crate::error::VenueError;
use crate::http::{Lane, Pool, Request, SignedRequest};
use crate::nonce::NonceOwner;
use crate::secret::Credentials;

/// Requests that may wait in a lane, by lane.
pub const WAITING_MAX: [usize; 6] = [512, 512, 256, 64, 256, 4_096];

/// Requests of a lane that are looked at behind one that must wait.
const LOOK_MAX: usize = 256;

/// What waits for the budget of one key.
#[derive(Debug)]
pub struct Outbox {
    lanes: [VecDeque<(Ticket, Box<Request>)>; 6],
    budget: Budget,
    nonces: NonceOwner,
    credentials: Option<Credentials>,
}

/// What an outbox gives out.
#[derive(Debug)]
pub enum Leaving {
    /// Send this now.
    Now(Ticket, Box<SignedRequest>),
    /// This cannot be signed; it was not sent.
    Refused(Ticket, VenueError),
    /// Nothing may leave before this instant.
    Wait(Ts),
    /// Nothing waits.
    Empty,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new(budget: Budget, credentials: Option<Credentials>) -> Self {
        Outbox { lanes: Default::default(), budget, nonces: NonceOwner::default(), credentials }
    }

    /// Takes a request.
    ///
    /// # Errors
    /// [`VenueError::Full`] when the lane is full: the request was not sent.
    pub fn push(&mut self, ticket: Ticket, request: Box<Request>) -> Result<(), VenueError> {
        let index = request.lane.index();
        let (Some(lane), Some(bound)) = (self.lanes.get_mut(index), WAITING_MAX.get(index).copied()) else {
            return Err(VenueError::Full { what: "lanes", bound: Lane::ALL.len() });
        };
        if lane.len() >= bound {
            return Err(VenueError::Full { what: "requests waiting in a lane", bound });
        }
        lane.push_back((ticket, request));
        Ok(())
    }

    /// The most urgent request that the budget allows. One that must wait lets others pass, of its lane and
    /// of later ones, only where they use other pools: questions about history, which venues allow few of,
    /// hold up neither positions nor open orders.
    pub fn pop(&mut self, at: Ts, codec: &impl Codec) -> Leaving {
        let mut wait: Option<Ts> = None;
        for lane in &mut self.lanes {
            match next(lane, &mut self.budget, at) {
                Next::Empty => {}
                Next::Wait(until) => wait = Some(wait.map_or(until, |earlier| earlier.min(until))),
                Next::At(place) => {
                    let Some((ticket, request)) = lane.remove(place) else { continue };
                    let nonce = self.nonces.next(at);
                    return match codec.sign(&request, self.credentials.as_ref(), nonce) {
                        Ok(signed) => Leaving::Now(ticket, Box::new(signed)),
                        Err(error) => Leaving::Refused(ticket, error),
                    };
                }
            }
        }
        wait.map_or(Leaving::Empty, Leaving::Wait)
    }

    /// The venue refused a request for its limit.
    pub fn rate_limited(&mut self, at: Ts, request: &Request, pause: Span) {
        self.budget.refused(at, &request.costs, pause);
    }

    /// How many requests wait in a lane.
    #[must_use]
    pub fn waiting(&self, lane: Lane) -> usize {
        self.lanes.get(lane.index()).map_or(0, VecDeque::len)
    }

    /// What is used of the venue's pools at `at`.
    pub fn budget(&mut self, at: Ts) -> impl Iterator<Item = PoolReading> {
        self.budget.readings(at)
    }
}

enum Next {
    /// The request in this place may leave; its costs are taken.
    At(usize),
    Wait(Ts),
    Empty,
}

fn next(lane: &VecDeque<(Ticket, Box<Request>)>, budget: &mut Budget, at: Ts) -> Next {
    let mut wait: Option<Ts> = None;
    let mut exhausted: ArrayVec<Pool, 4> = ArrayVec::new();
    for (place, (_, request)) in lane.iter().take(LOOK_MAX).enumerate() {
        let pools = request.costs.iter().map(|cost| cost.pool);
        if pools.clone().any(|pool| exhausted.contains(&pool)) {
            continue;
        }
        match budget.take(at, request.lane, &request.costs) {
            Ok(()) => return Next::At(place),
            Err(until) => wait = Some(wait.map_or(until, |earlier| earlier.min(until))),
        }
        // Without a place for one more pool nothing may pass.
        if pools.clone().any(|pool| exhausted.try_push(pool).is_err()) {
            break;
        }
    }
    wait.map_or(Next::Empty, Next::Wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Cost, Form};
    use crate::kraken_futures::{KrakenFutures, tables};

    fn request(lane: Lane, units: u32) -> Box<Request> {
        let mut request = Request::public("/x", Form::new());
        request.lane = lane;
        request.costs = [Cost::units(Pool::Private, units)].into_iter().collect();
        Box::new(request)
    }

    fn outbox() -> Outbox {
        Outbox::new(Budget::new(tables::POOLS), None)
    }

    #[test]
    fn a_stop_leaves_before_everything_that_came_earlier() {
        let mut outbox = outbox();
        for (ticket, lane) in [(1, Lane::Data), (2, Lane::Entry), (3, Lane::Cancel), (4, Lane::Protect)] {
            outbox.push(Ticket(ticket), request(lane, 10)).unwrap();
        }
        let mut order = Vec::new();
        while let Leaving::Now(ticket, _) = outbox.pop(Ts::EPOCH, &KrakenFutures) {
            order.push(ticket.0);
        }
        assert_eq!(order, [4, 3, 2, 1]);
    }

    /// After a crash with orders on their way the reports of positions and open orders waited for minutes
    /// behind questions about what had become of those orders.
    #[test]
    fn a_question_that_waits_for_history_holds_up_no_question_about_now_and_order_is_kept_among_its_like() {
        let mut outbox = outbox();
        let of = |pool, units| {
            let mut request = request(Lane::Reconcile, 1);
            request.costs = [Cost::units(pool, units)].into_iter().collect();
            request
        };
        for ticket in 0..150 {
            outbox.push(Ticket(ticket), of(Pool::History, 1)).unwrap();
        }
        for ticket in [200, 201] {
            outbox.push(Ticket(ticket), of(Pool::Private, 2)).unwrap();
        }
        let mut order = Vec::new();
        while let Leaving::Now(ticket, _) = outbox.pop(Ts::EPOCH, &KrakenFutures) {
            order.push(ticket.0);
        }
        let asked = order.len() - 2;
        assert!(asked < 150 && order.ends_with(&[200, 201]), "{order:?}");
        assert!(order.iter().take(asked).copied().eq(0..asked as u64), "{order:?}");
        assert_eq!(outbox.waiting(Lane::Reconcile), 150 - asked);
        let Leaving::Wait(until) = outbox.pop(Ts::EPOCH, &KrakenFutures) else { panic!("it must wait") };
        let Leaving::Now(ticket, _) = outbox.pop(until, &KrakenFutures) else { panic!("one may leave") };
        assert_eq!(ticket.0, asked as u64);
    }

    #[test]
    fn a_full_lane_hands_back_and_the_budget_makes_the_rest_wait() {
        let mut outbox = outbox();
        for ticket in 0..64 {
            outbox.push(Ticket(ticket), request(Lane::Entry, 10)).unwrap();
        }
        assert!(matches!(outbox.push(Ticket(64), request(Lane::Entry, 10)), Err(VenueError::Full { .. })));
        let mut left = 0;
        let until = loop {
            match outbox.pop(Ts::EPOCH, &KrakenFutures) {
                Leaving::Now(..) => left += 1,
                Leaving::Wait(until) => break until,
                other @ (Leaving::Refused(..) | Leaving::Empty) => panic!("{other:?}"),
            }
        };
        assert_eq!((left, until), (40, Ts::from_millis(10_000)), "100 units are kept for protection");
        outbox.push(Ticket(99), request(Lane::Protect, 10)).unwrap();
        assert!(matches!(outbox.pop(Ts::EPOCH, &KrakenFutures), Leaving::Now(Ticket(99), _)));
        assert_eq!(outbox.waiting(Lane::Entry), 24);
    }

    #[test]
    fn a_request_that_cannot_be_signed_is_handed_back_as_not_sent() {
        let mut outbox = outbox();
        let mut private = request(Lane::Protect, 10);
        private.signed = true;
        outbox.push(Ticket(1), private).unwrap();
        assert!(matches!(outbox.pop(Ts::EPOCH, &KrakenFutures), Leaving::Refused(Ticket(1), _)));
        assert!(matches!(outbox.pop(Ts::EPOCH, &KrakenFutures), Leaving::Empty));
    }
}
