//! What became of a request: whether the venue did it, what to do next, and in whose words.
//!
//! Invariants: only a listed answer of the venue is a fact. An answer in words that are not on the list, no
//! answer, or one that cannot be read means [`Certainty::Unknown`] for a request that does something, and a
//! failed report for one that asks. Silence is never a refusal.

use core::fmt;

use seawall_model::{Input, RejectReason, Span, Ts};

use crate::http::Repeat;

/// With what certainty the venue did what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It did, on its own evidence.
    Done,
    /// It did not, on its own evidence or the transport's.
    NotDone,
    /// Nobody can say.
    Unknown,
}

/// What may be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The same request will fail again.
    Terminal,
    /// It was not done and may be sent again, with a new nonce.
    Again,
    /// The venue's limit was reached: not before this pause.
    Wait(Span),
    /// Ask what became of it before anything else.
    Ask,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The venue does not know the key.
    WrongKey,
    /// The key is known, the signature does not fit it.
    WrongSignature,
    /// Key, signature or right: the venue does not say which.
    Refused,
    /// The key may not do this.
    MissingPermission,
    /// The account may not trade, or has this function switched off.
    Account,
    /// Our clock and the venue's are too far apart, or the request came too late.
    ClockSkew,
    /// The nonce was not above the last one.
    Nonce,
    /// Too many requests.
    RateLimited,
    /// Too many wrong keys: the venue answers nothing for a while.
    Lockout,
    /// The order, the change or the cancellation was refused.
    Rejected(RejectReason),
    /// The request was not understood: a mistake of ours.
    BadRequest,
    /// The venue is out of order, or an answer says nothing that is on its list.
    Unavailable,
    /// No answer came.
    Transport,
    /// The answer could not be read.
    Unreadable,
    /// Words that are not on the list.
    Unlisted,
}

impl Problem {
    /// What the operator should know and do.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Problem::WrongKey => {
                "the venue does not know this API key: check the key and that it still exists"
            }
            Problem::WrongSignature => {
                "the signature does not fit the key: check the private key; both belong to one pair"
            }
            Problem::Refused => {
                "the venue refused key, signature or right without saying which: check the pair of keys, the \
                 key's permissions and its list of addresses"
            }
            Problem::MissingPermission => {
                "the API key lacks a permission: allow reading funds and orders, and creating and cancelling \
                 orders; never withdrawing"
            }
            Problem::Account => "the account is not allowed to do this at the venue",
            Problem::ClockSkew => "this machine's clock and the venue's differ too much: set the clock (NTP)",
            Problem::Nonce => "another process uses this API key: give each process a key of its own",
            Problem::RateLimited => "too many requests for the venue's limit",
            Problem::Lockout => {
                "the venue has locked the key for a while after repeated errors: wait 15 minutes"
            }
            Problem::Rejected(_) => "the venue refused the order",
            Problem::BadRequest => "the venue did not understand the request",
            Problem::Unavailable => "the venue is out of order",
            Problem::Transport => "no answer came",
            Problem::Unreadable => "the venue's answer could not be read",
            Problem::Unlisted => "the venue answered in words that are not in its documentation",
        }
    }

    /// Whether trading cannot go on without the operator.
    #[must_use]
    pub const fn is_fatal(self) -> bool {
        match self {
            Problem::WrongKey
            | Problem::WrongSignature
            | Problem::Refused
            | Problem::MissingPermission
            | Problem::Account => true,
            Problem::ClockSkew
            | Problem::Nonce
            | Problem::RateLimited
            | Problem::Lockout
            | Problem::Rejected(_)
            | Problem::BadRequest
            | Problem::Unavailable
            | Problem::Transport
            | Problem::Unreadable
            | Problem::Unlisted => false,
        }
    }
}

/// A failure with its certainty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether it was done all the same.
    pub certainty: Certainty,
    /// What may be done.
    pub advice: Advice,
    /// What kind it is.
    pub problem: Problem,
    /// The venue's own words, cut to a bounded length.
    pub words: String,
}

/// Characters of a venue's words that are kept.
const WORDS_MAX: usize = 200;

impl Failure {
    /// A failure with the venue's words.
    #[must_use]
    pub fn new(certainty: Certainty, advice: Advice, problem: Problem, words: &str) -> Self {
        Failure { certainty, advice, problem, words: words.chars().take(WORDS_MAX).collect() }
    }

