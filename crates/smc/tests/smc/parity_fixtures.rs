//! Parity mode against what the package itself gave: every `ref_*` file, cell by cell. Columns of 32 bits are
//! read as such and compared by their bits, all others exactly.
//!
//! They live beside the workspace, in `shared/smc` (or `$SEAWALL_SHARED/smc`); without them the test says
//! so and passes.

#![allow(clippy::print_stderr, reason = "a test fails by panicking and says when it is skipped")]

use std::path::{Path, PathBuf};

use seawall_model::Ts;
use seawall_smc::parity::{
    Columns, InputZone, Session, SwingColumns, bos_choch, fvg, liquidity, ob, previous_high_low,
    retracements, sessions, swing_highs_lows,
};

/// Files per folder, so that none is passed over.
const SERIES: [(&str, usize); 2] = [("eurusd_15m", 11), ("eurusd_15m_head800_tickvol", 29)];

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("smc");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no fixtures in {} (set SEAWALL_SHARED)", folder.display());
    None
}

/// The cells of a file, its header apart.
fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().unwrap(), lines.collect())
}

/// A column of a result under the package's name.
enum Column {
    F64(&'static str, Vec<f64>),
    F32(&'static str, Vec<f32>),
    I32(&'static str, Vec<i32>),
}

impl Column {
    fn name(&self) -> &'static str {
        match self {
            Column::F64(name, _) | Column::F32(name, _) | Column::I32(name, _) => name,
        }
    }

    fn len(&self) -> usize {
        match self {
            Column::F64(_, cells) => cells.len(),
            Column::F32(_, cells) => cells.len(),
            Column::I32(_, cells) => cells.len(),
        }
    }

    /// Whether a row is what the text says; an empty cell is NaN.
    fn is(&self, row: usize, text: &str) -> bool {
        match self {
            Column::F64(_, cells) if text.is_empty() => cells[row].is_nan(),
            Column::F32(_, cells) if text.is_empty() => cells[row].is_nan(),
            Column::F64(_, cells) => cells[row].to_bits() == text.parse::<f64>().unwrap().to_bits(),
            Column::F32(_, cells) => cells[row].to_bits() == text.parse::<f32>().unwrap().to_bits(),
            Column::I32(_, cells) => cells[row] == text.parse::<i32>().unwrap(),
        }
    }
}

/// Swings of the length that a name carries as `L<n>`.
fn swings_of(columns: &Columns<'_>, parameters: &[&str]) -> SwingColumns {
    swing_highs_lows(columns, parameters[0].strip_prefix('L').unwrap().parse().unwrap())
}

/// What a file stands for, by its name.
fn computed(columns: &Columns<'_>, indicator: &str, parameters: &[&str]) -> Vec<Column> {
    use Column::{F32, F64, I32};
    match indicator {
        "fvg" => {
            let table = fvg(columns, parameters[0] == "join1");
            let (top, bottom) = (F64("Top", table.top), F64("Bottom", table.bottom));
            vec![F64("FVG", table.fvg), top, bottom, F64("MitigatedIndex", table.mitigated_index)]
        }
        "swing" => {
            let table = swings_of(columns, parameters);
            vec![F64("HighLow", table.high_low), F64("Level", table.level)]
        }
        "bos_choch" => {
            let close_break = parameters[1] == "close1";
            let table = bos_choch(columns, &swings_of(columns, parameters), close_break).unwrap();
            let (bos, choch) = (F64("BOS", table.bos), F64("CHOCH", table.choch));
            vec![bos, choch, F32("Level", table.level), F64("BrokenIndex", table.broken_index)]
        }
        "ob" => {
            let close_mitigation = parameters[1] == "closemit1";
            let table = ob(columns, &swings_of(columns, parameters), close_mitigation).unwrap();
            vec![
                F64("OB", table.ob),
                F32("Top", table.top),
                F32("Bottom", table.bottom),
                F32("OBVolume", table.ob_volume),
                F64("MitigatedIndex", table.mitigated_index),
                F32("Percentage", table.percentage),
            ]
        }
        "liquidity" => {
            let range = parameters[1].strip_prefix("rp").unwrap().parse().unwrap();
            let table = liquidity(columns, &swings_of(columns, parameters), range).unwrap();
            let (kind, level) = (F32("Liquidity", table.liquidity), F32("Level", table.level));
            vec![kind, level, F32("End", table.end), F32("Swept", table.swept)]
        }
        "previous_high_low" => {
            let table = previous_high_low(columns, parameters[0].parse().unwrap());
            vec![
                F32("PreviousHigh", table.previous_high),
                F32("PreviousLow", table.previous_low),
                I32("BrokenHigh", table.broken_high),
                I32("BrokenLow", table.broken_low),
            ]
        }
        "sessions" => {
            let (session, zone) = session_of(parameters[0]);
            let table = sessions(columns, session, zone);
            vec![I32("Active", table.active), F32("High", table.high), F32("Low", table.low)]
        }
        "retracements" => {
            let table = retracements(columns, &swings_of(columns, parameters)).unwrap();
            vec![
                I32("Direction", table.direction),
                F64("CurrentRetracement%", table.current_retracement),
                F64("DeepestRetracement%", table.deepest_retracement),
            ]
        }
        _ => panic!("no such indicator: {indicator}"),
    }
}

fn session_of(name: &str) -> (Session, InputZone) {
    match name {
        "NewYorkKZ" => (Session::NewYorkKillZone, InputZone::Utc),
        "Custom2230-0115" => {
            let (start, end) = ("22:30".parse().unwrap(), "01:15".parse().unwrap());
            (Session::Custom { start, end }, InputZone::Utc)
        }
        "London_tzUTC+2" => (Session::London, "UTC+2".parse().unwrap()),
        name => (name.parse().unwrap(), InputZone::Utc),
    }
}

/// Compares one file with what it stands for.
fn compare(columns: &Columns<'_>, path: &Path, file: &str) {
    let name = file.strip_prefix("ref_").unwrap().strip_suffix(".csv").unwrap();
    let (indicator, parameters) = name.split_once("__").unwrap();
    // Only the parameters of indicators on swings are two.
    let parameters: Vec<&str> =
        if indicator == "sessions" { vec![parameters] } else { parameters.split('_').collect() };
    let found = computed(columns, indicator, &parameters);
    let (header, rows) = read(path);
    assert_eq!(header, found.iter().map(Column::name).collect::<Vec<_>>(), "{file}");
    for (number, column) in found.iter().enumerate() {
        assert_eq!(column.len(), rows.len(), "{file}: {}", column.name());
        for (row, cells) in rows.iter().enumerate() {
            assert!(
                column.is(row, &cells[number]),
                "{file}: {} of row {row}, not {}",
                column.name(),
                cells[number]
            );
        }
    }
}

#[test]
fn every_cell_equals_the_package() {
    let Some(root) = folder() else { return };
    for (series, files_expected) in SERIES {
        let (_, bars) = read(&root.join(series).join("ohlcv.csv"));
        let times: Vec<Ts> =
            bars.iter().map(|bar| format!("{}Z", bar[0].replace(' ', "T")).parse().unwrap()).collect();
        let column =
            |number: usize| -> Vec<f64> { bars.iter().map(|bar| bar[number].parse().unwrap()).collect() };
        let (open, high, low, close, volume) = (column(1), column(2), column(3), column(4), column(5));
        let columns = Columns::new(&times, &open, &high, &low, &close, &volume).unwrap();
        let mut files = 0;
        for entry in std::fs::read_dir(root.join(series)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            if file.starts_with("ref_") {
                compare(&columns, &path, file);
                files += 1;
            }
        }
        assert_eq!(files, files_expected, "{series}");
    }
}
