//! What waits for the engine's thread.
//!
//! Quotes and mark prices are conflated: of each instrument only the latest waits. Everything else (orders,
//! executions, candles, reports, states of feeds) is kept in order and never left out: at [`WAITING_MAX`] the
//! venue's task waits, and with it its sockets.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seawall_model::{Candle, Input, InstrumentId, PriceUnits, VenueRequest};
use seawall_venues::{Failure, News};
use tokio::sync::Notify;

use crate::watermarks::{Queue, Watermarks};

/// Deliveries in order that may wait. At the bound the venue's task waits for room.
pub const WAITING_MAX: usize = 65_536;

/// Something for the engine's thread.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// From a session, or the outcome of a request ([`News::Engine`]).
    News(News),
    /// A request of the engine failed; what the engine is told of it comes by itself.
    Failed {
        /// What was asked for.
        request: Box<VenueRequest>,
        /// How it failed.
        failure: Failure,
    },
    /// Closed candles of before the start, in order: all there are of an instrument.
    Past {
        /// Of which instrument.
        instrument: InstrumentId,
        /// The candles.
        candles: Vec<Candle>,
    },
    /// A connection ended, or could not be opened.
    Disconnected {
        /// Which session, in the order of [`super::VenueSetup`].
        session: usize,
        /// Why.
        reason: String,
    },
}

#[derive(Debug, Default)]
struct Waiting {
    ordered: VecDeque<Delivery>,
    quotes: BTreeMap<InstrumentId, (PriceUnits, PriceUnits)>,
    marks: BTreeMap<InstrumentId, PriceUnits>,
    conflated: u64,
    woken: bool,
}

