//! Reading what a command is given: configuration, candles, durations.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use seawall_archive::{
    HolePolicy, Loaded, Store, TradeReader, load_candles, read_funding, scan_trade_decimals,
};
use seawall_backtest::{Market, MarketSeries};
use seawall_config::{Config, Loader};
use seawall_model::{Candle, Instrument, InstrumentId, InstrumentName, InstrumentSpec, Span, Timeframe, Ts};

use crate::args::ConfigSource;
use crate::exit::Failure;
use crate::progress::{bar, on_archive};
use crate::signals::Pairs;

/// Largest configuration file that is read.
const CONFIG_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A loader with the file, the environment and the `--set` arguments of the command line.
pub(crate) fn loader(source: &ConfigSource) -> Result<Loader, Failure> {
    let mut loader = Loader::new().environment(std::env::vars_os()).set(source.set.iter().cloned());
    if let Some(path) = &source.config {
        let shown = path.display();
        let size = std::fs::metadata(path)
            .map_err(|error| Failure::input(format!("{shown}: cannot be read: {error}")))?
            .len();
        if size > CONFIG_BYTES_MAX {
            return Err(Failure::input(format!("{shown}: {size} bytes are too many for a configuration")));
        }
        let text = std::fs::read(path)
            .map_err(|error| Failure::input(format!("{shown}: cannot be read: {error}")))?;
        loader = loader.file(shown.to_string(), text);
    }
    Ok(loader)
}

/// The configuration, complete and checked.
pub(crate) fn config(source: &ConfigSource) -> Result<Config, Failure> {
    Ok(loader(source)?.load().map_err(|error| Failure::config(&error))?.config)
}

/// The configured data folder, for commands that take no configuration file.
pub(crate) fn data_dir() -> Result<PathBuf, Failure> {
    let nothing = ConfigSource { config: None, set: Vec::new() };
    Ok(PathBuf::from(config(&nothing)?.data.dir))
}

/// Where `--candles` finds its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CandleArgument {
    pub(crate) name: InstrumentName,
    file: Option<PathBuf>,
    pub(crate) timeframe: Timeframe,
}

fn candle_argument(text: &str) -> Result<CandleArgument, Failure> {
    let usage = "write NAME=FILE@TIMEFRAME, like BTC/USDT=btc.csv.gz@1m, or NAME@TIMEFRAME for candles of the archive";
    let bad = |why: &str| Failure::input(format!("--candles {text}: {why}; {usage}"));
    let (left, timeframe) = text.rsplit_once('@').ok_or_else(|| bad("the timeframe is missing"))?;
    let timeframe = timeframe.parse().map_err(|error| bad(&format!("{error}")))?;
    let (name, file) = match left.split_once('=') {
        Some((_, "")) => return Err(bad("the file is missing")),
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (left, None),
    };
    let name = name.parse().map_err(|error| bad(&format!("{error}")))?;
    Ok(CandleArgument { name, file, timeframe })
}

fn pair_argument(option: &str, text: &str) -> Result<(InstrumentName, PathBuf), Failure> {
    let bad = |why: &str| {
        Failure::input(format!("{option} {text}: {why}; write NAME=FILE, like BTC/USDT=file.csv.gz"))
    };
    let (name, file) = text.split_once('=').ok_or_else(|| bad("the file is missing"))?;
    if file.is_empty() {
        return Err(bad("the file is missing"));
    }
    Ok((name.parse().map_err(|error| bad(&format!("{error}")))?, PathBuf::from(file)))
}

/// What the data options of a backtest say.
pub(crate) struct DataRequest<'a> {
    pub(crate) candles: &'a [String],
    pub(crate) trades: &'a [String],
    pub(crate) funding: &'a [String],
    pub(crate) signals: &'a [String],
    pub(crate) from: Option<Ts>,
    pub(crate) to: Option<Ts>,
    pub(crate) archive: &'a Path,
}

