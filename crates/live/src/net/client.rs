//! Single questions to a venue, one after another: for checks before a run, discovery and `doctor`.

use std::sync::Arc;

use seawall_model::{Input, VenueRequest};
use seawall_venues::budget::Budget;
use seawall_venues::codec::{Codec, Tables};
use seawall_venues::orders::OrderIndex;
use seawall_venues::outbox::{Leaving, Outbox};
use seawall_venues::{
    Adapter, Advice, Answer, Credentials, Dispatch, Failure, Markets, Problem, Query, Reply, Request, Ticket,
    TransportFailure, Venue, VenueError,
};

use super::{Http, NetError, NetSettings};
use crate::wall_clock::WallClock;

/// Asks a venue. It keeps the venue's limits; it never sends an order.
#[derive(Debug)]
pub struct Client {
    venue: Venue,
    http: Http,
    outbox: Outbox,
    clock: Arc<WallClock>,
    orders: OrderIndex,
    asked: u64,
}

impl Client {
    /// A client for the hosts that the configuration names.
    ///
    /// # Errors
    /// [`NetError`].
    pub fn new(
        venue: Venue,
        hosts: seawall_venues::Hosts,
        credentials: Option<Credentials>,
        settings: &NetSettings,
        clock: Arc<WallClock>,
    ) -> Result<Self, NetError> {
        let http = Http::new(hosts, settings, clock.clone())?;
        let outbox = Outbox::new(Budget::new(venue.pools()), credentials);
        Ok(Client { venue, http, outbox, clock, orders: OrderIndex::default(), asked: 0 })
    }

    /// The venue that is asked.
    #[must_use]
    pub fn venue(&self) -> Venue {
        self.venue
    }

    /// The clock that questions are signed with.
    #[must_use]
    pub fn clock(&self) -> &WallClock {
        &self.clock
    }

    /// Asks one question and waits for its answer, and before that for the venue's limit.
    ///
    /// # Errors
    /// The failure with its certainty; a question that cannot be made or signed was not sent.
    pub async fn ask(&mut self, query: &Query, markets: &Markets) -> Result<Answer, Failure> {
        let reply = self.reply(query, markets).await?;
        let tables = Tables { markets, orders: &self.orders };
        self.venue.answer(query, &reply, tables)
    }

    /// Asks for open orders, positions or the balance as the engine would, with as many requests as the venue
    /// needs, and brings what an engine would be told.
    ///
    /// # Errors
    /// The failure with its certainty. Anything but these three questions is refused and not sent.
    pub async fn report(&mut self, request: VenueRequest, markets: &Markets) -> Result<Vec<Input>, Failure> {
        match request {
            VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => {}
            VenueRequest::Place(_)
            | VenueRequest::Amend { .. }
            | VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. } => {
                let why = "a client asks for reports alone";
                return Err(Failure::not_done(Advice::Terminal, Problem::BadRequest, why));
            }
        }
        let mut adapter = Adapter::new(self.venue, markets.clone());
        let mut dispatch = adapter.send(self.clock.now(), request);
        loop {
            match dispatch {
                Dispatch::Send(ticket, request) => {
                    let reply = self.send(*request).await?;
                    let Some(next) = adapter.on_reply(ticket, self.clock.now(), &reply) else {
                        return Ok(Vec::new());
                    };
                    dispatch = next;
                }
                Dispatch::Ended(outcome) => return outcome.failure.map_or(Ok(outcome.inputs), Err),
            }
        }
    }

    async fn reply(&mut self, query: &Query, markets: &Markets) -> Result<Reply, Failure> {
        let request = self.venue.ask(self.clock.now(), query, markets).map_err(|error| not_sent(&error))?;
        self.send(request).await
    }

    async fn send(&mut self, request: Request) -> Result<Reply, Failure> {
        self.asked += 1;
        let mine = Ticket(self.asked);
        self.outbox.push(mine, Box::new(request)).map_err(|error| not_sent(&error))?;
        loop {
            match self.outbox.pop(self.clock.now(), &self.venue) {
                Leaving::Now(ticket, request) if ticket == mine => return Ok(self.http.send(*request).await),
                Leaving::Refused(ticket, error) if ticket == mine => return Err(not_sent(&error)),
                // A question that nobody waits for any more: its caller gave up before it left.
                Leaving::Now(..) | Leaving::Refused(..) => {}
                Leaving::Wait(until) => tokio::time::sleep(self.clock.until(until)).await,
                Leaving::Empty => return Ok(Err(TransportFailure::NotSent)),
            }
        }
    }
}

fn not_sent(error: &VenueError) -> Failure {
    Failure::not_done(Advice::Terminal, Problem::BadRequest, &error.to_string())
}
