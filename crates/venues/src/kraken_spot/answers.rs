//! Answers of Kraken spot to questions that are not the engine's, and its list of instruments.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{
    Candle, ContractKind, Coverage, InstrumentName, InstrumentSpec, Money, Ohlc, Price, PriceUnits, Qty,
    Ratio, Report, Timeframe, Ts,
};
use serde_json::value::RawValue;

use super::decode::{bad, balances, cash, result};
use super::rows::{self, Row};
use super::tables::{CANDLES_MAX, TRADES_PAGE, currency, right};
use super::wire::{Counted, KeyInfo, OhlcRow, PairRow, ServerTime, Switch, TickerRow, Token, Trades};
use crate::candles;
use crate::codec::Tables;
use crate::error::VenueError;
use crate::http::{Repeat, Reply};
use crate::json::{Exact, Text, parse};
use crate::market::{Excluded, ListedInstrument, Market, Markets};
use crate::outcome::Failure;
use crate::profile::KRAKEN_SPOT;
use crate::query::{AccountState, Answer, Permissions, Query, Ticker};
use crate::secret::Secret;

/// What the answer to a question means.
pub(super) fn answer(query: &Query, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
    match *query {
        Query::ServerTime => {
            let time: ServerTime = parse("time", result(reply, Repeat::Reads)?.0).map_err(bad)?;
            Ok(Answer::ServerTime(Ts::from_millis(time.unixtime.saturating_mul(1000))))
        }
        Query::Instruments => instruments(reply),
        Query::Tickers => tickers(reply, tables.markets),
        Query::Candles { instrument, timeframe, from } => {
            candle_page(reply, tables.markets.get(instrument).map_err(bad)?, timeframe, from)
        }
        Query::Fills { since, .. } => fills(reply, since, tables),
        Query::Account => {
            let held = balances(reply)?;
            let balance = cash(&held, tables.markets).map_err(bad)?;
            let settle = tables.markets.iter().next().map(|market| market.instrument.settle());
            let bound = held.iter().find(|(code, ..)| settle.is_some_and(|settle| settle.code() == code));
            let bound = Money::new(bound.map_or(Decimal::ZERO, |(_, _, bound)| *bound));
            let available = balance.minus(bound).map_err(bad)?;
            Ok(Answer::Account(AccountState {
                balance,
                equity: balance,
                available,
                ..AccountState::default()
            }))
        }
        Query::Permissions => {
            let info: KeyInfo<'_> = parse("key", result(reply, Repeat::Reads)?.0).map_err(bad)?;
            let has = |wanted: &str| info.permissions.iter().any(|right| right == wanted);
            Ok(Answer::Permissions(Permissions {
                read: has(right::QUERY_FUNDS) && has(right::QUERY_OPEN),
                trade: has(right::MODIFY),
                withdraw: has(right::WITHDRAW),
            }))
        }
        Query::StreamToken => {
            let token: Token<'_> = parse("token", result(reply, Repeat::Reads)?.0).map_err(bad)?;
            if token.token.is_empty() {
                return Err(bad("an empty token"));
            }
            Ok(Answer::StreamToken { token: Secret::from_text(&token.token), valid_s: token.expires })
        }
        Query::DeadMan { .. } => {
            let switch: Switch<'_> = parse("switch", result(reply, Repeat::Harmless)?.0).map_err(bad)?;
            if switch.trigger_time == "0" {
                return Ok(Answer::DeadMan(None));
            }
            switch.trigger_time.parse().map(|at| Answer::DeadMan(Some(at))).map_err(bad)
        }
        Query::CancelAll { .. } => {
            let counted: Counted = parse("count", result(reply, Repeat::Harmless)?.0).map_err(bad)?;
            Ok(Answer::CancelledAll(Some(counted.count)))
        }
        Query::Leverage { .. } => Err(bad("spot has no leverage")),
        Query::Records(records) => super::records::answer(records, reply, tables),
    }
}

fn instruments(reply: &Reply) -> Result<Answer, Failure> {
    let (text, _) = result(reply, Repeat::Reads)?;
    let list: BTreeMap<Text<'_>, &RawValue> = parse("pairs", text).map_err(bad)?;
    let (mut listed, mut excluded) = (Vec::new(), Vec::new());
    for (id, raw) in list {
        let read = parse::<PairRow<'_>>("pair", raw.get()).and_then(|row| instrument(&id, &row));
        match read {
            Ok(instrument) => listed.push(instrument),
            Err(error) => excluded.push(Excluded { symbol: id.into_owned(), reason: error.to_string() }),
        }
    }
    Ok(Answer::Instruments { listed, excluded })
}

