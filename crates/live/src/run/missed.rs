//! Executions that happened while no process ran: told first of all, so that a position that our own order
//! has made is one with its plan. Kraken Futures names no fee in this answer (its stream does): the fees of
//! these come in as a drift of the balance.
//!
//! Invariants: an execution that the start before has counted is never told again: of each instrument only
//! what is not older than the newest one counted is (equal times are told apart by their ids); nothing is
//! protected while this is asked, so where the venue has not told everything within [`WAIT_MAX`], the start
//! goes on, and the positions tell.

use std::time::Duration;

use seawall_engine::Carry;
use seawall_engine::carry::DeskCarry;
use seawall_model::{Coverage, Fill, Span, Ts};
use seawall_venues::{Answer, Markets, Query};

use crate::account_folder::begun_at;
use crate::net::Client;

/// Executions of several instruments may come in another order than they happened.
const OVERLAP: Span = Span::from_secs(60);
/// How far the venue's clock may be from ours.
const SKEW: Span = Span::from_secs(5);
/// Answers that are read at most.
const PAGES_MAX: usize = 20;
/// How long the answers may take together.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// The executions since those that `carry` has, oldest first, and from when on they are told; `None` where
/// the venue did not tell all of them in time.
pub(super) async fn fills(client: &mut Client, markets: &Markets, carry: &Carry) -> Option<(Vec<Fill>, Ts)> {
    let told = tokio::time::timeout(WAIT_MAX, all(client, markets, carry)).await;
    let Ok(told) = told else {
        let seconds = WAIT_MAX.as_secs();
        tracing::warn!(seconds, "executions of before the start are not known: the answers took too long");
        return None;
    };
    told
}

async fn all(client: &mut Client, markets: &Markets, carry: &Carry) -> Option<(Vec<Fill>, Ts)> {
    let newest = carry.desks.values().filter_map(DeskCarry::newest_fill).max();
    let since = newest.unwrap_or_else(|| begun_at(carry.counters.run)).minus(OVERLAP);
    // The stream tells what happens from here on.
    let asked_at = client.clock().now().minus(SKEW);
    let (mut before, mut fills) = (None, Vec::new());
    for _ in 0..PAGES_MAX {
        let report = match client.ask(&Query::Fills { since, before }, markets).await {
            Ok(Answer::Fills { report, .. }) => report,
            Ok(_) => return None,
            Err(failure) => {
                tracing::warn!(%failure, "executions of before the start are not known");
                return None;
            }
        };
        fills.extend(report.rows);
        match report.coverage {
            Coverage::Window { from, .. } if from > since => before = Some(from),
            Coverage::Complete | Coverage::Window { .. } => {
                fills.retain(|fill| is_new(fill, markets, carry));
                fills.sort_by_key(|fill| fill.venue_time);
                return Some((fills, asked_at));
            }
            Coverage::Failed => return None,
        }
    }
    None
}

/// Whether the start before cannot have counted it.
fn is_new(fill: &Fill, markets: &Markets, carry: &Carry) -> bool {
    let name = markets.get(fill.instrument).ok().map(|market| market.instrument.name());
    let desk = name.and_then(|name| carry.desks.get(name));
    desk.and_then(DeskCarry::newest_fill).is_none_or(|newest| fill.venue_time >= newest)
}
