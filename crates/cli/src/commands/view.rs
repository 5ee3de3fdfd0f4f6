//! The live view of a run: one screen, redrawn in place.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table};
use seawall_live::{Snapshot, StopSwitch};

use crate::log;

/// Clears the screen and puts the cursor home.
const HOME: &str = "\x1b[2J\x1b[H";

/// Draws a snapshot under a title.
fn draw(title: &str, snapshot: &Snapshot) -> std::io::Result<()> {
    log::hold();
    let mut out = std::io::stdout().lock();
    write!(out, "{HOME}{}", text(title, snapshot, &log::shown()))?;
    out.flush()
}

/// Draws what comes until the run ends. Where the terminal is gone, the run ends as at Ctrl-C, with the
/// journal closed.
pub(crate) fn follow(title: &str, snapshots: &Receiver<Snapshot>, switch: &StopSwitch) {
    loop {
        match snapshots.recv_timeout(Duration::from_millis(500)) {
            Ok(snapshot) => {
                if draw(title, &snapshot).is_err() {
                    switch.stop();
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A snapshot as text, and the newest lines of the log.
fn text(title: &str, snapshot: &Snapshot, log: &[String]) -> String {
    let held = snapshot.instruments.iter().filter(|row| !row.qty.is_zero()).count();
    let safe = snapshot.instruments.iter().filter(|row| row.protected).count();
    let oldest = snapshot.instruments.iter().filter_map(|row| row.proven_s).fold(0.0, f64::max);
    let mut lines = vec![
        format!(
            "{title}  {}  {:.0} s  phase {}  mode {}{}",
            snapshot.at,
            snapshot.elapsed_s,
            snapshot.phase,
            snapshot.mode.name(),
            snapshot.kill_switch.map(|reason| format!("  KILL SWITCH ON ({reason})")).unwrap_or_default()
        ),
        format!(
            "positions protected {safe}/{held}, oldest stop proof {oldest:.0} s; longest without a stop {:.3} s",
            snapshot.naked_max_s
        ),
        format!(
            "equity {:.2} (start {:.2}); {} positions opened, {} trades closed",
            snapshot.equity, snapshot.initial_equity, snapshot.positions_opened, snapshot.trades_closed
        ),
        String::new(),
        instruments(snapshot).to_string(),
        String::new(),
        "orders".to_owned(),
    ];
    if !snapshot.blocks.is_empty() {
        let blocks = snapshot.blocks.iter().map(|block| format!("  {block}"));
        lines.splice(3..3, core::iter::once("no new risk".to_owned()).chain(blocks));
    }
    for row in &snapshot.instruments {
        lines.extend(row.orders.iter().map(|order| format!("  {} {order}", row.name)));
    }
    lines.push("decisions".to_owned());
    lines.extend(snapshot.decisions.iter().map(|line| format!("  {line}")));
    lines.push("alarms".to_owned());
    if snapshot.alerts.is_empty() {
        lines.push("  none".to_owned());
    }
    lines.extend(snapshot.alerts.iter().map(|line| format!("  {line}")));
    if !log.is_empty() {
        lines.push("log".to_owned());
        lines.extend(log.iter().map(|line| format!("  {line}")));
    }
    lines.push("\nCtrl-C ends it: entries are cancelled, stops stay".to_owned());
    lines.join("\n")
}

fn instruments(snapshot: &Snapshot) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["instrument", "price", "position", "entry", "stop", "proven", "open P&L"]);
    for row in &snapshot.instruments {
        let price =
            |price: Option<seawall_model::Price>| price.map_or("–".to_owned(), |price| price.to_string());
        let proven = match (row.qty.is_zero(), row.protected, row.proven_s) {
            (true, _, _) => "–".to_owned(),
            (false, true, Some(age)) => format!("{age:.0} s ago"),
            (false, false, _) | (false, true, None) => "NOT YET".to_owned(),
        };
        let cells = [
            row.name.to_string(),
            row.last.to_string(),
            if row.qty.is_zero() { "flat".to_owned() } else { row.qty.to_string() },
            price(row.entry),
            price(row.stop),
            proven,
            format!("{:.2}", row.unrealised),
        ];
        let right = |(column, text): (usize, String)| {
            let cell = Cell::new(text);
            if column == 0 { cell } else { cell.set_alignment(CellAlignment::Right) }
        };
        table.add_row(cells.into_iter().enumerate().map(right));
    }
    table
}
