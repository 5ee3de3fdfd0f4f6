//! `seawall smc export` through the binary: what it writes, and what it refuses without changing anything.
#![allow(clippy::print_stderr, reason = "a test fails by panicking and says when it is skipped")]

use std::path::{Path, PathBuf};

use crate::common::Sandbox;
use crate::common::candles::{MINUTE, csv, walk};
use crate::common::refusals::{Case, all_refused};
use serde_json::{Value, json};

const HEADER: &str = "Date,Open,High,Low,Close,Volume";

/// Files that are no bars.
const FILES: [Case; 36] = [
    ("missing.csv", &["missing.csv: cannot open: No such file"]),
    ("folder", &["folder: this is a directory", "name one file in it"]),
    ("empty.csv", &["empty.csv: line 1: the file does not start with a header; wanted `Date,Open,"]),
    ("header_only.csv", &["header_only.csv: no rows after the header"]),
    ("no_header.csv", &["no_header.csv: line 1: the header is missing: the first line is a row already"]),
    ("semicolons.csv", &["semicolons.csv: line 1: the columns are not separated by commas"]),
    ("no_close.csv", &["no_close.csv: line 1: column Close is missing; found `Date,Open,High,Low,Volume`"]),
    ("no_date.csv", &["no_date.csv: line 1: column Date is missing; found `Day,Open,"]),
    ("no_volume.csv", &["no_volume.csv: line 1: column Volume (for ref_ob) is missing; found"]),
    ("twice.csv", &["twice.csv: line 1: column `open` is there twice: remove or rename one"]),
    (
        "fields.csv",
        &["fields.csv: line 4: `2023-01-01 00:02:00,1,2,1` has 4 fields, not the 6 of the header"],
    ),
    ("blank.csv", &["blank.csv: line 4: is a blank line between rows: remove it"]),
    ("latin.csv", &["latin.csv: line 4: is not UTF-8: save the file as UTF-8"]),
    ("word.csv", &["word.csv: line 4, column `Close`: `abc` is not a number: write plain digits"]),
    ("hole.csv", &["hole.csv: line 4, column `High`: `` is empty: a number is missing"]),
    ("nan.csv", &["nan.csv: line 4, column `Open`: `NaN` is not a finite number"]),
    ("inf.csv", &["inf.csv: line 4, column `Low`: `-inf` is not a finite number"]),
    ("huge.csv", &["huge.csv: line 4, column `High`: `1e999` is not a finite number"]),
    ("high_low.csv", &["high_low.csv: line 4, column `High`: `1.4` is below the low 1.5: correct one"]),
    ("open.csv", &["open.csv: line 4, column `Open`: `3` is above the high 2: correct one"]),
    ("close.csv", &["close.csv: line 4, column `Close`: `0.5` is below the low 1: correct one"]),
    ("volume.csv", &["volume.csv: line 4, column `Volume`: `-1` must not be below zero"]),
    (
        "no_time.csv",
        &["no_time.csv: line 4, column `Date`: `` is empty: a time is missing; write 2022-10-10"],
    ),
    (
        "bad_time.csv",
        &["bad_time.csv: line 4, column `Date`: `1/2/2023` is not a time; write 2022-10-10 00:00:00"],
    ),
    ("seconds.csv", &["seconds.csv: line 2, column `Date`: `1672531200` is not a time", "milliseconds"]),
    (
        "duplicate.csv",
        &["duplicate.csv: line 4, column `Date`: `2023-01-01 00:01:00` is the time of line 3 again"],
    ),
    (
        "backwards.csv",
        &["backwards.csv: line 4, column `Date`: ", "is before line 3 (2023-01-01T00:01:00Z): sort"],
    ),
    (
        "off_grid.csv",
        &["off_grid.csv: line 5, column `Date`: 2023-01-01T00:02:30Z is off the grid", "30s after"],
    ),
    ("index.csv", &["index.csv: line 4, column `index`: `3` should be 2: the index has to count 0, 1, 2"]),
    ("index_word.csv", &["index_word.csv: line 2, column `index`: `a` should be 0"]),
    ("index_from_1.csv", &["index_from_1.csv: line 2, column `Index`: `1` should be 0"]),
    ("broken.csv.gz", &["broken.csv.gz: the gzip data breaks off"]),
    ("archive.zip", &["archive.zip: this is a zip archive", "unpack it"]),
    ("long.csv", &["long.csv: line 2 is longer than 4096 bytes"]),
    (
        "binary.csv",
        &["binary.csv: line 1: column Date, Open, High, Low, Close, Volume (for ref_ob) is missing"],
    ),
    ("utf16.csv", &["utf16.csv: this is UTF-16 text", "save it as UTF-8"]),
];

