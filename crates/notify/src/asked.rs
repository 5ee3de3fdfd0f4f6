//! What people ask in a chat: words in, questions and commands out; and the codes that confirm some of them.
//!
//! Invariants: what is not a command is nothing; a code holds for one command of one person, once, and not
//! for long; a wrong code ends the one that was waited for, so that nobody can try them out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// How long a code holds.
pub const CODE_WITHIN: Duration = Duration::from_secs(60);
/// Characters of a reason or a name that are taken.
const WORDS_MAX: usize = 200;

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// How the run stands.
    Status,
    /// What is held.
    Positions,
    /// The last trades.
    Trades,
    /// What can be asked.
    Help,
    /// Why an instrument was entered or not.
    Why(String),
    /// Only protective orders and exits from here on, and why.
    Protect(String),
    /// Turn the kill switch on.
    Kill,
    /// Critical alerts were seen.
    Acknowledge,
}

impl Asked {
    /// What a message asks, with the code or the words behind it; `None` for anything else.
    #[must_use]
    pub fn of(text: &str) -> Option<(Asked, String)> {
        let mut words = text.split_whitespace();
        let command = words.next()?.strip_prefix('/')?;
        // In a group a command may name its bot.
        let command = command.split('@').next()?.to_ascii_lowercase();
        let rest: String = words.collect::<Vec<_>>().join(" ");
        let rest: String = rest.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        let asked = match command.as_str() {
            "status" | "s" => Asked::Status,
            "positions" | "pos" | "p" => Asked::Positions,
            "trades" | "t" => Asked::Trades,
            "help" | "start" => Asked::Help,
            "why" | "w" => Asked::Why(rest.clone()),
            "protect" => Asked::Protect(rest.clone()),
            "kill" => Asked::Kill,
            "ack" => Asked::Acknowledge,
            _ => return None,
        };
        Some((asked, rest))
    }

    /// What has to be confirmed with a code before it is done, and what it would do.
    #[must_use]
    pub const fn wants_code(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Asked::Kill => Some((
                "kill",
                "Turns the kill switch on: no entries in any run on this data folder until it is released on the \
                 machine; positions keep their stops and targets.",
            )),
            Asked::Acknowledge => {
                Some(("ack", "Counts all critical alerts as seen: they are not escalated any more."))
            }
            Asked::Status
            | Asked::Positions
            | Asked::Trades
            | Asked::Help
            | Asked::Why(_)
            | Asked::Protect(_) => None,
        }
    }
}

/// What can be asked, in words.
pub const HELP: &str = "/status (/s) how the run stands\n/positions (/pos, /p) what is held\n\
                        /trades (/t) the last five trades\n/why INSTRUMENT why it was entered or not\n\
                        /protect [REASON] only protective orders and exits from here on\n\
                        /kill turn the kill switch on (asks for a code)\n\
                        /ack critical alerts were seen (asks for a code)\n/help (/start) this";

/// Codes that are waited for.
#[derive(Debug, Default)]
pub struct Codes(BTreeMap<(i64, &'static str), (String, Instant)>);

impl Codes {
    /// A new code for a command of a person; an earlier one holds no more. `None`: the system gives no random
    /// bytes.
    pub fn begin(&mut self, who: i64, verb: &'static str, now: Instant) -> Option<String> {
        let mut bytes = [0_u8; 4];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let code = format!("{:06}", u32::from_le_bytes(bytes) % 1_000_000);
        self.0.retain(|_, (_, since)| now.duration_since(*since) < CODE_WITHIN);
        self.0.insert((who, verb), (code.clone(), now));
        Some(code)
    }

    /// Uses up what is waited for; says whether `code` is it and still holds.
    pub fn take(&mut self, who: i64, verb: &'static str, code: &str, now: Instant) -> bool {
        let waited = self.0.remove(&(who, verb));
        waited.is_some_and(|(known, since)| known == code && now.duration_since(since) < CODE_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood_by_all_their_names_and_anything_else_is_nothing() {
        let of = |text| Asked::of(text).map(|(asked, _)| asked);
        for (texts, expected) in [
            (&["/status", "/s", "/STATUS", "/status@SeawallBot", " /s  now"][..], Asked::Status),
            (&["/positions", "/pos", "/p"], Asked::Positions),
            (&["/trades", "/t"], Asked::Trades),
            (&["/help", "/start"], Asked::Help),
            (&["/why BTC/USD:USD", "/w  BTC/USD:USD"], Asked::Why("BTC/USD:USD".to_owned())),
            (&["/protect the news\u{7}"], Asked::Protect("the news".to_owned())),
            (&["/kill", "/kill 123456"], Asked::Kill),
            (&["/ack"], Asked::Acknowledge),
        ] {
            for text in texts {
                assert_eq!(of(text), Some(expected.clone()), "{text}");
            }
        }
        for text in ["", "hello", "status", "/", "/buy", "/killall", "kill", "/ kill", "//kill"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(Asked::of("/kill 123456").unwrap().1, "123456");
    }

    #[test]
    fn a_code_holds_once_for_one_command_of_one_person_and_a_wrong_one_ends_it() {
        let (now, mut codes) = (Instant::now(), Codes::default());
        let code = codes.begin(7, "kill", now).unwrap();
        assert_eq!(code.len(), 6);
        assert!(!codes.take(8, "kill", &code, now), "somebody else's");
        assert!(!codes.take(7, "ack", &code, now), "another command's");
        assert!(codes.take(7, "kill", &code, now));
        assert!(!codes.take(7, "kill", &code, now), "twice");
        let code = codes.begin(7, "kill", now).unwrap();
        assert!(!codes.take(7, "kill", "wrong", now));
        assert!(!codes.take(7, "kill", &code, now), "after a wrong one");
        let code = codes.begin(7, "kill", now).unwrap();
        assert!(!codes.take(7, "kill", &code, now + CODE_WITHIN), "too late");
    }
}
