//! What everybody may ask: instruments, prices, books, trades, candles, funding.

use seawall_model::{Side, Span, Timeframe, Ts};
use serde_json::{Map, Value, json};

use super::params::Fields;
use super::{FEE_SCHEDULE, Outcome, Refusal, one, rows};
use crate::json::{float, iso, number, text};
use crate::world::{Bar, Market, TapeTrade, World, uuid};

/// Candles in one answer.
const CANDLES_MAX: usize = 2_000;
/// Trades in one answer of `history`.
const TRADES_MAX: usize = 100;

/// The answer of a public endpoint; `None` if it is none.
pub(super) fn answer(world: &World, name: &str, fields: &Fields) -> Option<Outcome> {
    Some(match name {
        "instruments" => Ok(instruments(world, fields)),
        "instruments/status" => Ok(one(
            "instrumentStatus",
            world.markets().iter().map(|market| Value::Object(status(market))).collect(),
        )),
        "tickers" => Ok(one("tickers", tickers(world))),
        "orderbook" => orderbook(world, fields),
        "history" => history(world, fields),
        "feeschedules" => Ok(one("feeSchedules", fee_schedules())),
        "historical-funding-rates" | "historicalfundingrates" => funding(world, fields),
        _ => {
            if let Some(symbol) = name.strip_prefix("tickers/") {
                find(world, symbol).map(|market| one("ticker", rows::ticker(world, market)))
            } else if let Some(symbol) =
                name.strip_prefix("instruments/").and_then(|rest| rest.strip_suffix("/status"))
            {
                find(world, symbol).map(status)
            } else {
                return None;
            }
        }
    })
}

fn find<'a>(world: &'a World, symbol: &str) -> Result<&'a Market, Refusal> {
    world.find(symbol).ok_or_else(|| Refusal::word("contractNotFound"))
}

fn wanted<'a>(world: &'a World, fields: &Fields) -> Result<&'a Market, Refusal> {
    find(world, fields.need("symbol")?)
}

fn instruments(world: &World, fields: &Fields) -> Map<String, Value> {
    let mut kinds = fields.all("contractType").peekable();
    let is_wanted = kinds.peek().is_none() || kinds.any(|kind| kind == "flexible_futures");
    let expired = fields.flag("expired");
    let listed = world.markets().iter().filter(|market| is_wanted && (expired || !market.delisted));
    one("instruments", listed.map(rows::instrument).collect())
}

fn status(market: &Market) -> Map<String, Value> {
    let row = json!({
        "tradeable": market.symbol,
        "experiencingDislocation": false,
        "priceDislocationDirection": null,
        "experiencingExtremeVolatility": false,
        "extremeVolatilityInitialMarginMultiplier": 1,
    });
    row.as_object().cloned().unwrap_or_default()
}

fn tickers(world: &World) -> Value {
    world.markets().iter().filter(|market| !market.delisted).map(|m| rows::ticker(world, m)).collect()
}

fn orderbook(world: &World, fields: &Fields) -> Outcome {
    let market = wanted(world, fields)?;
    let book = market.book(world.now());
    let levels = |levels: &[(seawall_model::PriceUnits, seawall_model::QtyUnits)]| -> Value {
        levels
            .iter()
            .map(|(price, qty)| json!([number(market.price(*price)), number(market.qty(*qty))]))
            .collect()
    };
    Ok(one("orderBook", json!({ "bids": levels(&book.bids), "asks": levels(&book.asks) })))
}

/// The id of a public trade.
pub(super) fn trade_id(world: &World, market: &Market, trade: &TapeTrade) -> String {
    uuid(world.seed(), 100 + u64::from(market.instrument.id().0), trade.number)
}

