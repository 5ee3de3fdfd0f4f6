//! What was seen, for people.

use core::fmt::{self, Write as _};
use std::collections::BTreeMap;

use seawall_model::Ts;
use seawall_smc::{Change, Direction, Event, Id, Kind};

use super::live::{Live, Near, Side};
use super::record::{Frame, Scan};
use super::things::Things;
use super::words::{change_name, direction_name, face, sentence, thing};

/// Events that are printed where nothing else is asked for.
const EVENTS_SHOWN: usize = 40;
/// Zones and pools that are printed on each side of the last close.
const NEAR_SHOWN: usize = 3;

/// An event with what is needed to print it.
struct Line<'a> {
    known: Ts,
    frame: &'a Frame,
    event: &'a Event,
}

/// Writes the whole text.
pub(super) fn text(scan: &Scan, last: Option<usize>) -> Result<String, fmt::Error> {
    let mut out = String::new();
    header(scan, &mut out)?;
    counts(scan, &mut out)?;
    events(scan, last.unwrap_or(EVENTS_SHOWN), &mut out)?;
    for frame in &scan.frames {
        now(scan, frame, &mut out)?;
    }
    Ok(out)
}

/// `2022-10-10 08:15`, with seconds where there are any.
pub(crate) fn stamp(at: Ts) -> String {
    let text = at.to_string().replace('T', " ");
    let text = text.strip_suffix('Z').unwrap_or(&text);
    text.strip_suffix(":00").unwrap_or(text).to_owned()
}

fn header(scan: &Scan, out: &mut String) -> fmt::Result {
    for frame in &scan.frames {
        let (Some(first), Some(last)) = (frame.bars.first(), frame.bars.last()) else {
            writeln!(out, "{} {}: no closed bar", scan.instrument.name(), frame.timeframe)?;
            continue;
        };
        writeln!(
            out,
            "{} {}: {} bars, {} to {} UTC, {} missing",
            scan.instrument.name(),
            frame.timeframe,
            frame.bars.len(),
            stamp(first.candle.open_time),
            stamp(last.candle.known_at),
            frame.bars_missing(),
        )?;
    }
    let settings = &scan.settings;
    writeln!(
        out,
        "Settings: internal legs {} bars, swing legs {} bars, fractals {} bars to each side, gaps from {} of \
         the price, at most {} live zones of a kind",
        settings.internal_leg,
        settings.swing_leg,
        settings.fractal_bars,
        settings.gaps.size_fraction_min,
        settings.limits.live,
    )
}

fn counts(scan: &Scan, out: &mut String) -> fmt::Result {
    for frame in &scan.frames {
        let mut counts: BTreeMap<Kind, BTreeMap<Change, u64>> = BTreeMap::new();
        for event in scan.events(frame) {
            *counts.entry(event.kind).or_default().entry(event.change).or_default() += 1;
        }
        writeln!(out, "\nEvents of {}:", frame.timeframe)?;
        if counts.is_empty() {
            writeln!(out, "  none")?;
        }
        for (kind, changes) in counts {
            let parts: Vec<String> =
                changes.iter().map(|(change, count)| format!("{count} {}", change_name(*change))).collect();
            writeln!(out, "  {:<24} {}", face(kind).words, parts.join(", ").replace('_', " "))?;
        }
    }
    Ok(())
}

fn events(scan: &Scan, most: usize, out: &mut String) -> fmt::Result {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for frame in &scan.frames {
        lines.extend(
            scan.events(frame)
                .filter_map(|event| Some(Line { known: frame.bar(event.known_at)?.known_at, frame, event })),
        );
    }
    // Stable: within an instant finer timeframes come first, each in the order of its detectors.
    lines.sort_by_key(|line| line.known);
    let skipped = lines.len().saturating_sub(most);
    let shown = lines.len() - skipped;
    writeln!(
        out,
        "\nThe last {shown} of {} events, by the close at which they became known (UTC):",
        lines.len()
    )?;
    let things: Vec<Things> = scan.frames.iter().map(Frame::things).collect();
    for line in lines.iter().skip(skipped) {
        let place = scan.frames.iter().position(|frame| frame.timeframe == line.frame.timeframe);
        if let Some(things) = place.and_then(|place| things.get(place)) {
            writeln!(out, "{}", one(scan, line, things))?;
        }
    }
    Ok(())
}

