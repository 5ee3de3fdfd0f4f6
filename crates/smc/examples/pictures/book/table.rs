//! How long after its bar each thing becomes known, measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_smc::chart::sources;
use seawall_smc::{Kind, Source};

use super::data::{Market, Series};
use super::run::{Run, settings};

/// Bars from anchor to close of knowledge of all births, by detector and kind.
type Delays = BTreeMap<(Source, Kind), Vec<usize>>;

fn measured(series: &Series) -> Delays {
    let run = Run::new(series, &settings());
    let mut delays = Delays::new();
    for life in &run.lives {
        let source = life.born.id.source();
        // The five sessions are one row, and so are the two opening prices.
        let source = ALIKE.iter().copied().find(|first| same(*first, source)).unwrap_or(source);
        delays.entry((source, life.born.kind)).or_default().push(life.known() - life.anchor());
    }
    for values in delays.values_mut() {
        values.sort_unstable();
    }
    delays
}

/// The first sources of those that share a name.
const ALIKE: [Source; 2] = [Source(128), Source(192)];

fn same(first: Source, source: Source) -> bool {
    source >= first && sources::name(first) == sources::name(source)
}

fn cells(values: Option<&Vec<usize>>) -> String {
    match values {
        None => "0 | | ".to_owned(),
        Some(values) => {
            format!("{} | {} | {}", values.len(), values[values.len() / 2], values[values.len() - 1])
        }
    }
}

/// The table of the chapter.
pub(crate) fn delays(market: &Market) -> String {
    let (euro, bitcoin) = (measured(&market.euro_15m), measured(&market.bitcoin_1h));
    let mut keys: Vec<(Source, Kind)> = euro.keys().chain(bitcoin.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    let mut text = format!(
        "{0}: {2} bars; {1}: {3} bars.\n\n| detector | thing | {0}: births | median | most | {1}: births | median | most |\n\
         |---|---|---:|---:|---:|---:|---:|---:|\n",
        market.euro_15m.name,
        market.bitcoin_1h.name,
        market.euro_15m.bars.len(),
        market.bitcoin_1h.bars.len()
    );
    for key in keys {
        let _ = writeln!(
            text,
            "| {} | {:?} | {} | {} |",
            sources::name(key.0),
            key.1,
            cells(euro.get(&key)),
            cells(bitcoin.get(&key))
        );
    }
    text
}
