//! The pictures of the book are what their generator makes from the shared candles, and the book shows them
//! all.

#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "the generator says loudly that it cannot draw; a test fails by panicking and says when it is skipped"
)]

#[path = "../../examples/pictures/book/mod.rs"]
mod book;

use std::collections::BTreeSet;

use book::data::{Market, folder};

#[test]
fn the_committed_pictures_and_the_table_of_delays_are_what_the_generator_makes() {
    let Some(market) = Market::load(&folder()) else {
        eprintln!("SKIPPED: no candles in {} (set SEAWALL_SHARED)", folder().display());
        return;
    };
    let stale = book::stale(&market);
    assert!(stale.is_empty(), "draw them anew (cargo run -p seawall-smc --example pictures): {stale:?}");
    assert!(chapter().contains(&book::table::delays(&market)), "print it anew (-- --table)");
}

#[test]
fn the_book_shows_every_picture_and_no_other() {
    let files = std::fs::read_dir(book::pictures_folder()).unwrap();
    let drawn: BTreeSet<String> =
        files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let chapter = chapter();
    let shown = chapter.split("pictures/smc/").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
    assert_eq!(shown.collect::<BTreeSet<String>>(), drawn);
}

/// The text of the chapter, all parts.
fn chapter() -> String {
    let docs = book::pictures_folder().join("../..");
    let mut parts = vec![docs.join("smart-money-concepts.md")];
    let folder = std::fs::read_dir(docs.join("smc")).unwrap();
    parts.extend(folder.map(|entry| entry.unwrap().path()));
    parts.iter().map(|part| std::fs::read_to_string(part).unwrap()).collect()
}
