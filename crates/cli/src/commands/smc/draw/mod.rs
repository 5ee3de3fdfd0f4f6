//! The chart of a scan: one HTML file with everything in it. It asks the network for nothing.
//!
//! Invariants: the page gets its data as JSON in a script block that is never run, with `<` escaped, and puts
//! texts into the document as text only; a policy forbids every script but the one whose hash it names.

mod data;

use data_encoding::BASE64;
use seawall_store::journal::Digest;

use super::scan::record::Scan;
use super::scan::text::stamp;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// What the page runs, in this order.
const SCRIPTS: [&str; 5] = [
    include_str!("replay.js"),
    include_str!("paint.js"),
    include_str!("chart.js"),
    include_str!("pointer.js"),
    include_str!("page.js"),
];

/// The whole page.
pub(crate) fn page(scan: &Scan) -> Result<String, serde_json::Error> {
    let script = format!("\n\"use strict\";\n{}", SCRIPTS.concat());
    let hash = BASE64.encode(&Digest::sha256(script.as_bytes()).0);
    let name = scan.instrument.name().to_string();
    let timeframes: Vec<&str> = scan.frames.iter().map(|frame| frame.timeframe.name()).collect();
    let title = format!("{name} {}", timeframes.join(" "));
    let bars = scan.frames.first().map(|frame| frame.bars.as_slice()).unwrap_or_default();
    let span = match (bars.first(), bars.last()) {
        (Some(first), Some(last)) => {
            format!("{} bars, {} to {} UTC", bars.len(), stamp(first.candle.open_time), stamp(last.known_at))
        }
        (Some(_) | None, None) | (None, Some(_)) => "no bars".to_owned(),
    };
    // In a script block only `<` could end the block; JSON has it in strings alone.
    let data = serde_json::to_string(&data::data(scan))?.replace('<', "\\u003c");
    Ok(fill(
        PAGE,
        &[
            ("title", &escape(&title)),
            ("name", &escape(&name)),
            ("span", &escape(&span)),
            ("hash", &hash),
            ("style", STYLE),
            ("data", &data),
            ("script", &script),
        ],
    ))
}

/// Puts texts in the places `{{name}}` of a template. What is put in is not looked at again.
fn fill(template: &str, texts: &[(&str, &str)]) -> String {
    let mut out =
        String::with_capacity(template.len() + texts.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, place)| Some((before, place.split_once("}}")?)))
    {
        out.push_str(before);
        out.push_str(texts.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Text as it may stand in HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_the_page_is_not_looked_at_again() {
        assert_eq!(fill("a{{x}}b{{y}}c{{z}}", &[("x", "{{y}}"), ("y", "1")]), "a{{y}}b1c");
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn the_page_has_a_place_for_each_of_its_parts() {
        for part in ["title", "name", "span", "hash", "style", "data", "script"] {
            assert!(PAGE.contains(&format!("{{{{{part}}}}}")), "{part}");
        }
        assert!(SCRIPTS.iter().all(|script| !script.contains("</") && !script.contains("{{")));
    }
}
