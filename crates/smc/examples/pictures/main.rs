//! Draws the pictures of the chapter on Smart Money Concepts from real candles.
//!
//! `cargo run -p seawall-smc --example pictures` writes them to `docs/pictures/smc`, with `--check` it only
//! compares, with `--table` it prints the tables of the chapter. The candles are in `$SEAWALL_SHARED`, by
//! default the folder `shared` beside the checkout; without them it says so and ends. The same candles give
//! the same bytes.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a generator talks to the terminal and may say loudly that it cannot draw"
)]

mod book;

use book::{data, hindsight, table};

fn main() {
    let mode = std::env::args().nth(1);
    let folder = data::folder();
    let Some(market) = data::Market::load(&folder) else {
        println!("SKIPPED: no candles in {} (set SEAWALL_SHARED)", folder.display());
        return;
    };
    match mode.as_deref() {
        None => {
            std::fs::create_dir_all(book::pictures_folder()).unwrap();
            for picture in book::draw(&market) {
                std::fs::write(picture.path(), &picture.svg).unwrap();
                println!("{:>6} bytes  {}", picture.svg.len(), picture.path().display());
            }
        }
        Some("--check") => {
            let stale: Vec<String> = book::stale(&market);
            assert!(stale.is_empty(), "not as the generator makes them: {}", stale.join(", "));
            println!("every picture is what the generator makes");
        }
        Some("--table") => {
            println!("{}", table::delays(&market));
            println!("{}", hindsight::table(&market));
        }
        Some(other) => panic!("unknown option {other}; known: --check, --table"),
    }
}
