//! A list of strikes, made as short as the same failure allows.
//!
//! Delta debugging (Zeller, Hildebrandt: Simplifying and isolating failure-inducing input, 2002), with chunks
//! only taken away: halves, quarters, …, single strikes, until none of them can go. What is left is
//! minimal in that no single strike of it can be missed, unless the question was given up before.

use crate::strikes::Strike;

/// What a caller has found out about some strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The failure is still there.
    Fails,
    /// It is not.
    Holds,
    /// There is no time to find out: what is known so far is the answer.
    GivenUp,
}

/// The strikes that matter, in their order. `try_with` lives the world with only these.
pub fn shrink(strikes: Vec<Strike>, mut try_with: impl FnMut(&[Strike]) -> Tried) -> Vec<Strike> {
    let mut left = strikes;
    match try_with(&[]) {
        Tried::Fails => return Vec::new(),
        Tried::GivenUp => return left,
        Tried::Holds => {}
    }
    let mut size = left.len().div_ceil(2).max(1);
    loop {
        let before = left.len();
        let mut from = 0;
        while from < left.len() {
            let to = (from + size).min(left.len());
            let fewer: Vec<Strike> = left
                .iter()
                .enumerate()
                .filter(|(place, _)| !(from..to).contains(place))
                .map(|(_, strike)| *strike)
                .collect();
            match try_with(&fewer) {
                Tried::Fails => left = fewer,
                Tried::Holds => from = to,
                Tried::GivenUp => return left,
            }
        }
        if size == 1 && left.len() == before {
            return left;
        }
        size = if size == 1 { 1 } else { size.div_ceil(2) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    fn strikes(count: u32) -> Vec<Strike> {
        (0..count).map(|opportunity| Strike { fault: Fault::EventLost, opportunity }).collect()
    }

    #[test]
    fn what_matters_is_left_and_nothing_else() {
        for wanted in [vec![], vec![17], vec![0, 63], vec![3, 4, 40, 41, 62]] {
            let mut worlds = 0;
            let left = shrink(strikes(64), |some| {
                worlds += 1;
                let has = |number: &u32| some.iter().any(|strike| strike.opportunity == *number);
                if wanted.iter().all(has) { Tried::Fails } else { Tried::Holds }
            });
            let numbers: Vec<u32> = left.iter().map(|strike| strike.opportunity).collect();
            assert_eq!(numbers, wanted);
            assert!(worlds < 100, "{worlds} worlds");
        }
    }

    #[test]
    fn without_time_what_is_known_is_the_answer() {
        let mut worlds = 0;
        let left = shrink(strikes(8), |some| {
            worlds += 1;
            match worlds {
                1 => Tried::Holds,
                2 => {
                    assert_eq!(some.len(), 4);
                    Tried::Fails
                }
                _ => Tried::GivenUp,
            }
        });
        assert_eq!(left.len(), 4);
    }
}