/// Loads everything that a backtest reads.
pub(crate) fn market(config: &Config, request: &DataRequest<'_>) -> Result<Market, Failure> {
    let range = range(request.from, request.to)?;
    let mut arguments = Vec::new();
    for text in request.candles {
        arguments.push(candle_argument(text)?);
    }
    let trades = pairs("--trades", request.trades, &arguments)?;
    let funding = pairs("--funding", request.funding, &arguments)?;
    let signals = Pairs::new(config, request.signals, &arguments)?;
    let (mut series, mut read_only): (Vec<MarketSeries>, Vec<MarketSeries>) = Default::default();
    let mut done: Vec<InstrumentName> = Vec::new();
    for argument in &arguments {
        if done.contains(&argument.name) {
            continue;
        }
        done.push(argument.name.clone());
        let mut of_name: Vec<&CandleArgument> =
            arguments.iter().filter(|one| one.name == argument.name).collect();
        of_name.sort_by_key(|one| core::cmp::Reverse(one.timeframe));
        let tape = trades.iter().find(|(name, _)| *name == argument.name).map(|(_, file)| file.as_path());
        let rates = funding.iter().find(|(name, _)| *name == argument.name).map(|(_, file)| file.as_path());
        let mut one = one_series(config, request.archive, range, &of_name, tape, rates)?;
        one.spec.signal = signals.read_by(&argument.name).cloned();
        if signals.only_reads(config, &argument.name) {
            signals.check_unused(&of_name, tape, rates)?;
            read_only.push(one);
        } else {
            series.push(one);
        }
    }
    Market::with_signals(series, read_only).map_err(Failure::input)
}

/// The files that the data options name.
pub(crate) fn files(candles: &[String], pairs: &[&[String]]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for text in candles {
        files.extend(candle_argument(text)?.file);
    }
    // What is wrong with the other options is told where they are read.
    let named = pairs.iter().copied().flatten().filter_map(|text| text.split_once('='));
    files.extend(named.map(|(_, file)| PathBuf::from(file)));
    Ok(files)
}

/// The range of `--from` and `--to`, where one of them is given.
pub(crate) fn range(from: Option<Ts>, to: Option<Ts>) -> Result<Option<(Ts, Ts)>, Failure> {
    let (start, end) = (from.unwrap_or(Ts::from_nanos(i64::MIN)), to.unwrap_or(Ts::FAR_FUTURE));
    if start >= end {
        return Err(Failure::input(format!("--from {start} is not before --to {end}")));
    }
    Ok((from.is_some() || to.is_some()).then_some((start, end)))
}

