//! Faults on demand: what a venue does to its clients on a bad day, by rule.
//!
//! A rule says what happens, to which requests or feeds, and when. Chance comes from the seed. The table of
//! faults is in the book, `docs/testnet.md`; `tests/testnet/faults.rs` has a test for each.

use std::collections::BTreeMap;

use seawall_model::{Span, Ts};
use serde::{Deserialize, Serialize};

#[cfg(feature = "files")]
use crate::error::TestnetError;
use crate::protocol::HttpReply;
use crate::world::share;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is carried out, and the connection breaks without an answer.
    DropReply,
    /// The answer or the message is held back for `delay_ms`.
    Delay,
    /// A 5xx with a JSON body; the request is not carried out, unless `after_acceptance`.
    ErrorJson,
    /// A 5xx with a page of HTML; the request is not carried out, unless `after_acceptance`.
    ErrorHtml,
    /// The venue's own words for too many requests; the request is not carried out.
    RateLimit,
    /// Conditional orders are refused.
    RejectStops,
    /// Every WebSocket is closed.
    CloseSockets,
    /// Requests get no answer and are not carried out, feeds say nothing; connections stay open.
    Silence,
    /// A message is sent twice.
    Duplicate,
    /// A message changes places with the next one of its connection.
    Reorder,
    /// A snapshot (or the answer to a `GET`) is the one that was given before.
    StaleSnapshot,
    /// The venue is gone: for `duration_s`, with everything it knew, or for good.
    Kill,
}

impl FaultKind {
    /// Every fault.
    pub const ALL: [FaultKind; 12] = [
        FaultKind::DropReply,
        FaultKind::Delay,
        FaultKind::ErrorJson,
        FaultKind::ErrorHtml,
        FaultKind::RateLimit,
        FaultKind::RejectStops,
        FaultKind::CloseSockets,
        FaultKind::Silence,
        FaultKind::Duplicate,
        FaultKind::Reorder,
        FaultKind::StaleSnapshot,
        FaultKind::Kill,
    ];

    /// Whether it happens by the clock, not to a request or a message.
    const fn is_timed(self) -> bool {
        match self {
            FaultKind::RejectStops | FaultKind::CloseSockets | FaultKind::Kill => true,
            FaultKind::DropReply
            | FaultKind::Delay
            | FaultKind::ErrorJson
            | FaultKind::ErrorHtml
            | FaultKind::RateLimit
            | FaultKind::Silence
            | FaultKind::Duplicate
            | FaultKind::Reorder
            | FaultKind::StaleSnapshot => false,
        }
    }
}

/// One fault with its when and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What happens.
    pub fault: FaultKind,
    /// A part of the path or the feed's name; absent: all of them.
    #[serde(default)]
    pub target: Option<String>,
    /// Seconds of the venue's clock after which it begins, from the start or from when it was set.
    #[serde(default)]
    pub after_s: u64,
    /// How long it lasts; absent: until the end. For `kill`: how long the venue is gone.
    #[serde(default)]
    pub duration_s: Option<u64>,
    /// For faults by the clock: again each so many seconds. For the others: each so-many-th match.
    #[serde(default)]
    pub every: Option<u64>,
    /// Chance of each match, 0 to 1; absent: certain.
    #[serde(default)]
    pub probability: Option<f64>,
    /// At most this often.
    #[serde(default)]
    pub count: Option<u64>,
    /// How long answers or messages are held back, or clients left waiting; absent: 2000.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// The status of an error; absent: 500 for JSON, 503 for HTML.
    #[serde(default)]
    pub status: Option<u16>,
    /// Errors come after the request was carried out.
    #[serde(default)]
    pub after_acceptance: bool,
}

impl FaultRule {
    /// A rule without conditions.
    #[must_use]
    pub fn new(fault: FaultKind) -> Self {
        FaultRule {
            fault,
            target: None,
            after_s: 0,
            duration_s: None,
            every: None,
            probability: None,
            count: None,
            delay_ms: None,
            status: None,
            after_acceptance: false,
        }
    }

    fn hold(&self) -> Span {
        Span::from_millis(i64::try_from(self.delay_ms.unwrap_or(2_000)).unwrap_or(2_000))
    }
}