/// A queue from venues' tasks to the engine's thread.
#[derive(Debug, Default)]
pub struct Inbox {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    room: Notify,
    watermarks: Watermarks,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Inbox::default()
    }

    /// How full the queues of the run have been.
    #[must_use]
    pub(crate) fn watermarks(&self) -> &Watermarks {
        &self.watermarks
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change is complete when the lock goes, so what is there can be used.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts everything of `deliveries` in, waiting for room where there is none.
    pub async fn deliver(&self, deliveries: &mut VecDeque<Delivery>) {
        while !deliveries.is_empty() {
            // Registered before looking, so that room made in between is not missed.
            let room = self.room.notified();
            if self.put(deliveries) {
                return;
            }
            room.await;
        }
    }

    /// Puts in what there is room for; says whether that was all.
    fn put(&self, deliveries: &mut VecDeque<Delivery>) -> bool {
        let mut waiting = self.lock();
        while let Some(delivery) = deliveries.pop_front() {
            if let Some(full) = waiting.take(delivery) {
                deliveries.push_front(full);
                break;
            }
        }
        self.watermarks.note(Queue::Deliveries, waiting.ordered.len());
        drop(waiting);
        self.filled.notify_one();
        deliveries.is_empty()
    }

    /// Makes a waiting [`Self::take`] return, for something that does not come through here.
    pub fn wake(&self) {
        self.lock().woken = true;
        self.filled.notify_one();
    }

    /// Moves everything that waits into `batch`, quotes after the rest; waits up to `patience` for something.
    pub fn take(&self, patience: Duration, batch: &mut Vec<Delivery>) {
        let until = Instant::now() + patience;
        let mut waiting = self.lock();
        while waiting.is_empty() && !waiting.woken {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting = self.filled.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.woken = false;
        waiting.drain(batch);
        drop(waiting);
        self.room.notify_waiters();
    }

    /// Quotes and mark prices that a later one replaced before the engine saw them.
    #[must_use]
    pub fn conflated(&self) -> u64 {
        self.lock().conflated
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.ordered.is_empty() && self.quotes.is_empty() && self.marks.is_empty()
    }

    /// Takes a delivery in, or hands it back where there is no room.
    fn take(&mut self, delivery: Delivery) -> Option<Delivery> {
        let replaced = match &delivery {
            Delivery::News(News::Engine(Input::Quote { instrument, bid, ask })) => {
                self.quotes.insert(*instrument, (*bid, *ask)).is_some()
            }
            Delivery::News(News::Engine(Input::Mark { instrument, price })) => {
                self.marks.insert(*instrument, *price).is_some()
            }
            Delivery::News(_)
            | Delivery::Failed { .. }
            | Delivery::Past { .. }
            | Delivery::Disconnected { .. } => {
                if self.ordered.len() >= WAITING_MAX {
                    return Some(delivery);
                }
                self.ordered.push_back(delivery);
                false
            }
        };
        self.conflated += u64::from(replaced);
        None
    }

    fn drain(&mut self, batch: &mut Vec<Delivery>) {
        batch.extend(self.ordered.drain(..));
        let marks = std::mem::take(&mut self.marks).into_iter();
        batch.extend(
            marks.map(|(instrument, price)| Delivery::News(News::Engine(Input::Mark { instrument, price }))),
        );
        let quotes = std::mem::take(&mut self.quotes).into_iter();
        batch.extend(quotes.map(|(instrument, (bid, ask))| {
            Delivery::News(News::Engine(Input::Quote { instrument, bid, ask }))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{VenueEvent, VenueRequest as Request};

    fn quote(instrument: u32, bid: i64) -> Delivery {
        let (bid, ask) = (PriceUnits::new(bid), PriceUnits::new(bid + 1));
        Delivery::News(News::Engine(Input::Quote { instrument: InstrumentId(instrument), bid, ask }))
    }

    fn funding(instrument: u32) -> Delivery {
        let amount = seawall_model::Money::ZERO;
        let event = VenueEvent::Funding { instrument: InstrumentId(instrument), amount };
        Delivery::News(News::Engine(Input::Venue(event)))
    }

    fn taken(inbox: &Inbox) -> Vec<Delivery> {
        let mut batch = Vec::new();
        inbox.take(Duration::ZERO, &mut batch);
        batch
    }

    #[tokio::test]
    async fn of_quotes_the_latest_waits_and_of_everything_else_all() {
        let inbox = Inbox::new();
        let mut some: VecDeque<Delivery> =
            [quote(1, 10), funding(1), quote(1, 11), quote(2, 5), funding(2), quote(1, 12)].into();
        inbox.deliver(&mut some).await;
        assert_eq!(taken(&inbox), [funding(1), funding(2), quote(1, 12), quote(2, 5)]);
        assert_eq!(inbox.conflated(), 2);
        assert!(taken(&inbox).is_empty());
    }

    #[tokio::test]
    async fn at_the_bound_the_sender_waits_and_nothing_is_left_out() {
        let inbox = std::sync::Arc::new(Inbox::new());
        let count = WAITING_MAX + 10;
        let mut many: VecDeque<Delivery> = (0..count).map(|_| funding(1)).collect();
        let sender = inbox.clone();
        let sending = tokio::spawn(async move {
            sender.deliver(&mut many).await;
            let request = Box::new(Request::QueryBalance);
            let failure = Failure::not_done(
                seawall_venues::Advice::Terminal,
                seawall_venues::Problem::Transport,
                "last",
            );
            sender.deliver(&mut [Delivery::Failed { request, failure }].into()).await;
        });
        let mut got = 0;
        while got < count + 1 {
            tokio::task::yield_now().await;
            let batch = taken(&inbox);
            assert!(batch.len() <= WAITING_MAX);
            got += batch.len();
        }
        sending.await.unwrap();
    }

    #[test]
    fn a_waiting_reader_is_woken() {
        let inbox = std::sync::Arc::new(Inbox::new());
        let other = inbox.clone();
        let started = Instant::now();
        let reader = std::thread::spawn(move || other.take(Duration::from_secs(30), &mut Vec::new()));
        std::thread::sleep(Duration::from_millis(20));
        inbox.wake();
        reader.join().unwrap();
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
