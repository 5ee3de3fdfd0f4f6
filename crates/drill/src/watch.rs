//! Watches the venue from outside while a run is started, hurt and killed: since when is which position
//! without a stop of its size?

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use seawall_model::{Span, Ts};

use crate::venue::state_of;

/// Pause between two looks.
const EVERY: Duration = Duration::from_millis(15);

/// A time during which a position was not covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Naked {
    pub(crate) symbol: String,
    pub(crate) since: Instant,
    pub(crate) until: Instant,
    /// By the venue's clock.
    pub(crate) span: Span,
}

#[derive(Debug, Default)]
struct Seen {
    /// Positions that are not covered now.
    open: BTreeMap<String, (Instant, Ts)>,
    over: Vec<Naked>,
    looked_at: Option<Instant>,
    gap: Duration,
}

impl Seen {
    fn look(&mut self, at: Instant, time: Ts, uncovered: &[String]) {
        if let Some(before) = self.looked_at.replace(at) {
            self.gap = self.gap.max(at.saturating_duration_since(before));
        }
        for symbol in uncovered {
            self.open.entry(symbol.clone()).or_insert((at, time));
        }
        let (still, over): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.open).into_iter().partition(|(symbol, _)| uncovered.contains(symbol));
        self.open = still;
        self.over.extend(over.into_iter().map(|(symbol, (since, from))| Naked {
            symbol,
            since,
            until: at,
            span: time.since(from),
        }));
    }
}

/// The thread that looks.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    ended: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to look at the venue's truth.
    pub(crate) fn start(address: SocketAddr) -> Self {
        let (seen, ended) = (Arc::new(Mutex::new(Seen::default())), Arc::new(AtomicBool::new(false)));
        let (told, over) = (seen.clone(), ended.clone());
        let worker = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                if let Ok(state) = state_of(address) {
                    let held = state.positions.iter().filter(|position| !position.delisted);
                    let uncovered: Vec<String> = held
                        .filter(|position| state.uncovered(position) > Decimal::ZERO)
                        .map(|position| position.symbol.clone())
                        .collect();
                    lock(&told).look(Instant::now(), state.time, &uncovered);
                }
                std::thread::sleep(EVERY);
            }
        });
        Watch { seen, ended, worker: Some(worker) }
    }

    /// Positions that were not covered at the last look, with since when.
    pub(crate) fn naked_now(&self) -> Vec<(String, Instant)> {
        lock(&self.seen).open.iter().map(|(symbol, (since, _))| (symbol.clone(), *since)).collect()
    }

    /// The times without cover that are over; each is told once.
    pub(crate) fn take(&self) -> Vec<Naked> {
        std::mem::take(&mut lock(&self.seen).over)
    }

    /// The last look, and the longest pause between two looks so far.
    pub(crate) fn looked(&self) -> (Option<Instant>, Duration) {
        let seen = lock(&self.seen);
        (seen.looked_at, seen.gap)
    }

    /// Waits until everything is covered at a look that was made after `from`; how long after `from` that was
    /// first so. `None` after `patience`.
    pub(crate) fn covered_after(&self, from: Instant, patience: Duration) -> Option<Duration> {
        while from.elapsed() < patience {
            if let (Some(at), _) = self.looked()
                && at > from
                && self.naked_now().is_empty()
            {
                return Some(at.saturating_duration_since(from));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_cover_begins_and_ends_with_what_was_seen() {
        let (began, mut seen) = (Instant::now(), Seen::default());
        let at = |ms: u64| began + Duration::from_millis(ms);
        let (one, two) = ("A".to_owned(), "B".to_owned());
        seen.look(at(0), Ts::from_millis(0), std::slice::from_ref(&one));
        seen.look(at(20), Ts::from_millis(200), &[one.clone(), two.clone()]);
        seen.look(at(50), Ts::from_millis(500), std::slice::from_ref(&two));
        assert_eq!(seen.open.keys().collect::<Vec<_>>(), [&two]);
        let over = Naked { symbol: one, since: at(0), until: at(50), span: Span::from_millis(500) };
        assert_eq!((seen.over, seen.gap), (vec![over], Duration::from_millis(30)));
    }
}
