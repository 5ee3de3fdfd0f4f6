//! Market data over REST. Answers are keyed by the pair's id, whatever name was asked for.

use rust_decimal::Decimal;
use seawall_model::{PriceUnits, QtyUnits, Timeframe, Ts};
use seawall_venues::kraken_spot::tables::CANDLES_MAX;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::names::{Names, Pair, QUOTE, QUOTE_ID, altname};
use super::rows::{BALANCE_DECIMALS, COST_DECIMALS};
use super::terms::Refusal;
use super::text::{fixed, seconds, stamp_s, whole_seconds};
use crate::world::{Bar, Market, TapeTrade, World};

/// Public trades in one answer.
const TRADES_MAX: usize = 1_000;
/// Levels in one answer where nothing else is asked for.
const LEVELS: usize = 100;
/// The longest candles, in minutes.
const FIFTEEN_DAYS: i64 = 21_600;

const UNKNOWN_PAIR: &str = "EQuery:Unknown asset pair";

/// Answers a public method.
///
/// # Errors
/// The venue's words.
pub(super) fn answer(world: &World, names: &Names, method: &str, fields: &Fields) -> Result<Value, Refusal> {
    match method {
        "Time" => Ok(json!({
            "unixtime": whole_seconds(world.now()),
            "rfc1123": rfc1123(world.now()),
        })),
        "SystemStatus" => Ok(json!({ "status": "online", "timestamp": stamp_s(world.now()) })),
        "Assets" => assets(names, fields),
        "AssetPairs" => pairs(world, names, fields),
        "Ticker" => tickers(world, names, fields),
        "OHLC" => candles(world, names, fields),
        "Depth" => depth(world, names, fields),
        "Trades" => trades(world, names, fields),
        "Spread" => spread(world, names, fields),
        _ => Err("EGeneral:Unknown method".to_owned()),
    }
}

/// `Sun, 21 Mar 21 14:23:14 +0000`, read from the RFC 3339 text and the day of the week.
fn rfc1123(at: Ts) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = stamp_s(at);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or("00");
    let place = |list: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or("Thu")
    };
    let day = place(&DAYS, whole_seconds(at).div_euclid(86_400).rem_euclid(7));
    let month = place(&MONTHS, part(5, 7).parse::<i64>().unwrap_or(1) - 1);
    format!("{day}, {} {month} {} {} +0000", part(8, 10), part(2, 4), part(11, 19))
}

/// The markets that a request names with commas; all listed ones if it names none.
fn named<'a>(
    world: &'a World,
    names: &'a Names,
    fields: &Fields,
) -> Result<Vec<(&'a Market, &'a Pair)>, Refusal> {
    let both = |id| Some((world.market(id)?, names.pair(id)?));
    let wanted = fields.texts("pair");
    if wanted.is_empty() {
        let listed = world.markets().iter().filter(|market| !market.delisted);
        return Ok(listed.filter_map(|market| both(market.instrument.id())).collect());
    }
    let find = |name: &String| names.find(name).and_then(both).ok_or_else(|| UNKNOWN_PAIR.to_owned());
    wanted.iter().map(find).collect()
}

fn one<'a>(world: &'a World, names: &'a Names, fields: &Fields) -> Result<(&'a Market, &'a Pair), Refusal> {
    if fields.get("pair").is_none() {
        return Err("EGeneral:Invalid arguments".to_owned());
    }
    named(world, names, fields)?.into_iter().next().ok_or_else(|| UNKNOWN_PAIR.to_owned())
}