/// Reads rules from YAML or JSON.
///
/// # Errors
/// Names what is wrong with the text.
#[cfg(feature = "files")]
pub fn read(name: &str, text: &str) -> Result<Vec<FaultRule>, TestnetError> {
    serde_saphyr::from_str(text).map_err(|error| TestnetError::text(name, &error.to_string()))
}

#[derive(Debug, Clone)]
struct Active {
    rule: FaultRule,
    since: Ts,
    matches: u64,
    done: u64,
}

/// What the rules say about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OnRequest {
    /// Nothing is done and nothing is said.
    Silence(Span),
    /// Refused as too many.
    RateLimit,
    /// An error without doing it.
    Refuse(HttpReply),
    /// Done; and then this.
    Carry(AfterRequest),
}

/// What the rules say about the answer of a request that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AfterRequest {
    /// Nothing is said; how long the client waits.
    pub(crate) drop: Option<Span>,
    /// This is said instead.
    pub(crate) error: Option<HttpReply>,
    /// How long the answer is held back.
    pub(crate) hold: Span,
    /// The answer of before is given.
    pub(crate) stale: bool,
}

/// What the rules say about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OnMessage {
    pub(crate) silence: bool,
    pub(crate) duplicate: bool,
    pub(crate) reorder: bool,
    pub(crate) stale: bool,
    pub(crate) hold: Span,
}

/// What the rules say about this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OnTime {
    pub(crate) reject_stops: bool,
    pub(crate) close_sockets: bool,
    /// The venue is gone for that long; `Some(None)` for good.
    pub(crate) kill: Option<Option<Span>>,
}

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    seed: u64,
    draws: u64,
    active: Vec<Active>,
    counts: BTreeMap<FaultKind, u64>,
}

impl Faults {
    /// Rules from `at` on.
    #[must_use]
    pub fn new(seed: u64, at: Ts, rules: Vec<FaultRule>) -> Self {
        let mut faults = Faults { seed, ..Faults::default() };
        faults.set(at, rules);
        faults
    }

    /// Replaces all rules; times count from `at`.
    pub fn set(&mut self, at: Ts, rules: Vec<FaultRule>) {
        let active = |rule| Active { rule, since: at, matches: 0, done: 0 };
        self.active = rules.into_iter().map(active).collect();
    }

    /// The rules in force.
    pub fn rules(&self) -> impl Iterator<Item = &FaultRule> {
        self.active.iter().map(|active| &active.rule)
    }