fn pairs(
    option: &str,
    texts: &[String],
    candles: &[CandleArgument],
) -> Result<Vec<(InstrumentName, PathBuf)>, Failure> {
    let mut pairs: Vec<(InstrumentName, PathBuf)> = Vec::new();
    for text in texts {
        let pair = pair_argument(option, text)?;
        if !candles.iter().any(|one| one.name == pair.0) {
            return Err(Failure::input(format!("{option} {text}: there are no --candles for {}", pair.0)));
        }
        if pairs.iter().any(|(name, _)| *name == pair.0) {
            return Err(Failure::input(format!(
                "{option} {text}: given twice for {}; give one file",
                pair.0
            )));
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

fn one_series(
    config: &Config,
    archive: &Path,
    range: Option<(Ts, Ts)>,
    arguments: &[&CandleArgument],
    tape: Option<&Path>,
    rates: Option<&Path>,
) -> Result<MarketSeries, Failure> {
    let [coarse, fine @ ..] = arguments else {
        return Err(Failure::input("--candles: no candles"));
    };
    if fine.len() > 1 || fine.first().is_some_and(|fine| fine.timeframe == coarse.timeframe) {
        return Err(Failure::input(format!(
            "--candles {}: give one series to trade on and at most one finer one that resolves its path",
            coarse.name
        )));
    }
    let loaded = load(coarse, archive, range)?;
    let detail = fine.first().map(|fine| load(fine, archive, range)).transpose()?;
    let tape_decimals =
        tape.map(|tape| scan_trade_decimals(tape).map_err(Failure::input)).transpose()?.unwrap_or(0);
    let decimals =
        [Some(loaded.decimals), detail.as_ref().map(|detail| detail.decimals), Some(tape_decimals)];
    let data_decimals = decimals.into_iter().flatten().max().unwrap_or(0);
    let spec = config
        .instruments
        .iter()
        .find(|spec| spec.name == coarse.name)
        .cloned()
        .unwrap_or_else(|| InstrumentSpec::new(coarse.name.clone()));
    let instrument = Instrument::new(InstrumentId(0), spec.clone(), data_decimals).map_err(Failure::input)?;
    let scale = instrument.price_scale();
    let candles = |loaded: Loaded, timeframe| -> Result<Vec<Candle>, Failure> {
        loaded.candles.into_candles(timeframe, scale).map_err(Failure::input)
    };
    let holes = loaded.audit.bars_missing;
    let trades = match tape {
        Some(tape) => TradeReader::open(tape, scale).and_then(Iterator::collect).map_err(Failure::input)?,
        None => Vec::new(),
    };
    let funding =
        rates.map(|path| read_funding(path).map_err(Failure::input)).transpose()?.unwrap_or_default();
    Ok(MarketSeries {
        spec,
        data_decimals,
        timeframe: coarse.timeframe,
        candles: candles(loaded, coarse.timeframe)?,
        holes,
        detail: match (detail, fine.first()) {
            (Some(detail), Some(fine)) => candles(detail, fine.timeframe)?,
            (Some(_) | None, None) | (None, Some(_)) => Vec::new(),
        },
        trades,
        funding,
    })
}

fn load(argument: &CandleArgument, archive: &Path, range: Option<(Ts, Ts)>) -> Result<Loaded, Failure> {
    let shown = format!("{} {}", argument.name, argument.timeframe);
    let bar: ProgressBar = bar(&shown, 1);
    let mut progress = on_archive(&bar);
    let loaded = match &argument.file {
        Some(file) => load_candles(file, argument.timeframe, range, HolePolicy::Report, &mut progress),
        None => Store::open(archive).and_then(|store| {
            store.load(&argument.name, argument.timeframe, range, HolePolicy::Report, &mut progress)
        }),
    };
    drop(progress);
    bar.finish_and_clear();
    loaded.map_err(Failure::input)
}

/// Refuses what is not the folder of a run.
pub(crate) fn check_run(run: &Path) -> Result<(), Failure> {
    let why = if !run.exists() {
        "does not exist"
    } else if !run.is_dir() {
        "is no folder"
    } else if !run.join("run.json").is_file() {
        "holds no run.json"
    } else {
        return Ok(());
    };
    Err(Failure::input(format!("{}: {why}; {RUN_FOLDER}", run.display())))
}

/// What to give where the folder of a run is asked for.
pub(crate) const RUN_FOLDER: &str = "name the folder of a run, like seawall-data/demo/run-000001";

/// Reads `90s`, `10m`, `2h`, `1d` or plain seconds.
pub(crate) fn duration(option: &str, text: &str) -> Result<Span, Failure> {
    let bad = || Failure::input(format!("{option} {text}: write a time like 90s, 10m, 2h or 1d, above zero"));
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        Some(_) | None => return Err(bad()),
    };
    let count: i64 = digits.parse().map_err(|_| bad())?;
    let seconds =
        count.checked_mul(unit).filter(|seconds| (1..=31_536_000).contains(seconds)).ok_or_else(bad)?;
    Ok(Span::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candle_arguments_name_instrument_file_and_timeframe() {
        let one = candle_argument("kraken-futures:BTC/USD:USD=a=b@c.csv.gz@5m").unwrap();
        assert_eq!(one.name.as_str(), "kraken-futures:BTC/USD:USD");
        assert_eq!(one.file, Some(PathBuf::from("a=b@c.csv.gz")));
        assert_eq!(one.timeframe, Timeframe::M5);
        assert_eq!(candle_argument("BTC/USDT@1h").unwrap().file, None);
        for bad in ["BTC/USDT", "BTC/USDT=x", "BTC/USDT=@1m", "BTCUSDT=x@1m", "BTC/USDT=x@7m"] {
            assert!(candle_argument(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("--duration", "90s").unwrap(), Span::from_secs(90));
        assert_eq!(duration("--duration", "2h").unwrap(), Span::from_secs(7_200));
        for bad in ["", "s", "-1s", "0", "1w", "1.5h", "99999999999999999999d"] {
            assert!(duration("--duration", bad).is_err(), "{bad}");
        }
    }
}
