//! What is printed for a person.

use std::process::Command;

/// A line of a story without the names of types.
pub(crate) fn shorter(line: &str) -> String {
    let words = [
        ("OrderRef { instrument: InstrumentId(", "#"),
        ("), id: ClientOrderId { run: 7, sequence: ", "/"),
        ("PriceUnits", ""),
        ("QtyUnits", ""),
    ];
    words
        .iter()
        .fold(line.chars().take(400).collect(), |line: String, (long, short)| line.replace(long, short))
}

/// The commit that was built, as git has it.
pub(crate) fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let text = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
