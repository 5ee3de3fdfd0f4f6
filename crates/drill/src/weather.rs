//! Bad days out of a seed: which faults the exchange has, and what the network does meanwhile.

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::proxy::Network;

/// A piece of a bad day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spell {
    /// What the network does.
    pub(crate) network: Network,
    /// For how long, in seconds of the exchange's clock.
    pub(crate) seconds: u64,
}

/// A bad day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weather {
    /// Rules for `POST /testnet/faults`.
    pub(crate) rules: Vec<Value>,
    /// What the network does, one after the other.
    pub(crate) spells: Vec<Spell>,
    /// In which spell the run is killed and started again, if it is.
    pub(crate) killed_in: Option<usize>,
}

/// Faults that strike each match by chance: words of the rule, and the highest chance in percent.
const CHANCES: &[(&str, bool, u64)] = &[
    ("drop_reply", false, 15),
    ("delay", false, 30),
    ("error_json", false, 15),
    ("error_json", true, 10),
    ("error_html", false, 15),
    ("error_html", true, 10),
    ("rate_limit", false, 10),
    ("silence", false, 3),
    ("duplicate", false, 20),
    ("reorder", false, 10),
    ("stale_snapshot", false, 20),
];

impl Weather {
    /// A day of so many seconds of the exchange's clock. Half of the faults are absent from any one day.
    pub(crate) fn draw(dice: &mut Dice, seconds: u64) -> Self {
        let mut rules = Vec::new();
        for (fault, after_acceptance, highest) in CHANCES {
            let (is_present, percent) = (dice.below(2) == 0, 1 + dice.below(*highest));
            let delay = 200 + dice.below(4_000);
            if is_present {
                rules.push(json!({
                    "fault": fault, "after_acceptance": after_acceptance, "delay_ms": delay,
                    "probability": percent as f64 / 100.0,
                }));
            }
        }
        if dice.below(2) == 0 {
            rules.push(json!({ "fault": "close_sockets", "after_s": 3, "every": 5 + dice.below(40) }));
        }
        if dice.below(3) == 0 {
            rules.push(json!({
                "fault": "reject_stops", "after_s": dice.below(seconds.max(1)),
                "duration_s": 1 + dice.below(15),
            }));
        }
        if dice.below(4) == 0 {
            // Back before the day is over.
            let gone = 1 + dice.below((seconds / 4).clamp(1, 20));
            let after = 2 + dice.below(seconds.saturating_sub(gone + 7).max(1));
            rules.push(json!({ "fault": "kill", "after_s": after, "duration_s": gone }));
        }
        let mut spells = Vec::new();
        let mut left = seconds;
        while left > 0 {
            let spell = (4 + dice.below(26)).min(left);
            left -= spell;
            let kinds = u64::try_from(Network::ALL.len()).unwrap_or(1);
            let drawn = usize::try_from(dice.below(kinds)).unwrap_or(0);
            // Half of the time the network is as it should be.
            let network = if dice.below(2) == 0 { Network::ALL.get(drawn).copied() } else { None };
            spells.push(Spell { network: network.unwrap_or(Network::Up), seconds: spell });
        }
        let killed = usize::try_from(dice.below(u64::try_from(spells.len()).unwrap_or(1))).unwrap_or(0);
        let killed_in = (dice.below(3) == 0).then_some(killed);
        Weather { rules, spells, killed_in }
    }

    /// What it is made of, for a line.
    pub(crate) fn words(&self) -> String {
        let networks = Network::ALL.into_iter().skip(1);
        let seen = networks.filter(|network| self.spells.iter().any(|spell| spell.network == *network));
        let mut words: Vec<&str> = seen.map(Network::name).collect();
        words.extend(self.rules.iter().filter_map(|rule| rule.get("fault").and_then(Value::as_str)));
        words.dedup();
        if self.killed_in.is_some() {
            words.push("kill -9");
        }
        if words.is_empty() { "fair".to_owned() } else { words.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_fill_their_time_and_have_every_fault_between_them() {
        let mut dice = Dice::new(3);
        let days: Vec<Weather> = (0..200).map(|_| Weather::draw(&mut dice, 120)).collect();
        assert!(days.iter().all(|day| day.spells.iter().map(|spell| spell.seconds).sum::<u64>() == 120));
        for network in Network::ALL {
            assert!(days.iter().any(|day| day.spells.iter().any(|spell| spell.network == network)));
        }
        let all: Vec<String> = days.iter().map(Weather::words).collect();
        let timed = ["close_sockets", "reject_stops", "kill", "kill -9"];
        for fault in CHANCES.iter().map(|(fault, _, _)| *fault).chain(timed) {
            assert!(all.iter().any(|words| words.contains(fault)), "{fault}");
        }
        assert_eq!(Weather::draw(&mut Dice::new(9), 60), Weather::draw(&mut Dice::new(9), 60));
    }

    #[test]
    fn the_exchange_understands_every_rule() {
        let mut dice = Dice::new(3);
        for _ in 0..50 {
            let rules = serde_json::to_string(&Weather::draw(&mut dice, 120).rules).unwrap_or_default();
            assert!(seawall_testnet::faults::read("faults", &rules).is_ok(), "{rules}");
        }
    }
}