/// Options. `~` is a space.
const OPTIONS: [Case; 17] = [
    ("", &["--input <FILE>", "--names <NAME,…|all>", "--out <DIR>"]),
    ("--input good.csv --out out", &["--names <NAME,…|all>"]),
    ("--input good.csv --names all", &["--out <DIR>"]),
    ("--input good.csv --out out --names ref_fvg", &["--names: `ref_fvg`: join0 or join1 is missing"]),
    (
        "--input good.csv --out out --names ref_swin__L5",
        &["there is no indicator `ref_swin`", "did you mean `ref_swing__L5`?"],
    ),
    (
        "--input good.csv --out out --names all,ref_swing__L5,ref_swing__l5",
        &["`ref_swing__l5`: `l5` must be L and a whole number of bars", "did you mean `ref_swing__L5`?"],
    ),
    ("--input good.csv --out out --names causal_fvg,", &["--names: ``: there is no indicator ``"]),
    (
        "--input good.csv --out out --names ALL",
        &["there is no indicator `ALL`", "write one of ref_fvg__join{0,1}"],
    ),
    ("--input good.csv --out out --names ../causal_fvg", &["there is no indicator `../causal_fvg`"]),
    (
        "--input good.csv --out out --names causal_prev__2D",
        &["`2D` must be one of <n>min and <n>h that divide"],
    ),
    ("--input good.csv --out good.csv --names all", &["--out good.csv: good.csv is a file; name a folder"]),
    ("--input good.csv --out good.csv/x --names all", &["good.csv is a file; name a folder"]),
    (
        "--input ref_swing__L5.csv --out . --names ref_swing__L5",
        &["--out ./ref_swing__L5.csv: this file is read by the same command; name another one"],
    ),
    (
        "--input ref_swing__L7.csv.partial --out . --names ref_swing__L7",
        &["ref_swing__L7.csv.partial: this file is read by the same command"],
    ),
    (
        "--input good.csv --out taken --names all",
        &["--out: taken/causal_fvg.csv is a folder where a file would go; remove it"],
    ),
    // A good name beside a bad input writes nothing either.
    ("--input word.csv --out out --names ref_swing__L5", &["word.csv: line 4, column `Close`"]),
    ("--input good.csv --out out --names all --jsn", &["unexpected argument '--jsn'"]),
];

