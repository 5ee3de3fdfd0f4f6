//! Requests that wait for the rate budget, in lanes.
//!
//! Invariants: a lane is served before every later one; within a lane order is kept; every lane has a bound,
//! and what does not fit is handed back at once as not sent. The nonce is given out when a request leaves.

use std::collections::VecDeque;

use seawall_model::{Span, Ts};

use crate::budget::Budget;
use crate::codec::{Codec, Ticket};
use crate::error::VenueError;
use crate::http::{Lane, Request, SignedRequest};
use crate::nonce::NonceOwner;
use crate::secret::Credentials;

/// Requests that may wait in a lane, by lane.
pub const WAITING_MAX: [usize; 6] = [512, 512, 256, 64, 256, 4_096];

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

    /// The most urgent request that the budget allows. A request at the head of a lane that must wait lets
    /// later lanes pass only where they use other pools; within its lane nothing overtakes it.
    pub fn pop(&mut self, at: Ts, codec: &impl Codec) -> Leaving {
        let mut wait: Option<Ts> = None;
        for lane in &mut self.lanes {
            let Some((_, request)) = lane.front() else { continue };
            match self.budget.take(at, request.lane, &request.costs) {
                Err(until) => wait = Some(wait.map_or(until, |earlier| earlier.min(until))),
                Ok(()) => {
                    let Some((ticket, request)) = lane.pop_front() else { continue };
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Cost, Form, Pool};
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