fn history(world: &World, fields: &Fields) -> Outcome {
    let market = wanted(world, fields)?;
    let before = fields.instant("lastTime")?.unwrap_or(Ts::FAR_FUTURE);
    let trades = market.tape().rev().filter(|trade| trade.at < before).take(TRADES_MAX);
    let row = |trade: &TapeTrade| {
        json!({
            "time": iso(trade.at),
            "trade_id": trade.number,
            "price": number(market.price(trade.price)),
            "size": number(market.qty(trade.qty)),
            "side": trade.side.name(),
            "type": "fill",
            "uid": trade_id(world, market, trade),
        })
    };
    Ok(one("history", trades.map(row).collect()))
}

fn fee_schedules() -> Value {
    let tier = |maker: f64, taker: f64, volume: u64| {
        let (maker, taker) = (Value::from(maker), Value::from(taker));
        json!({ "makerFee": maker, "takerFee": taker, "usdVolume": volume })
    };
    let tiers = [
        tier(0.02, 0.05, 0),
        tier(0.015, 0.04, 100_000),
        tier(0.0125, 0.03, 1_000_000),
        tier(0.01, 0.025, 5_000_000),
    ];
    json!([{ "uid": FEE_SCHEDULE, "name": "PGTMainFees", "tiers": tiers }])
}

fn funding(world: &World, fields: &Fields) -> Outcome {
    let market = wanted(world, fields)?;
    let row = |row: &crate::world::FundingRow| {
        json!({
            "timestamp": iso(row.at),
            "fundingRate": number(row.absolute),
            "relativeFundingRate": number(row.relative),
        })
    };
    Ok(one("rates", market.fundings().map(row).collect()))
}

/// Charts: `trade/PF_XBTUSD/1m`. Mark and index have the candles of the trades without volume.
pub(super) fn candles(world: &World, rest: &str, fields: &Fields) -> Outcome {
    let mut parts = rest.split('/');
    let (Some(kind), Some(symbol), Some(resolution), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::NoPath);
    };
    let is_trade = match kind {
        "trade" => true,
        "mark" | "spot" => false,
        _ => return Err(Refusal::argument("tick_type")),
    };
    let market = find(world, symbol)?;
    let resolution = crate::world::RESOLUTIONS.iter().find(|known| known.name() == resolution);
    let resolution: Timeframe = *resolution.ok_or_else(|| Refusal::argument("resolution"))?;
    let second = |name| {
        fields.integer(name).map(|value| value.map(|value| Ts::from_millis(value.saturating_mul(1_000))))
    };
    let (from, to) = (second("from")?, second("to")?);
    let count = fields.integer("count")?.and_then(|count| usize::try_from(count).ok());
    let count = count.unwrap_or(CANDLES_MAX).min(CANDLES_MAX);
    let inside =
        |bar: &&Bar| from.is_none_or(|from| bar.open_time >= from) && to.is_none_or(|to| bar.open_time <= to);
    let found: Vec<&Bar> = market.chart.rows(resolution).filter(inside).collect();
    // With a start the first ones, without one the last ones.
    let (shown, more) = match from {
        Some(_) => (found.iter().take(count).copied().collect::<Vec<_>>(), found.len() > count),
        None => (found.iter().skip(found.len().saturating_sub(count)).copied().collect(), false),
    };
    let row = |bar: &Bar| {
        json!({
            "time": bar.open_time.millis(),
            "open": text(market.price(bar.open)),
            "high": text(market.price(bar.high)),
            "low": text(market.price(bar.low)),
            "close": text(market.price(bar.close)),
            "volume": if is_trade { float(bar.volume, 8) } else { json!(0) },
        })
    };
    let mut body = one("candles", shown.into_iter().map(row).collect());
    body.insert("more_candles".to_owned(), json!(more));
    Ok(body)
}

/// How long until the next hour, where funding is paid.
pub(super) fn next_funding(now: Ts) -> Ts {
    Timeframe::H1.floor(now).plus(Span::from_secs(3_600))
}

/// The word of a side in history.
pub(super) fn direction(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}