/// A pair as an instrument. The price step is `tick_size`, which may be coarser than the decimals of a price.
fn instrument(id: &str, row: &PairRow<'_>) -> Result<ListedInstrument, VenueError> {
    if row.aclass_base.as_deref().is_some_and(|class| class != "currency") {
        return Err(VenueError::payload("pair", "not a currency"));
    }
    let (base, quote) = (currency(&row.base), currency(&row.quote));
    let name: InstrumentName = format!("{}:{base}/{quote}", KRAKEN_SPOT.venue)
        .parse()
        .map_err(|error| VenueError::payload("name", error))?;
    let step = |decimals: u32| Decimal::new(1, decimals.min(14));
    let mut spec = InstrumentSpec::new(name);
    spec.kind = ContractKind::Spot;
    spec.tick = Some(Price::new(row.tick_size.non_zero().unwrap_or(step(row.pair_decimals))));
    spec.lot = Qty::new(step(row.lot_decimals));
    spec.min_qty = row.ordermin.non_zero().map(Qty::new);
    spec.min_notional = Money::new(row.costmin.0.unwrap_or_default());
    spec.leverage_max = Ratio::new(Decimal::ONE);
    // What an account without volume pays: the account's own fees are asked for with its key.
    if let Some(tier) = super::records::tiers(&row.fees, &row.fees_maker)?.first() {
        spec.maker_fee_bps = Some(tier.maker);
        spec.taker_fee_bps = Some(tier.taker);
    }
    let status = row.status.as_deref().unwrap_or("online");
    let wsname = row.wsname.as_deref().unwrap_or_default();
    Ok(ListedInstrument {
        symbol: row.altname.to_string(),
        stream_symbol: format!("{base}/{quote}"),
        aliases: [id, wsname].into_iter().filter(|alias| !alias.is_empty()).map(str::to_owned).collect(),
        spec,
        tradeable: matches!(status, "online" | "limit_only" | "post_only"),
        post_only: status == "post_only",
        price_decimals: row.pair_decimals,
        qty_decimals: row.lot_decimals,
    })
}

fn tickers(reply: &Reply, markets: &Markets) -> Result<Answer, Failure> {
    let (text, _) = result(reply, Repeat::Reads)?;
    let list: BTreeMap<Text<'_>, &RawValue> = parse("tickers", text).map_err(bad)?;
    let read = |(id, raw): (Text<'_>, &RawValue)| {
        let market = markets.find(&id)?;
        let row: TickerRow = parse("ticker", raw.get()).ok()?;
        let price = |list: &[Exact]| {
            let price = list.first().and_then(|price| price.non_zero())?;
            market.price("price", price).ok()
        };
        Some(Ticker {
            instrument: market.id(),
            bid: price(&row.b),
            ask: price(&row.a),
            last: price(&row.c),
            mark: None,
            index: None,
            volume_24h: row.v.get(1).and_then(|volume| volume.0),
            funding_rate_1h: None,
            suspended: false,
            post_only: false,
        })
    };
    Ok(Answer::Tickers(list.into_iter().filter_map(read).collect()))
}

fn candle(row: &OhlcRow, market: &Market, timeframe: Timeframe) -> Result<Candle, VenueError> {
    let OhlcRow(seconds, open, high, low, close, _vwap, volume, _count) = *row;
    let price = |what: &'static str, value: Exact| -> Result<PriceUnits, VenueError> {
        candles::price(market, what, value)
    };
    let prices = Ohlc {
        open: price("open", open)?,
        high: price("high", high)?,
        low: price("low", low)?,
        close: price("close", close)?,
    };
    let at = Ts::from_millis(seconds.saturating_mul(1000));
    let volume = Qty::new(volume.0.unwrap_or_default()).to_f64();
    Candle::new(timeframe, at, prices, volume).map_err(|error| VenueError::payload("candle", error))
}

/// The answer is keyed by the pair's id, whatever was asked for; at most 720 rows, the last one running.
fn candle_page(reply: &Reply, market: &Market, timeframe: Timeframe, from: Ts) -> Result<Answer, Failure> {
    let (text, received_at) = result(reply, Repeat::Reads)?;
    let list: BTreeMap<Text<'_>, &RawValue> = parse("candles", text).map_err(bad)?;
    let raw = list.iter().find(|(key, _)| *key != "last").map(|(_, raw)| raw);
    let raw = raw.ok_or_else(|| bad("no candles"))?;
    let rows: Vec<OhlcRow> = parse("candles", raw.get()).map_err(bad)?;
    let cut = rows.len() >= CANDLES_MAX;
    let rows: Result<Vec<Candle>, VenueError> =
        rows.iter().map(|row| candle(row, market, timeframe)).collect();
    let asked = (timeframe.floor(from), false);
    let mut page = candles::page(market.id(), timeframe, rows.map_err(bad)?, asked, received_at);
    // Fewer rows than the most it gives: it went back as far as it was asked to.
    page.reaches_start |= !cut;
    Ok(Answer::Candles(page))
}

fn fills(reply: &Reply, since: Ts, tables: Tables<'_>) -> Result<Answer, Failure> {
    let (text, taken_at) = result(reply, Repeat::Reads)?;
    let list: Trades<'_> = parse("trades", text).map_err(bad)?;
    let full = list.trades.len() >= TRADES_PAGE;
    let (mut fills, mut notices) = (Vec::new(), Vec::new());
    for (id, raw) in list.trades {
        match rows::trade(&id, raw.get(), tables).map_err(bad)? {
            Row::Ours(fill) => fills.push(fill),
            Row::Elsewhere(notice) => notices.push(notice),
        }
    }
    fills.sort_by_key(|fill| fill.venue_time);
    let oldest = fills.first().map_or(taken_at, |fill| fill.venue_time);
    let coverage = Coverage::Window { from: if full { oldest } else { since }, to: taken_at };
    fills.retain(|fill| fill.venue_time >= since);
    let report = Report { coverage, taken_at, rows: fills };
    Ok(Answer::Fills { report, notices })
}