fn assets(names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let mut rows = Map::new();
    let row = |code: &str, decimals: u32, shown: u32| {
        json!({
            "aclass": "currency",
            "altname": altname(code),
            "decimals": decimals,
            "display_decimals": shown,
            "status": "enabled",
        })
    };
    rows.insert(QUOTE_ID.to_owned(), row(QUOTE, 4, 2));
    let mut place = 0;
    while let Some(pair) = names.pair(seawall_model::InstrumentId(place)) {
        rows.insert(pair.base.clone(), row(&pair.code, BALANCE_DECIMALS, COST_DECIMALS));
        place += 1;
    }
    let wanted = fields.texts("asset");
    if wanted.is_empty() {
        return Ok(Value::Object(rows));
    }
    let mut chosen = Map::new();
    for name in wanted {
        let is_it = |(id, row): &(&String, &Value)| {
            id.eq_ignore_ascii_case(&name)
                || row.get("altname").and_then(Value::as_str) == Some(name.as_str())
        };
        let (id, row) = rows.iter().find(is_it).ok_or_else(|| "EQuery:Unknown asset".to_owned())?;
        chosen.insert(id.clone(), row.clone());
    }
    Ok(Value::Object(chosen))
}

fn pairs(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let mut rows = Map::new();
    for (market, pair) in named(world, names, fields)? {
        let spec = market.instrument.spec();
        let decimals = market.instrument.price_scale();
        let percent = |bps: Option<seawall_model::Bps>| {
            let percent = bps.map_or(Decimal::ZERO, |bps| bps.get() / Decimal::ONE_HUNDRED);
            super::text::number(percent)
        };
        let row = json!({
            "altname": pair.altname,
            "wsname": pair.wsname,
            "aclass_base": "currency",
            "base": pair.base,
            "aclass_quote": "currency",
            "quote": QUOTE_ID,
            "lot": "unit",
            "cost_decimals": COST_DECIMALS,
            "pair_decimals": decimals,
            "lot_decimals": market.instrument.qty_scale(),
            "lot_multiplier": 1,
            "leverage_buy": [],
            "leverage_sell": [],
            "fees": [[0, percent(spec.taker_fee_bps)]],
            "fees_maker": [[0, percent(spec.maker_fee_bps)]],
            "fee_volume_currency": QUOTE_ID,
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": market.qty(market.instrument.min_qty()).to_string(),
            "costmin": spec.min_notional.get().normalize().to_string(),
            "tick_size": market.price(market.instrument.tick()).to_string(),
            "status": if market.delisted { "cancel_only" } else { "online" },
            "execution_venue": "international",
        });
        rows.insert(pair.id.clone(), row);
    }
    Ok(Value::Object(rows))
}

fn tickers(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let mut rows = Map::new();
    for (market, pair) in named(world, names, fields)? {
        rows.insert(pair.id.clone(), ticker(world, market));
    }
    Ok(Value::Object(rows))
}

/// Totals of some candles.
pub(super) struct Totals {
    pub(super) open: PriceUnits,
    pub(super) high: PriceUnits,
    pub(super) low: PriceUnits,
    pub(super) volume: f64,
    pub(super) vwap: f64,
    pub(super) trades: u32,
}

/// Totals since `from`, of quarter hours; those of the market now where there are none.
pub(super) fn totals(market: &Market, from: Ts) -> Totals {
    let last = market.last;
    let mut sum = Totals { open: last, high: last, low: last, volume: 0.0, vwap: 0.0, trades: 0 };
    let mut turnover = 0.0;
    for bar in market.chart.rows(Timeframe::M15).rev().take_while(|bar| bar.open_time >= from) {
        sum.open = bar.open;
        sum.high = sum.high.max(bar.high);
        sum.low = sum.low.min(bar.low);
        sum.volume += bar.volume;
        sum.trades = sum.trades.saturating_add(bar.trades);
        turnover += bar.volume * typical(market, bar);
    }
    sum.vwap = if sum.volume > 0.0 { turnover / sum.volume } else { market.instrument.price_f64(last) };
    sum
}

/// A bar's typical price stands for its volume-weighted average.
pub(super) fn typical(market: &Market, bar: &Bar) -> f64 {
    let price = |units| market.instrument.price_f64(units);
    (price(bar.high) + price(bar.low) + price(bar.close)) / 3.0
}