fn one(scan: &Scan, line: &Line<'_>, things: &Things) -> String {
    let Line { known, frame, event } = *line;
    let mut text = format!(
        "  {} {:>3} #{:<6} {}{}",
        stamp(known),
        frame.timeframe.name(),
        event.known_at,
        scale(scan, event),
        sentence(event, scan.prices())
    );
    let anchor = frame.bar(event.anchor).map(|bar| stamp(bar.candle.open_time)).unwrap_or_default();
    let since = match event.known_at.saturating_sub(event.anchor) {
        // How late a thing was known matters at its birth.
        _ if event.change != Change::Born => String::new(),
        0 => String::new(),
        1 => ", 1 bar before".to_owned(),
        bars => format!(", {bars} bars before"),
    };
    let parents: Vec<String> =
        event.parents.iter().flatten().map(|parent| parent_words(*parent, things)).collect();
    let from = if parents.is_empty() || event.change != Change::Born {
        String::new()
    } else {
        format!(", from {}", parents.join(" and "))
    };
    // Writing to a string cannot fail.
    let _ = write!(text, " (anchor {anchor}{since}){from}  [{}]", event.id);
    text
}

/// Which structure a thing belongs to, or which session, where it belongs to one.
fn scale(scan: &Scan, event: &Event) -> String {
    let source = scan.source_name(event.id.source());
    if matches!(event.kind, Kind::Session | Kind::SessionLevels) {
        format!("{source} ")
    } else if source.starts_with("internal") {
        "internal ".to_owned()
    } else if source.starts_with("swing") {
        "swing ".to_owned()
    } else {
        String::new()
    }
}

fn parent_words(parent: Id, things: &Things) -> String {
    match things.get(parent) {
        Some(known) => format!("{} [{parent}]", thing(known.born.kind, known.born.direction)),
        None => format!("[{parent}]"),
    }
}

fn now(scan: &Scan, frame: &Frame, out: &mut String) -> fmt::Result {
    let (Some(live), Some(last)) = (Live::of(scan, frame), frame.bars.last()) else { return Ok(()) };
    let prices = scan.prices();
    writeln!(
        out,
        "\nNow, {} after the close of {} UTC at {}:",
        frame.timeframe,
        stamp(last.known_at),
        prices.one(live.last_close)
    )?;
    let trend = |trend: Option<Direction>| trend.map_or("none yet", direction_name);
    writeln!(out, "  trend: internal {}, swing {}", trend(live.internal_trend), trend(live.swing_trend))?;
    near(scan, frame, "zones", &live.zones, out)?;
    near(scan, frame, "pools", &live.pools, out)?;
    if let Some((range, share)) = &live.dealing_range {
        let newest = range.newest();
        writeln!(
            out,
            "  dealing range {}: the close lies at {:.0} % of it",
            prices.of(newest.top, newest.bottom),
            share * 100.0
        )?;
    }
    Ok(())
}

fn near(scan: &Scan, frame: &Frame, what: &str, list: &[Near], out: &mut String) -> fmt::Result {
    if list.is_empty() {
        return writeln!(out, "  live {what}: none");
    }
    let count = |side: Side| list.iter().filter(|near| near.side == side).count();
    writeln!(
        out,
        "  live {what}: {} above, {} around the close, {} below",
        count(Side::Above),
        count(Side::Inside),
        count(Side::Below)
    )?;
    for side in [Side::Above, Side::Inside, Side::Below] {
        let mut shown: Vec<&Near> = list.iter().filter(|near| near.side == side).take(NEAR_SHOWN).collect();
        // The picture of a chart: high prices on top.
        shown.sort_by(|one, other| other.thing.newest().top.total_cmp(&one.thing.newest().top));
        for near in shown {
            writeln!(out, "    {:<6} {}", side.name(), one_near(scan, frame, near))?;
        }
    }
    Ok(())
}

fn one_near(scan: &Scan, frame: &Frame, near: &Near) -> String {
    let newest = near.thing.newest();
    let known = frame.bar(near.thing.born.known_at).map(|bar| stamp(bar.known_at)).unwrap_or_default();
    let touched = if near.thing.is_touched() { "touched" } else { "untouched" };
    let away = match near.side {
        Side::Above | Side::Below => format!("{:.2} % away, ", near.distance_pct),
        Side::Inside => String::new(),
    };
    format!(
        "{}{} {} ({away}{touched}, known since {known})  [{}]",
        scale(scan, newest),
        thing(newest.kind, newest.direction),
        scan.prices().of(newest.top, newest.bottom),
        newest.id
    )
}
