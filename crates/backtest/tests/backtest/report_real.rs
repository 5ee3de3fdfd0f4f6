//! Reports of a run over real candles, to look at.

#[cfg(test)]
use std::path::{Path, PathBuf};

use crate::common::{outcome, settings};
use seawall_archive::{HolePolicy, load_candles};
use seawall_backtest::{Market, MarketSeries, RunSettings, report};
use seawall_model::{InstrumentSpec, Timeframe};
use seawall_strategy::StrategyKind;

/// Five-minute candles from files named like `BTCUSDT_5m_….csv.gz`.
fn series(path: &Path) -> MarketSeries {
    let file = path.file_name().unwrap().to_str().unwrap();
    let (base, _) = file.split_once("USDT").unwrap();
    let loaded = load_candles(path, Timeframe::M5, None, HolePolicy::Report, &mut |_| {}).unwrap();
    let mut spec = InstrumentSpec::new(format!("{base}/USDT").parse().unwrap());
    spec.lot = "0.001".parse().unwrap();
    MarketSeries {
        spec,
        data_decimals: loaded.decimals,
        timeframe: Timeframe::M5,
        holes: loaded.audit.bars_missing,
        candles: loaded.candles.into_candles(Timeframe::M5, loaded.decimals).unwrap(),
        detail: Vec::new(),
        trades: Vec::new(),
        funding: Vec::new(),
    }
}

fn write(folder: &Path, name: &str, market: &Market, settings: &RunSettings) {
    let outcome = outcome(market, settings);
    let mut json = Vec::new();
    report::json(&outcome, market, settings, &mut json).unwrap();
    std::fs::write(folder.join(format!("{name}.json")), json).unwrap();
    let page = report::html(&outcome, market, settings).unwrap();
    std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    let text = report::text(&outcome, market, settings);
    std::fs::write(folder.join(format!("{name}.txt")), text).unwrap();
}

#[test]
#[ignore = "set SEAWALL_SHARED to the folder that holds data/spot_5m and SEAWALL_REPORTS to a folder to write to"]
fn reports_of_real_candles() {
    let shared = PathBuf::from(std::env::var_os("SEAWALL_SHARED").unwrap()).join("data/spot_5m");
    let folder = PathBuf::from(std::env::var_os("SEAWALL_REPORTS").unwrap());
    let mut paths: Vec<_> = std::fs::read_dir(shared).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let all = Market::new(paths.iter().map(|path| series(path)).collect()).unwrap();
    let one = Market::new(
        all.series().iter().filter(|one| one.spec.name.as_str() == "BTC/USDT").cloned().collect(),
    );
    let one = one.unwrap();
    let mut settings = settings();
    write(&folder, "ema_cross_btc", &one, &settings);
    settings.strategy.ema_cross.timeframe = Some(Timeframe::H4);
    settings.strategy.ema_cross.sizing = seawall_strategy::ema_cross::EmaCrossSizing::Risk;
    write(&folder, "ema_cross_4h_all", &all, &settings);
    settings.strategy.name = StrategyKind::Smc;
    write(&folder, "smc_btc", &one, &settings);
    write(&folder, "smc_all", &all, &settings);
}