/// Good minute bars with the line of number `line` replaced.
fn with_line(line: usize, text: &str) -> String {
    let mut lines = [
        HEADER,
        "2023-01-01 00:00:00,1.5,2,1,1.5,10",
        "2023-01-01 00:01:00,1.5,2,1,1.5,10",
        "2023-01-01 00:02:00,1.5,2,1,1.5,10",
        "2023-01-01 00:03:00,1.5,2,1,1.5,10",
    ];
    lines[line - 1] = text;
    lines.join("\n") + "\n"
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    std::fs::create_dir_all(sandbox.path("taken/causal_fvg.csv")).unwrap();
    let good = with_line(1, HEADER);
    for name in ["good.csv", "ref_swing__L5.csv", "ref_swing__L7.csv.partial"] {
        sandbox.write(name, &good);
    }
    let row = "2023-01-01 00:02:00";
    let lines = [
        ("no_header.csv", 1, "2023-01-01 00:00:00,1.5,2,1,1.5,10".to_owned()),
        ("semicolons.csv", 1, "Date;Open;High;Low;Close;Volume".to_owned()),
        ("no_close.csv", 1, "Date,Open,High,Low,Volume".to_owned()),
        ("no_date.csv", 1, "Day,Open,High,Low,Close,Volume".to_owned()),
        ("no_volume.csv", 1, "Date,Open,High,Low,Close,Tickvol".to_owned()),
        ("twice.csv", 1, "Date,Open,High,Low,Close,Volume,open".to_owned()),
        ("fields.csv", 4, format!("{row},1,2,1")),
        ("blank.csv", 4, String::new()),
        ("word.csv", 4, format!("{row},1.5,2,1,abc,10")),
        ("hole.csv", 4, format!("{row},1.5,,1,1.5,10")),
        ("nan.csv", 4, format!("{row},NaN,2,1,1.5,10")),
        ("inf.csv", 4, format!("{row},1.5,2,-inf,1.5,10")),
        ("huge.csv", 4, format!("{row},1.5,1e999,1,1.5,10")),
        ("high_low.csv", 4, format!("{row},1.5,1.4,1.5,1.5,10")),
        ("open.csv", 4, format!("{row},3,2,1,1.5,10")),
        ("close.csv", 4, format!("{row},1.5,2,1,0.5,10")),
        ("volume.csv", 4, format!("{row},1.5,2,1,1.5,-1")),
        ("no_time.csv", 4, ",1.5,2,1,1.5,10".to_owned()),
        ("bad_time.csv", 4, "1/2/2023,1.5,2,1,1.5,10".to_owned()),
        ("seconds.csv", 2, "1672531200,1.5,2,1,1.5,10".to_owned()),
        ("duplicate.csv", 4, "2023-01-01 00:01:00,1.5,2,1,1.5,10".to_owned()),
        ("backwards.csv", 4, "2022-12-31 00:01:00,1.5,2,1,1.5,10".to_owned()),
        ("off_grid.csv", 5, "2023-01-01 00:02:30,1.5,2,1,1.5,10".to_owned()),
        ("long.csv", 2, "1".repeat(5_000)),
    ];
    for (name, line, text) in lines {
        sandbox.write(name, with_line(line, &text));
    }
    let indexed = |header: &str, indices: [&str; 4]| {
        let rows = good.lines().skip(1).zip(indices).map(|(row, index)| format!("{index},{row}\n"));
        format!("{header},{HEADER}\n{}", rows.collect::<String>())
    };
    sandbox.write("index.csv", indexed("", ["0", "1", "3", "4"]));
    sandbox.write("index_word.csv", indexed("index", ["a", "b", "c", "d"]));
    sandbox.write("index_from_1.csv", indexed("Index", ["1", "2", "3", "4"]));
    sandbox.write("indexed.csv", indexed("", ["0", "1", "2", "3"]));
    sandbox.write("empty.csv", "");
    sandbox.write("header_only.csv", format!("{HEADER}\n"));
    let latin = with_line(4, "@,1.5,2,1,1.5,10").into_bytes();
    sandbox.write(
        "latin.csv",
        latin.into_iter().map(|byte| if byte == b'@' { 0xe4 } else { byte }).collect::<Vec<_>>(),
    );
    sandbox.write("broken.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03");
    sandbox.write("archive.zip", b"PK\x03\x04");
    sandbox.write("binary.csv", b"\x00\x01\x02\x7f\n");
    sandbox.write("utf16.csv", b"\xff\xfeD\x00");
    sandbox
}

#[test]
fn a_file_that_is_no_bars_is_refused_with_its_place() {
    all_refused(&sandbox(), "smc export --out out --names all --input ", &FILES);
}

#[test]
fn a_wrong_option_is_refused_before_anything_is_written() {
    all_refused(&sandbox(), "smc export ", &OPTIONS);
}

