//! Who is asking: keys, signatures over the bytes as received, nonces, and the budget of each key.

use std::collections::{BTreeSet, VecDeque};

use seawall_model::{Span, Ts};
use seawall_venues::kraken_futures::{sign, tables};
use seawall_venues::{Credentials, Secret};

use crate::protocol::HttpRequest;

/// Units of `/derivatives` within [`WINDOW`].
const LIMIT: u32 = 500;
const WINDOW: Span = Span::from_secs(10);
/// Units of `/history` within [`HISTORY_WINDOW`].
const HISTORY_LIMIT: u32 = 100;
const HISTORY_WINDOW: Span = Span::from_secs(600);
/// How far behind the highest nonce another one may come.
const NONCE_TOLERANCE: u64 = 60_000;
/// Nonces that are remembered as used.
const NONCES_MAX: usize = 4_096;

/// Why a request is refused before anybody looks at what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Authentication,
    NonceBelow,
    NonceDuplicate,
}

impl Refused {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Refused::Authentication => "authenticationError",
            Refused::NonceBelow => "nonceBelowThreshold",
            Refused::NonceDuplicate => "nonceDuplicate",
        }
    }
}

/// A key's memory.
#[derive(Debug, Default)]
pub(super) struct Gate {
    nonces: BTreeSet<u64>,
    spent: VecDeque<(Ts, u32)>,
    history: VecDeque<(Ts, u32)>,
}

impl Gate {
    /// Whether the signature is right for the bytes that came, and the nonce was not there before.
    pub(super) fn check(&mut self, credentials: &Credentials, request: &HttpRequest) -> Result<(), Refused> {
        let (Some(key), Some(authent)) = (request.header("apikey"), request.header("authent")) else {
            return Err(Refused::Authentication);
        };
        let nonce = request.header("nonce").unwrap_or("");
        if key != credentials.key || !is_signed(&credentials.secret, request, nonce, authent) {
            return Err(Refused::Authentication);
        }
        if nonce.is_empty() {
            return Ok(());
        }
        let number: u64 = nonce.parse().map_err(|_| Refused::NonceBelow)?;
        if self.nonces.contains(&number) {
            return Err(Refused::NonceDuplicate);
        }
        let highest = self.nonces.last().copied().unwrap_or(0);
        if number.saturating_add(NONCE_TOLERANCE) < highest {
            return Err(Refused::NonceBelow);
        }
        self.nonces.insert(number);
        if self.nonces.len() > NONCES_MAX {
            self.nonces.pop_first();
        }
        Ok(())
    }

    /// Takes units of `/derivatives`; false if there are not enough left.
    pub(super) fn spend(&mut self, at: Ts, units: u32) -> bool {
        spend(&mut self.spent, at, units, LIMIT, WINDOW)
    }

    /// Takes units of `/history`; false if there are not enough left.
    pub(super) fn spend_history(&mut self, at: Ts, units: u32) -> bool {
        spend(&mut self.history, at, units, HISTORY_LIMIT, HISTORY_WINDOW)
    }
}

fn spend(spent: &mut VecDeque<(Ts, u32)>, at: Ts, units: u32, limit: u32, window: Span) -> bool {
    while spent.front().is_some_and(|(then, _)| at.since(*then) >= window) {
        spent.pop_front();
    }
    let used: u32 = spent.iter().map(|(_, units)| *units).sum();
    if used.saturating_add(units) > limit {
        return false;
    }
    if units > 0 {
        spent.push_back((at, units));
    }
    true
}

/// The query and the body are both taken as what was signed: clients put the parameters of a `POST` into
/// either.
fn is_signed(secret: &Secret, request: &HttpRequest, nonce: &str, authent: &str) -> bool {
    let signed = |data: &str| sign::authent(secret, data, nonce, request.path()) == authent;
    let (query, body) = (request.query(), request.text());
    if body.is_empty() {
        return signed(query);
    }
    signed(body) && query.is_empty() || signed(&format!("{query}{body}")) && !query.is_empty()
}

/// What a request costs of the pool of `/derivatives`.
pub(super) fn cost(method: &str, path: &str, fields: &super::Fields) -> u32 {
    let name = path.rsplit("/api/v3/").next().unwrap_or(path);
    match name {
        "fills" if fields.get("lastFillTime").is_some() => tables::FILLS_PAGED_COST,
        "leveragepreferences" | "pnlpreferences" => {
            if method == "PUT" {
                10
            } else {
                2
            }
        }
        "batchorder" => {
            let items = fields.get("json").map_or(0, |json| json.matches("\"order\"").count());
            let items = u32::try_from(items).unwrap_or(u32::MAX / 2);
            tables::cost(path) + items * tables::BATCH_ITEM_COST
        }
        "transfer" => 10,
        "withdrawal" => 100,
        "unwindqueue" => 200,
        "self-trade-strategy" => 2,
        _ => tables::cost(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_back_when_the_window_has_passed() {
        let mut gate = Gate::default();
        let at = |seconds: i64| Ts::from_millis(seconds * 1_000);
        assert!((0..50).all(|_| gate.spend(at(0), 10)));
        assert!(!gate.spend(at(9), 10) && gate.spend(at(9), 0));
        assert!(gate.spend(at(10), 10));
    }
}
