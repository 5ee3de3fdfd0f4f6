//! Answers of Kraken Futures to questions that are not the engine's.

use rust_decimal::Decimal;
use seawall_model::{Candle, Coverage, InstrumentId, Money, Ohlc, PriceUnits, Qty, Report, Timeframe, Ts};
use serde_json::value::RawValue;

use super::decode::{body, envelope, flex};
use super::listing;
use super::rows::{self, Row};
use super::tables::FILLS_PAGE;
use super::wire::{
    CandleRow, CandlesAnswer, FillRow, Flex, InstrumentRow, KeyCheck, SwitchStatus, TickerRow,
};
use crate::candles;
use crate::codec::Tables;
use crate::error::VenueError;
use crate::http::{Repeat, Reply};
use crate::json::{Exact, parse};
use crate::market::{Excluded, Market, Markets};
use crate::outcome::{Failure, Problem};
use crate::query::{AccountState, Answer, Permissions, Query, Ticker};

fn unreadable(error: impl core::fmt::Display) -> Failure {
    Failure::unknown(Repeat::Reads, Problem::Unreadable, &error.to_string())
}

/// What the answer to a question means.
pub(super) fn answer(query: &Query, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
    match *query {
        Query::ServerTime => Ok(Answer::ServerTime(envelope(reply, Repeat::Reads)?.1)),
        Query::Instruments => instruments(reply),
        Query::Tickers => tickers(reply, tables.markets),
        Query::Candles { instrument, timeframe, from } => {
            let market = tables.markets.get(instrument).map_err(unreadable)?;
            candle_page(reply, market, timeframe, from)
        }
        Query::Fills { since, .. } => fills(reply, since, tables),
        Query::Account => {
            let (flex, _) = flex(reply)?;
            account(&flex).map(Answer::Account).map_err(unreadable)
        }
        Query::Permissions => permissions(reply),
        Query::StreamToken => Err(unreadable("this venue's stream has no token")),
        Query::DeadMan { .. } => switch(reply),
        Query::CancelAll { .. } => {
            let (envelope, _) = envelope(reply, Repeat::Harmless)?;
            let rows = envelope.send_status.and_then(|status| status.cancelled_orders);
            Ok(Answer::CancelledAll(rows.and_then(|rows| u32::try_from(rows.len()).ok())))
        }
        Query::Leverage { .. } => envelope(reply, Repeat::Harmless).map(|_| Answer::Done),
        Query::Records(records) => super::records::answer(records, reply, tables),
    }
}

fn instruments(reply: &Reply) -> Result<Answer, Failure> {
    // The one answer whose documentation leaves the envelope's result out.
    let (_, text) = body(reply, Repeat::Reads)?;
    #[derive(serde::Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        instruments: Option<Vec<&'a RawValue>>,
    }
    let list: List<'_> = parse("instruments", text).map_err(unreadable)?;
    let Some(rows) = list.instruments else {
        envelope(reply, Repeat::Reads)?;
        return Err(unreadable("no instruments"));
    };
    let (mut listed, mut excluded) = (Vec::new(), Vec::new());
    for raw in rows {
        match parse::<InstrumentRow<'_>>("instrument", raw.get()) {
            Ok(row) => match listing::instrument(&row) {
                Ok(instrument) => listed.push(instrument),
                Err(reason) => excluded.push(reason),
            },
            Err(error) => excluded.push(Excluded { symbol: "?".to_owned(), reason: error.to_string() }),
        }
    }
    Ok(Answer::Instruments { listed, excluded })
}

/// Rows about markets of the table; one that cannot be read is left out, since no ticker is no fact.
fn tickers(reply: &Reply, markets: &Markets) -> Result<Answer, Failure> {
    let (envelope, _) = envelope(reply, Repeat::Reads)?;
    let rows = envelope.tickers.ok_or_else(|| unreadable("no tickers"))?;
    let read = |raw: &RawValue| {
        let row: TickerRow<'_> = parse("ticker", raw.get()).ok()?;
        ticker(&row, markets.find(&row.symbol)?).ok()
    };
    Ok(Answer::Tickers(rows.into_iter().filter_map(read).collect()))
}

fn ticker(row: &TickerRow<'_>, market: &Market) -> Result<Ticker, VenueError> {
    let exact = |what: &'static str, value: Exact| {
        value.non_zero().map(|price| market.price(what, price)).transpose()
    };
    let near = |what: &'static str, value: Exact| {
        value.non_zero().map(|price| market.nearest_price(what, price)).transpose()
    };
    let mark = row.mark_price.non_zero();
    // The venue states money for each unit and hour; as a fraction it is divided by the mark price.
    let relative = |rate: Decimal| mark.and_then(|mark| rate.checked_div(mark));
    Ok(Ticker {
        instrument: market.id(),
        bid: exact("bid", row.bid)?,
        ask: exact("ask", row.ask)?,
        last: exact("last", row.last)?,
        mark: near("markPrice", row.mark_price)?,
        index: near("indexPrice", row.index_price)?,
        volume_24h: row.volume_24h.0,
        funding_rate_1h: row.funding_rate.0.and_then(relative),
        suspended: row.suspended,
        post_only: row.post_only,
    })
}

fn candle(raw: &RawValue, market: &Market, timeframe: Timeframe) -> Result<Candle, VenueError> {
    let row: CandleRow = parse("candle", raw.get())?;
    let prices = Ohlc {
        open: candles::price(market, "open", row.open)?,
        high: candles::price(market, "high", row.high)?,
        low: candles::price(market, "low", row.low)?,
        close: candles::price(market, "close", row.close)?,
    };
    let at = row.time.0.ok_or_else(|| VenueError::payload("candle", "no time"))?;
    let volume = Qty::new(row.volume.0.unwrap_or_default()).to_f64();
    Candle::new(timeframe, at, prices, volume).map_err(|error| VenueError::payload("candle", error))
}

