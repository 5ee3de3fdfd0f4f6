//! The nearest known name, for a name that was mistyped.

const SHOWN_MAX: usize = 12;

/// The candidate nearest to `name`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(name);
    let allowed = (plain.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&plain, candidate), candidate))
        .filter(|(distance, candidate)| {
            let begins = plain.len() >= 3 && candidate.starts_with(&plain);
            *distance <= allowed || begins || strsim::jaro_winkler(&plain, candidate) > 0.9
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Spelled as keys are, bounded so that a long name costs little.
fn plain(name: &str) -> String {
    name.chars().take(64).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// The names, not too many of them.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.get(..SHOWN_MAX) {
        Some(first) if names.len() > SHOWN_MAX => {
            format!("{} and {} more", first.join(", "), names.len() - SHOWN_MAX)
        }
        Some(_) | None => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["fast", "slow", "long_only", "stop_pct"];
        for (name, meant) in [
            ("fats", Some("fast")),
            ("Slow", Some("slow")),
            ("long-only", Some("long_only")),
            ("colour", None),
        ] {
            assert_eq!(nearest(name, names), meant, "{name}");
        }
        assert_eq!(nearest("sto", names), Some("stop_pct"));
    }
}