    /// How often each fault has happened.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<FaultKind, u64> {
        &self.counts
    }

    /// Whether some rule may ask for the answer that a path gave before.
    pub(crate) fn remembers(&self, path: &str) -> bool {
        let is_meant =
            |rule: &FaultRule| rule.target.as_deref().is_none_or(|part| part == "*" || path.contains(part));
        self.rules().any(|rule| rule.fault == FaultKind::StaleSnapshot && is_meant(rule))
    }

    pub(crate) fn on_request(&mut self, at: Ts, path: &str) -> OnRequest {
        if let Some(rule) = self.strike(at, path, &|rule| rule.fault == FaultKind::Silence) {
            return OnRequest::Silence(rule.hold());
        }
        if self.strike(at, path, &|rule| rule.fault == FaultKind::RateLimit).is_some() {
            return OnRequest::RateLimit;
        }
        let is_error =
            |rule: &FaultRule| rule.fault == FaultKind::ErrorJson || rule.fault == FaultKind::ErrorHtml;
        if let Some(rule) = self.strike(at, path, &|rule| is_error(rule) && !rule.after_acceptance) {
            return OnRequest::Refuse(error_reply(&rule));
        }
        let error = self.strike(at, path, &|rule| is_error(rule) && rule.after_acceptance);
        let drop = self.strike(at, path, &|rule| rule.fault == FaultKind::DropReply);
        let delay = self.strike(at, path, &|rule| rule.fault == FaultKind::Delay);
        let stale = self.strike(at, path, &|rule| rule.fault == FaultKind::StaleSnapshot);
        OnRequest::Carry(AfterRequest {
            drop: drop.map(|rule| rule.hold()),
            error: error.map(|rule| error_reply(&rule)),
            hold: delay.map_or(Span::default(), |rule| rule.hold()),
            stale: stale.is_some(),
        })
    }

    pub(crate) fn on_message(&mut self, at: Ts, feed: &str, snapshot: bool) -> OnMessage {
        if self.active.is_empty() {
            return OnMessage::default();
        }
        let mut struck = |kind| self.strike(at, feed, &|rule| rule.fault == kind);
        OnMessage {
            silence: struck(FaultKind::Silence).is_some(),
            duplicate: struck(FaultKind::Duplicate).is_some(),
            reorder: struck(FaultKind::Reorder).is_some(),
            stale: snapshot && struck(FaultKind::StaleSnapshot).is_some(),
            hold: struck(FaultKind::Delay).map_or(Span::default(), |rule| rule.hold()),
        }
    }

    pub(crate) fn on_time(&mut self, at: Ts) -> OnTime {
        let mut result = OnTime::default();
        for active in self.active.iter_mut().filter(|active| active.rule.fault.is_timed()) {
            let rule = &active.rule;
            let begin = active.since.plus(span(rule.after_s));
            if rule.fault == FaultKind::RejectStops {
                let is_in = at >= begin && rule.duration_s.is_none_or(|s| at < begin.plus(span(s)));
                result.reject_stops |= is_in;
                if is_in && active.done == 0 {
                    active.done = 1;
                    *self.counts.entry(rule.fault).or_insert(0) += 1;
                }
                continue;
            }
            let due = match rule.every {
                Some(every) => begin.plus(span(every.max(1).saturating_mul(active.done))),
                None => begin,
            };
            let most = rule.count.unwrap_or(if rule.every.is_some() { u64::MAX } else { 1 });
            if at < due || active.done >= most {
                continue;
            }
            active.done += 1;
            *self.counts.entry(rule.fault).or_insert(0) += 1;
            match rule.fault {
                FaultKind::CloseSockets => result.close_sockets = true,
                FaultKind::Kill => result.kill = Some(rule.duration_s.map(span)),
                FaultKind::RejectStops
                | FaultKind::DropReply
                | FaultKind::Delay
                | FaultKind::ErrorJson
                | FaultKind::ErrorHtml
                | FaultKind::RateLimit
                | FaultKind::Silence
                | FaultKind::Duplicate
                | FaultKind::Reorder
                | FaultKind::StaleSnapshot => {}
            }
        }
        result
    }

    /// When a fault by the clock may happen next after `at`.
    pub(crate) fn next_at(&self, at: Ts) -> Option<Ts> {
        let timed = self.active.iter().filter(|active| active.rule.fault.is_timed());
        let due = timed.map(|active| {
            let begin = active.since.plus(span(active.rule.after_s));
            match active.rule.every {
                Some(every) => begin.plus(span(every.max(1).saturating_mul(active.done))),
                None => begin,
            }
        });
        due.filter(|due| *due > at).min()
    }

    /// The first rule that `choose` takes, that is in force for `name`, and whose turn it is.
    fn strike(&mut self, at: Ts, name: &str, choose: &dyn Fn(&FaultRule) -> bool) -> Option<FaultRule> {
        for active in self.active.iter_mut().filter(|active| choose(&active.rule)) {
            let rule = &active.rule;
            let begin = active.since.plus(span(rule.after_s));
            let is_in = at >= begin && rule.duration_s.is_none_or(|s| at < begin.plus(span(s)));
            let is_target = rule.target.as_deref().is_none_or(|part| part == "*" || name.contains(part));
            if !is_in || !is_target || rule.count.is_some_and(|count| active.done >= count) {
                continue;
            }
            active.matches += 1;
            if rule.every.is_some_and(|every| active.matches % every.max(1) != 0) {
                continue;
            }
            if let Some(chance) = rule.probability {
                self.draws += 1;
                if share(self.seed, self.draws) >= chance {
                    continue;
                }
            }
            active.done += 1;
            *self.counts.entry(rule.fault).or_insert(0) += 1;
            return Some(rule.clone());
        }
        None
    }
}

fn span(seconds: u64) -> Span {
    Span::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000_000_000).min(3_000_000_000))
}

fn error_reply(rule: &FaultRule) -> HttpReply {
    if rule.fault == FaultKind::ErrorHtml {
        return HttpReply::html(rule.status.unwrap_or(503), "Service Unavailable");
    }
    let body = serde_json::json!({ "result": "error", "error": "Unavailable" });
    HttpReply::json(rule.status.unwrap_or(500), &body)
}