fn ticker(world: &World, market: &Market) -> Value {
    let decimals = market.instrument.price_scale();
    let price = |units| fixed(market.price(units), decimals);
    let at = world.now();
    let today = totals(market, Timeframe::D1.floor(at));
    let day = totals(market, at.minus(Timeframe::D1.span()));
    let book = market.book(at);
    let best = |levels: &[(PriceUnits, QtyUnits)]| {
        let (level, qty) = levels.first().copied().unwrap_or((market.last, QtyUnits::ZERO));
        let qty = market.qty(qty);
        json!([price(level), qty.ceil().to_string(), fixed(qty, 3)])
    };
    let average = |value: f64| format!("{value:.*}", usize::try_from(decimals).unwrap_or(5));
    json!({
        "a": best(&book.asks),
        "b": best(&book.bids),
        "c": [price(market.last), fixed(market.qty(market.last_qty), 8)],
        "v": [format!("{:.8}", today.volume), format!("{:.8}", day.volume)],
        "p": [average(today.vwap), average(day.vwap)],
        "t": [today.trades, day.trades],
        "l": [price(today.low), price(day.low)],
        "h": [price(today.high), price(day.high)],
        "o": price(today.open),
    })
}

/// The timeframe of so many minutes, if the venue has candles of it.
pub(super) fn timeframe(minutes: i64) -> Option<Timeframe> {
    let is_offered = |timeframe: &Timeframe| {
        timeframe.minutes() == minutes && matches!(minutes, 1 | 5 | 15 | 30 | 60 | 240 | 1_440 | 10_080)
    };
    Timeframe::ALL.into_iter().find(is_offered)
}

/// At most the 720 latest candles after `since`, the last one running.
fn candles(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let (market, pair) = one(world, names, fields)?;
    let minutes = fields.get("interval").map_or(Ok(1), str::parse::<i64>);
    let minutes = minutes.map_err(|_| "EGeneral:Invalid arguments:interval".to_owned())?;
    let since = fields.get("since").map_or(Ok(i64::MIN), str::parse::<i64>);
    let since = since.map_err(|_| "EGeneral:Invalid arguments:since".to_owned())?;
    let rows = bars(market, minutes).ok_or("EGeneral:Invalid arguments:interval")?;
    let skipped = rows.len().saturating_sub(CANDLES_MAX);
    let kept: Vec<Bar> =
        rows.into_iter().skip(skipped).filter(|bar| whole_seconds(bar.open_time) > since).collect();
    let finished = kept.len().checked_sub(2).and_then(|place| kept.get(place)).or(kept.last());
    let last = finished.map_or(whole_seconds(world.now()), |bar| whole_seconds(bar.open_time));
    let decimals = market.instrument.price_scale();
    let price = |units| fixed(market.price(units), decimals);
    let row = |bar: &Bar| {
        let vwap = format!("{:.*}", usize::try_from(decimals).unwrap_or(5), typical(market, bar));
        json!([
            whole_seconds(bar.open_time),
            price(bar.open),
            price(bar.high),
            price(bar.low),
            price(bar.close),
            vwap,
            format!("{:.8}", bar.volume),
            bar.trades,
        ])
    };
    let list: Vec<Value> = kept.iter().map(row).collect();
    Ok(super::rows::keyed([(pair.id.clone(), Value::Array(list)), ("last".to_owned(), json!(last))]))
}

/// The candles of a length in minutes; `None` for one that the venue does not have.
fn bars(market: &Market, minutes: i64) -> Option<Vec<Bar>> {
    if minutes == FIFTEEN_DAYS {
        return Some(fifteen_days(market));
    }
    timeframe(minutes).map(|timeframe| market.chart.rows(timeframe).copied().collect())
}

