//! The candles: read, merged to the timeframes that the pictures need.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use seawall_model::{Candle, Ohlc, PriceUnits, Timeframe, Ts};
use seawall_smc::{Aggregator, Bar};

/// Prices of the crypto files have two decimals.
pub(crate) const DIVISOR: f64 = 100.0;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Bars of one instrument and timeframe.
pub(crate) struct Series {
    /// What is written on pictures.
    pub(crate) name: &'static str,
    /// Open times.
    pub(crate) times: Vec<Ts>,
    /// Prices.
    pub(crate) bars: Vec<Bar>,
    /// How many decimals its prices have.
    pub(crate) decimals: usize,
}

impl Series {
    fn of_candles(name: &'static str, candles: &[Candle]) -> Self {
        Series {
            name,
            times: candles.iter().map(|candle| candle.open_time).collect(),
            bars: candles.iter().map(|candle| Bar::from_candle(candle, DIVISOR)).collect(),
            decimals: 0,
        }
    }

    /// When a bar opened, for people.
    pub(crate) fn when(&self, index: usize) -> String {
        let text = self.times[index].to_string();
        let (date, time) = (&text[..10], &text[11..16]);
        let month: usize = date[5..7].parse().unwrap();
        format!("{} {} {} {time}", date[8..].trim_start_matches('0'), MONTHS[month - 1], &date[..4])
    }
}

/// Everything that is drawn.
pub(crate) struct Market {
    pub(crate) euro_15m: Series,
    pub(crate) bitcoin_15m: Series,
    pub(crate) bitcoin_1h: Series,
    pub(crate) bitcoin_4h: Series,
    pub(crate) bitcoin_1d: Series,
    pub(crate) ether_1h: Series,
    /// For views of several timeframes.
    pub(crate) bitcoin_candles_15m: Vec<Candle>,
    pub(crate) bitcoin_candles_1h: Vec<Candle>,
}

/// The folder that holds the data.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("SEAWALL_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from)
}

impl Market {
    /// The candles below `folder`; nothing if they are not there.
    pub(crate) fn load(folder: &Path) -> Option<Self> {
        let euro_15m = euro(&folder.join("smc/eurusd_15m/ohlcv.csv"))?;
        let spot = folder.join("data/spot_5m");
        let bitcoin = crypto(&spot.join("BTCUSDT_5m_20220801_20230927.csv.gz"))?;
        let ether = crypto(&spot.join("ETHUSDT_5m_20220801_20230927.csv.gz"))?;
        let merged = |candles: &[Candle], timeframe| {
            let mut aggregator = Aggregator::new(timeframe);
            candles.iter().flat_map(|candle| aggregator.update(candle).unwrap()).collect::<Vec<Candle>>()
        };
        let bitcoin_candles_15m = merged(&bitcoin, Timeframe::M15);
        let bitcoin_candles_1h = merged(&bitcoin_candles_15m, Timeframe::H1);
        let ether_1h = merged(&ether, Timeframe::H1);
        Some(Market {
            euro_15m,
            bitcoin_15m: Series::of_candles("BTC/USDT 15m", &bitcoin_candles_15m),
            bitcoin_4h: Series::of_candles("BTC/USDT 4h", &merged(&bitcoin_candles_1h, Timeframe::H4)),
            bitcoin_1d: Series::of_candles("BTC/USDT 1d", &merged(&bitcoin_candles_1h, Timeframe::D1)),
            bitcoin_1h: Series::of_candles("BTC/USDT 1h", &bitcoin_candles_1h),
            ether_1h: Series { decimals: 1, ..Series::of_candles("ETH/USDT 1h", &ether_1h) },
            bitcoin_candles_15m,
            bitcoin_candles_1h,
        })
    }
}

fn euro(file: &Path) -> Option<Series> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut series = Series { name: "EUR/USD 15m", times: Vec::new(), bars: Vec::new(), decimals: 4 };
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let price = |place: usize| cells[place].parse::<f64>().unwrap();
        series.times.push(format!("{}Z", cells[0].replace(' ', "T")).parse().unwrap());
        series.bars.push(Bar { open: price(1), high: price(2), low: price(3), close: price(4) });
    }
    Some(series)
}

fn crypto(file: &Path) -> Option<Vec<Candle>> {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(file).ok()?).read_to_string(&mut text).unwrap();
    let units = |cell: &str| {
        let (whole, cents) = cell.split_once('.').unwrap_or((cell, ""));
        PriceUnits::new(format!("{whole}{cents:0<2}").parse().unwrap())
    };
    let candle = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [open, high, low, close] = [1, 2, 3, 4].map(|place: usize| units(cells[place]));
        let open_time = Ts::from_millis(cells[0].parse().unwrap());
        let volume = cells[5].parse().unwrap();
        Candle::new(Timeframe::M5, open_time, Ohlc { open, high, low, close }, volume).unwrap()
    };
    Some(text.lines().skip(1).map(candle).collect())
}