/// The fixtures, which live beside the workspace in `shared/smc` (or `$SEAWALL_SHARED/smc`).
fn fixtures() -> Option<PathBuf> {
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

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

#[test]
fn all_writes_every_fixture_byte_for_byte_and_says_what_it_wrote() {
    let Some(folder) = fixtures() else { return };
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let sandbox = Sandbox::new();
    let series = "eurusd_15m_head800_tickvol";
    let input = folder.join(series).join("ohlcv.csv");
    let line = format!("smc export --input {} --names all --out new/out --json", input.display());
    let summary = sandbox.run(&line).json();
    assert_eq!(summary["schema"], "seawall.smc_export/1");
    assert_eq!((&summary["bars"], &summary["step_ms"]), (&json!(800), &json!(900_000)));
    let mut expected = files(&folder.join(series));
    expected.retain(|file| file != "ohlcv.csv");
    assert_eq!(files(&sandbox.path("new/out")), expected);
    for file in summary["files"].as_array().unwrap() {
        let name = format!("{}.csv", file["name"].as_str().unwrap());
        let content = sandbox.read(&format!("new/out/{name}"));
        assert_eq!(content, std::fs::read(folder.join(series).join(&name)).unwrap(), "{name}");
        assert_eq!(file["bytes"], json!(content.len()), "{name}");
        let known = &manifest["series"][series]["files"][&name];
        assert_eq!((&file["rows"], &file["rows_filled"]), (&known["rows"], &known["non_empty"]), "{name}");
    }
    assert_eq!(summary["files"].as_array().unwrap().len(), expected.len());
}

#[test]
fn every_form_of_the_same_bars_gives_the_same_files() {
    let sandbox = sandbox();
    let names = "causal_fractals__L1R1,ref_sessions__Sydney,ref_previous_high_low__1min,ref_ob__L1_closemit0";
    let bars = walk(300, 7);
    let archive = csv(&bars, MINUTE);
    let rows: Vec<Vec<&str>> = archive.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let text = |header: &str, row: &dyn Fn(usize, &[&str]) -> String| {
        let rows = rows.iter().enumerate().map(|(index, row_of)| row(index, row_of) + "\n");
        format!("{header}\n{}", rows.collect::<String>())
    };
    let stamp = |index: usize, separator: char| {
        format!("2023-01-01{separator}{:02}:{:02}:00", index / 60, index % 60)
    };
    let plain = text(HEADER, &|index, row| format!("{},{}", stamp(index, ' '), row[1..].join(",")));
    let forms = [
        ("archive.csv", archive.clone()),
        ("crlf.csv", plain.replace('\n', "\r\n") + "\r\n"),
        (
            "quoted.csv",
            text("\"Date\",Open,High,Low,Close,Volume", &|index, row| {
                format!("\"{}\",{}", stamp(index, ' '), row[1..].join(","))
            }),
        ),
        (
            "zoned.csv",
            text(",VOLUME,close,Spread,Low,high,open,date", &|index, row| {
                let hour = index / 60 + 2;
                let time = format!("2023-01-01T{hour:02}:{:02}:00+02:00", index % 60);
                format!("{index},{},{},9,{},{},{},{time}", row[5], row[4], row[3], row[2], row[1])
            }),
        ),
        (
            "unnamed.csv",
            text(",Open,High,Low,Close,Volume", &|index, row| {
                format!("{}Z,{}", stamp(index, 'T'), row[1..].join(","))
            }),
        ),
    ];
    sandbox.write("plain.csv", &plain);
    sandbox.run(&format!("smc export --input plain.csv --names {names} --out plain")).text();
    assert_eq!(files(&sandbox.path("plain")).len(), 4);
    for (file, content) in forms {
        sandbox.write(file, content);
        let out = file.trim_end_matches(".csv");
        sandbox.run(&format!("smc export --input {file} --names {names} --out {out}")).text();
        for written in files(&sandbox.path("plain")) {
            let [one, other] = ["plain", out].map(|folder| sandbox.read(&format!("{folder}/{written}")));
            assert_eq!(one, other, "{file}: {written}");
        }
    }
    sandbox.run("smc export --input indexed.csv --names causal_fvg --out indexed").text();
}

#[test]
fn files_of_the_same_name_are_replaced_and_others_stay_and_missing_bars_are_counted() {
    let sandbox = sandbox();
    let bars = csv(&walk(100, 3), MINUTE);
    let kept: Vec<&str> =
        bars.lines().enumerate().filter(|(line, _)| !(40..47).contains(line)).map(|(_, row)| row).collect();
    sandbox.write("holes.csv", kept.join("\n"));
    std::fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.write("out/causal_fvg.csv", "old");
    sandbox.write("out/notes.txt", "mine");
    let text = sandbox
        .run("smc export --input holes.csv --names causal_fvg,causal_fvg,ref_fvg__join0 --out out")
        .text();
    assert!(text.contains("93 bars, 1m apart"), "{text}");
    assert!(text.contains("1 holes with 7 missing bars"), "{text}");
    assert!(text.contains("2 files in out"), "{text}");
    assert_eq!(files(&sandbox.path("out")), ["causal_fvg.csv", "notes.txt", "ref_fvg__join0.csv"]);
    assert!(sandbox.read("out/causal_fvg.csv").starts_with(b"index,known_at,dir,"));
    assert_eq!(sandbox.read("out/notes.txt"), b"mine");
}

#[test]
fn help_lists_every_form_and_what_all_stands_for() {
    let help = Sandbox::new().run("smc export --help").text();
    for part in
        ["ref_sessions__{session}[_tzUTC{hours}]", "`all` stands for:", "  causal_equal__S3_thr0.1", "future"]
    {
        assert!(help.contains(part), "lacks {part}: {help}");
    }
}