    /// The venue says itself that it did not do it.
    #[must_use]
    pub fn not_done(advice: Advice, problem: Problem, words: &str) -> Self {
        Failure::new(Certainty::NotDone, advice, problem, words)
    }

    /// Nobody can say whether it was done. A request that only reads was certainly not harmful and may be
    /// sent again; so may one whose repetition does no harm, but its effect stays unknown until then.
    #[must_use]
    pub fn unknown(repeat: Repeat, problem: Problem, words: &str) -> Self {
        match repeat {
            Repeat::Reads => Failure::new(Certainty::NotDone, Advice::Again, problem, words),
            Repeat::Harmless => Failure::new(Certainty::Unknown, Advice::Again, problem, words),
            Repeat::Never => Failure::new(Certainty::Unknown, Advice::Ask, problem, words),
        }
    }
}

/// What a word on a venue's list of errors means. The lists are data, so that a simulated exchange answers
/// from the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing will work before the operator does something.
    Fatal(Problem),
    /// Not done; may be sent again after so many seconds.
    Limit(u16),
    /// Not done; may be sent again at once.
    Again(Problem),
    /// Refused.
    Rejected(RejectReason),
    /// Refused for now, by the state of the market.
    RejectedForNow(RejectReason),
    /// A mistake of ours.
    BadRequest,
    /// Nobody can say whether it was done.
    Ambiguous,
}

impl Class {
    /// The failure of a request that `words` of this class answer.
    #[must_use]
    pub fn failure(self, repeat: Repeat, words: &str) -> Failure {
        match self {
            Class::Fatal(problem) => Failure::not_done(Advice::Terminal, problem, words),
            Class::Limit(pause_s) => {
                let pause = Span::from_secs(i64::from(pause_s));
                let problem = if pause_s > 60 { Problem::Lockout } else { Problem::RateLimited };
                Failure::not_done(Advice::Wait(pause), problem, words)
            }
            Class::Again(problem) => Failure::not_done(Advice::Again, problem, words),
            Class::Rejected(reason) => Failure::not_done(Advice::Terminal, Problem::Rejected(reason), words),
            Class::RejectedForNow(reason) => {
                Failure::not_done(Advice::Again, Problem::Rejected(reason), words)
            }
            Class::BadRequest => Failure::not_done(Advice::Terminal, Problem::BadRequest, words),
            Class::Ambiguous => Failure::unknown(repeat, Problem::Unavailable, words),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem.message())?;
        if self.words.is_empty() { Ok(()) } else { write!(f, " (“{}”)", self.words) }
    }
}

/// Something that the operator or the log should know and the engine need not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A row about an instrument that is in no table of ours (delisted, excluded, not configured).
    UnmappedInstrument {
        /// `order`, `position`, `fill`, …
        what: &'static str,
        /// The venue's spelling.
        symbol: String,
    },
    /// A word that is not in the documentation, and what it was taken for.
    UnlistedWord {
        /// Which field.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// A row that could not be read.
    UnreadableRow {
        /// Of which report.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// An execution whose fee is not stated, or not in a currency that it can be booked in: booked as zero,
    /// the comparison of balances finds it.
    FeeUnknown {
        /// The execution, and the fee's currency where there is one.
        fill: String,
    },
    /// Candles or executions that the venue can no longer give.
    Missing {
        /// What.
        what: &'static str,
        /// From this instant on.
        from: Ts,
        /// Up to this instant.
        to: Ts,
    },
    /// The venue announces or says something in prose.
    Message {
        /// What.
        text: String,
    },
}

/// The end of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether it was done.
    pub certainty: Certainty,
    /// What the engine is told, in order.
    pub inputs: Vec<Input>,
    /// What went wrong, where something did.
    pub failure: Option<Failure>,
    /// What the operator should know.
    pub notices: Vec<Notice>,
}

impl Outcome {
    /// It was done, and this is what the engine is told.
    #[must_use]
    pub fn done(inputs: Vec<Input>) -> Self {
        Outcome { certainty: Certainty::Done, inputs, failure: None, notices: Vec::new() }
    }

    /// It failed, and this is what the engine is told.
    #[must_use]
    pub fn failed(failure: Failure, inputs: Vec<Input>) -> Self {
        Outcome { certainty: failure.certainty, inputs, failure: Some(failure), notices: Vec::new() }
    }

    /// With what the operator should know.
    #[must_use]
    pub fn with_notices(mut self, notices: Vec<Notice>) -> Self {
        self.notices = notices;
        self
    }
}