fn candle_page(reply: &Reply, market: &Market, timeframe: Timeframe, from: Ts) -> Result<Answer, Failure> {
    let (response, text) = body(reply, Repeat::Reads)?;
    if response.status != 200 {
        envelope(reply, Repeat::Reads)?;
        return Err(unreadable(format!("HTTP {}", response.status)));
    }
    let list: CandlesAnswer<'_> = parse("candles", text).map_err(unreadable)?;
    let rows: Result<Vec<Candle>, VenueError> =
        list.candles.into_iter().map(|raw| candle(raw, market, timeframe)).collect();
    let rows = rows.map_err(unreadable)?;
    let asked = (timeframe.floor(from), list.more_candles);
    let mut page = candles::page(market.id(), timeframe, rows, asked, response.received_at);
    // Intervals without trades have no rows, so a later first row says nothing about how far back it goes.
    page.reaches_start = true;
    Ok(Answer::Candles(page))
}

fn fills(reply: &Reply, since: Ts, tables: Tables<'_>) -> Result<Answer, Failure> {
    let (envelope, taken_at) = envelope(reply, Repeat::Reads)?;
    let list = envelope.fills.ok_or_else(|| unreadable("no fills"))?;
    let full = list.len() >= FILLS_PAGE;
    let (mut rows, mut notices) = (Vec::new(), Vec::new());
    for raw in list {
        let row: FillRow<'_> = parse("fill", raw.get()).map_err(unreadable)?;
        match rows::fill(&row, tables.markets, tables.orders, &mut notices).map_err(unreadable)? {
            Row::Ours(fill) => rows.push(fill),
            Row::Elsewhere(notice) => notices.push(notice),
        }
    }
    rows.sort_by_key(|fill| fill.venue_time);
    let oldest = rows.first().map_or(taken_at, |fill| fill.venue_time);
    let from = if full { oldest } else { since };
    rows.retain(|fill| fill.venue_time >= since);
    let report = Report { coverage: Coverage::Window { from, to: taken_at }, taken_at, rows };
    Ok(Answer::Fills { report, notices })
}

pub(super) fn account(flex: &Flex) -> Result<AccountState, VenueError> {
    let or_zero = |value: Exact| Money::new(value.0.unwrap_or_default());
    Ok(AccountState {
        balance: Money::new(flex.balance_value.need("balanceValue")?),
        equity: Money::new(flex.portfolio_value.need("portfolioValue")?),
        available: or_zero(flex.available_margin),
        initial_margin: or_zero(flex.initial_margin),
        maintenance_margin: or_zero(flex.maintenance_margin),
    })
}

fn permissions(reply: &Reply) -> Result<Answer, Failure> {
    let (response, text) = body(reply, Repeat::Reads)?;
    if response.status == 401 || response.status == 403 {
        return Err(Failure::not_done(crate::outcome::Advice::Terminal, Problem::Refused, text));
    }
    let check: KeyCheck<'_> = match parse("key check", text) {
        Ok(check) => check,
        // A refusal comes in the envelope of other answers, and says what is wrong with the key.
        Err(error) => {
            let refused = envelope(reply, Repeat::Reads).err();
            return Err(refused
                .filter(|why| why.problem != Problem::Unreadable)
                .unwrap_or_else(|| unreadable(error)));
        }
    };
    let access = |word: &str| match word {
        "FULL_ACCESS" => Ok((true, true)),
        "READ_ONLY" => Ok((true, false)),
        "NO_ACCESS" => Ok((false, false)),
        other => Err(unreadable(format!("access level {other}"))),
    };
    let (read, trade) = access(&check.permissions.general)?;
    let (_, withdraw) = access(&check.permissions.transfer)?;
    Ok(Answer::Permissions(Permissions { read, trade, withdraw }))
}

fn switch(reply: &Reply) -> Result<Answer, Failure> {
    let (envelope, _) = envelope(reply, Repeat::Harmless)?;
    let raw = envelope.status.ok_or_else(|| unreadable("no status"))?;
    let status: SwitchStatus<'_> = parse("switch", raw.get()).map_err(unreadable)?;
    if status.trigger_time == "0" {
        return Ok(Answer::DeadMan(None));
    }
    status.trigger_time.parse().map(|at| Answer::DeadMan(Some(at))).map_err(unreadable)
}

/// A position completed from the market's mark price and its margin table: what the venue's list of positions
/// leaves out (I-61).
#[must_use]
pub fn enrich(
    market: &Market,
    position: &seawall_model::VenuePosition,
    mark: Option<PriceUnits>,
) -> Option<crate::query::PositionDetail> {
    let instrument = &market.instrument;
    let pnl = mark.and_then(|mark| {
        let now = instrument.notional(mark, position.qty).ok()?;
        now.minus(instrument.notional(position.entry_price, position.qty).ok()?).ok()
    });
    let margin = mark.and_then(|mark| {
        let notional = instrument.notional(mark, position.qty).ok()?.abs();
        let tiers = &instrument.spec().margin_tiers;
        let tier = tiers.iter().find(|tier| tier.notional_below.is_none_or(|below| notional < below))?;
        notional.times(tier.maintenance_pct.fraction()).ok()
    });
    let id: InstrumentId = market.id();
    (id == position.instrument).then_some(crate::query::PositionDetail {
        instrument: id,
        qty: position.qty,
        entry_price: position.entry_price,
        mark,
        unrealized_pnl: pnl,
        liquidation_price: None,
        maintenance_margin: margin,
        leverage: None,
    })
}