/// Candles of fifteen days, counted from the epoch, made of those of a day.
fn fifteen_days(market: &Market) -> Vec<Bar> {
    let length = FIFTEEN_DAYS * 60_000;
    let mut bars: Vec<Bar> = Vec::new();
    for day in market.chart.rows(Timeframe::D1) {
        let open_time = Ts::from_millis(day.open_time.millis().div_euclid(length) * length);
        match bars.last_mut().filter(|bar| bar.open_time == open_time) {
            Some(bar) => {
                bar.high = bar.high.max(day.high);
                bar.low = bar.low.min(day.low);
                bar.close = day.close;
                bar.volume += day.volume;
                bar.trades = bar.trades.saturating_add(day.trades);
            }
            None => bars.push(Bar { open_time, ..*day }),
        }
    }
    bars
}

fn depth(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let (market, pair) = one(world, names, fields)?;
    let count = fields.get("count").map_or(Ok(LEVELS), str::parse::<usize>);
    let count = count.ok().filter(|count| (1..=500).contains(count));
    let count = count.ok_or("EGeneral:Invalid arguments:count")?;
    let book = market.book(world.now());
    let at = whole_seconds(world.now());
    let decimals = market.instrument.price_scale();
    let side = |levels: &[(PriceUnits, QtyUnits)]| -> Vec<Value> {
        let row = |(price, qty): &(PriceUnits, QtyUnits)| {
            json!([
                fixed(market.price(*price), decimals),
                fixed(market.qty(*qty), 3.max(market.instrument.qty_scale())),
                at
            ])
        };
        levels.iter().take(count).map(row).collect()
    };
    let row = json!({ "asks": side(&book.asks), "bids": side(&book.bids) });
    Ok(super::rows::keyed([(pair.id.clone(), row)]))
}

/// `since` is an id in nanoseconds, after which trades are told, or seconds, from which on they are.
fn trades(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let (market, pair) = one(world, names, fields)?;
    let number = |name: &str| fields.get(name).map(str::parse::<i64>).transpose();
    let since = number("since").map_err(|_| "EGeneral:Invalid arguments:since".to_owned())?;
    let count = number("count").map_err(|_| "EGeneral:Invalid arguments:count".to_owned())?;
    let count =
        count.and_then(|count| usize::try_from(count).ok()).unwrap_or(TRADES_MAX).clamp(1, TRADES_MAX);
    let is_later = |trade: &&TapeTrade| match since {
        None => true,
        Some(since) if since < 1_000_000_000_000 => trade.at.nanos() >= since.saturating_mul(1_000_000_000),
        Some(since) => trade_id(trade) > since,
    };
    let later: Vec<&TapeTrade> = market.tape().filter(is_later).collect();
    // From a time on: the first ones; without one: the last ones.
    let skipped = if since.is_some() { 0 } else { later.len().saturating_sub(count) };
    let kept: Vec<&TapeTrade> = later.into_iter().skip(skipped).take(count).collect();
    let last = kept.last().map_or(since.unwrap_or(world.now().nanos()), |trade| trade_id(trade));
    let decimals = market.instrument.price_scale();
    let row = |trade: &&TapeTrade| {
        json!([
            fixed(market.price(trade.price), decimals),
            fixed(market.qty(trade.qty), 8),
            seconds(trade.at),
            if trade.side == seawall_model::Side::Buy { "b" } else { "s" },
            if trade.number.is_multiple_of(3) { "m" } else { "l" },
            "",
            trade.number,
        ])
    };
    let list: Vec<Value> = kept.iter().map(row).collect();
    let last = json!(last.to_string());
    Ok(super::rows::keyed([(pair.id.clone(), Value::Array(list)), ("last".to_owned(), last)]))
}

/// Ids of trades are their times in nanoseconds.
fn trade_id(trade: &TapeTrade) -> i64 {
    trade.at.nanos()
}

fn spread(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let (market, pair) = one(world, names, fields)?;
    let decimals = market.instrument.price_scale();
    let price = |units| fixed(market.price(units), decimals);
    let at = whole_seconds(world.now());
    let rows = json!([[at, price(market.bid), price(market.ask)]]);
    Ok(super::rows::keyed([(pair.id.clone(), rows), ("last".to_owned(), json!(at))]))
}
