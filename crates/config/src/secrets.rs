//! Secrets never sit in the configuration: keys that look like one are refused, their values never shown.

use std::ops::Range;

const WORDS: [&str; 6] = ["key", "secret", "token", "password", "passphrase", "credential"];

/// The message for a key that looks like a secret.
pub(crate) const REFUSED: &str = "secrets never sit in the configuration";
/// What to do instead.
pub(crate) const INSTEAD: &str =
    "remove it and hand it over in an environment variable, a *_FILE variable or a systemd credential";

/// Whether a key's name says that its value is a secret. No key of the configuration does.
pub(crate) fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    WORDS.iter().any(|word| key.contains(word))
}

/// Whether a text is itself an assignment to a key that looks like a secret: `API_KEY=…`, a block of YAML.
pub(crate) fn holds_secret(text: &str) -> bool {
    text.contains([':', '=']) && looks_secret(text)
}

/// `text` with the `secrets` blotted out, every character at its place. Empty where the text could not be
/// read to its end and may hold a secret that was not found.
pub(crate) fn blotted(text: &str, secrets: &[Range<usize>], complete: bool) -> String {
    if !complete && looks_secret(text) {
        return String::new();
    }
    let mut blotted = String::with_capacity(text.len());
    let mut next = 0;
    for range in secrets {
        let (Some(open), Some(secret)) = (text.get(next..range.start), text.get(range.clone())) else {
            return String::new();
        };
        blotted.push_str(open);
        blotted.extend(secret.chars().map(|c| if c == '\n' || c == '\r' { c } else { '*' }));
        next = range.end;
    }
    blotted.push_str(text.get(next..).unwrap_or_default());
    blotted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_within_a_value_is_recognised() {
        for (text, expected) in
            [("API_KEY=x", true), ("- token: x", true), ("tokens", false), ("a: b", false)]
        {
            assert_eq!(holds_secret(text), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_blotted_out_character_by_character() {
        let secret = std::iter::once(5..10).collect::<Vec<_>>();
        assert_eq!(blotted("key: ab\ncd\nx: 1", &secret, true), "key: **\n**\nx: 1");
        assert_eq!(blotted("token: [", &[], false), "");
        assert_eq!(blotted("fast: [", &[], false), "fast: [");
    }
}
