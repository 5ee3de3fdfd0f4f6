//! Records of Kraken Futures: books, trades, funding rates, fee schedules, announcements, the account log.

use rust_decimal::Decimal;
use seawall_model::{Bps, Money, Side, Ts};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode::{body, envelope};
use super::encode::{history, read};
use super::stream::LogRow;
use super::tables::{LEDGER_COST, LEDGER_PAGE, ledger_kind, path};
use super::wire::HistoryOrder;
use crate::codec::Tables;
use crate::error::VenueError;
use crate::http::{Cost, Form, Pool, Repeat, Reply, Request};
use crate::json::{Exact, Text, Time, parse};
use crate::market::{Market, Markets};
use crate::outcome::{Failure, Problem};
use crate::profile::KRAKEN_FUTURES;
use crate::query::Answer;
use crate::records::{
    Announcement, Depth, FeeSchedule, FeeTier, FundingRate, LedgerEntry, LedgerKind, PublicTrade, Recorded,
    Records,
};

fn unreadable(error: impl core::fmt::Display) -> Failure {
    Failure::unknown(Repeat::Reads, Problem::Unreadable, &error.to_string())
}

/// The request for records.
pub(super) fn ask(records: Records, markets: &Markets) -> Result<Request, VenueError> {
    let no = |what| Err(VenueError::NotSupported { venue: KRAKEN_FUTURES.venue, what });
    match records {
        Records::Book { instrument, .. } => {
            let symbol = &markets.get(instrument)?.listed.symbol;
            Ok(Request::public(path::ORDER_BOOK, Form::new().with("symbol", symbol)))
        }
        Records::Trades { instrument, since } => {
            let symbol = &markets.get(instrument)?.listed.symbol;
            let form = Form::new().with("since", since.millis()).with("sort", "asc");
            Ok(Request::public(format!("{}/{symbol}/executions", path::PUBLIC_HISTORY), form))
        }
        Records::FundingRates { instrument } => {
            let symbol = &markets.get(instrument)?.listed.symbol;
            Ok(Request::public(path::FUNDING_RATES, Form::new().with("symbol", symbol)))
        }
        Records::FeeSchedules => Ok(Request::public(path::FEE_SCHEDULES, Form::new())),
        Records::Announcements => Ok(read(path::NOTIFICATIONS, Form::new())),
        Records::Ledger { since } => {
            let form =
                Form::new().with("since", since.millis()).with("sort", "asc").with("count", LEDGER_PAGE);
            let mut request = history(path::ACCOUNT_LOG, form);
            request.costs = [Cost::units(Pool::History, LEDGER_COST)].into_iter().collect();
            Ok(request)
        }
        Records::OwnFees => no("fees of the account (the venue's spot side knows them)"),
        Records::Status => no("one state of the whole venue"),
        Records::Holdings | Records::MarginPositions | Records::MarginAccount => no("a spot account"),
    }
}

/// The records of an answer.
pub(super) fn answer(records: Records, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
    let market = |id| tables.markets.get(id).map_err(unreadable);
    let recorded = match records {
        Records::Book { instrument, depth } => Recorded::Book(book(reply, market(instrument)?, depth)?),
        Records::Trades { instrument, since } => Recorded::Trades(trades(reply, market(instrument)?, since)?),
        Records::FundingRates { .. } => Recorded::FundingRates(funding(reply)?),
        Records::FeeSchedules => Recorded::FeeSchedules(fees(reply)?),
        Records::Announcements => Recorded::Announcements(announcements(reply)?),
        Records::Ledger { since } => Recorded::Ledger(ledger(reply, since, tables.markets)?),
        Records::OwnFees
        | Records::Status
        | Records::Holdings
        | Records::MarginPositions
        | Records::MarginAccount => return Err(unreadable("this venue was not asked for that")),
    };
    Ok(Answer::Records(recorded))
}

/// The text of an answer that has passed for a good one.
fn good(reply: &Reply) -> Result<&str, Failure> {
    envelope(reply, Repeat::Reads)?;
    body(reply, Repeat::Reads).map(|(_, text)| text)
}

fn book(reply: &Reply, market: &Market, depth: u16) -> Result<Depth, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        order_book: Sides,
    }
    #[derive(Deserialize)]
    struct Sides {
        bids: Vec<(Exact, Exact)>,
        asks: Vec<(Exact, Exact)>,
    }
    let body: Body = parse("book", good(reply)?).map_err(unreadable)?;
    let level = |(price, qty): &(Exact, Exact)| {
        let price = market.price("price", price.need("price")?)?;
        Ok((price, market.qty("size", qty.need("size")?)?))
    };
    let side = |rows: &[(Exact, Exact)]| rows.iter().map(level).collect::<Result<Vec<_>, VenueError>>();
    let mut bids = side(&body.order_book.bids).map_err(unreadable)?;
    let mut asks = side(&body.order_book.asks).map_err(unreadable)?;
    bids.sort_by_key(|(price, _)| core::cmp::Reverse(*price));
    asks.sort_by_key(|(price, _)| *price);
    bids.truncate(usize::from(depth));
    asks.truncate(usize::from(depth));
    Ok(Depth { instrument: market.id(), bids, asks })
}

/// Executions of the public history; the taker's direction is the trade's.
fn trades(reply: &Reply, market: &Market, since: Ts) -> Result<Vec<PublicTrade>, Failure> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        elements: Vec<Element<'a>>,
    }
    #[derive(Deserialize)]
    struct Element<'a> {
        #[serde(borrow)]
        event: Event<'a>,
    }
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow, rename = "Execution")]
        execution: Option<Outer<'a>>,
    }
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        execution: Inner<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner<'a> {
        #[serde(borrow)]
        uid: Text<'a>,
        #[serde(borrow)]
        taker_order: HistoryOrder<'a>,
        timestamp: Time,
        quantity: Exact,
        price: Exact,
    }
    let (_, text) = body(reply, Repeat::Reads)?;
    let page: Page<'_> = parse("trades", text).map_err(unreadable)?;
    let read = |row: Inner<'_>| {
        let taker = match &*row.taker_order.direction {
            "Buy" => Side::Buy,
            "Sell" => Side::Sell,
            other => return Err(VenueError::payload("direction", other)),
        };
        Ok(PublicTrade {
            id: row.uid.into_owned(),
            instrument: market.id(),
            taker,
            price: market.price("price", row.price.need("price")?)?,
            qty: market.qty("quantity", row.quantity.need("quantity")?)?,
            at: row.timestamp.0.ok_or_else(|| VenueError::payload("trade", "no time"))?,
        })
    };
    let rows = page.elements.into_iter().filter_map(|element| element.event.execution);
    let trades: Result<Vec<_>, VenueError> = rows.map(|outer| read(outer.execution)).collect();
    let mut trades = trades.map_err(unreadable)?;
    trades.retain(|trade| trade.at >= since);
    trades.sort_by_key(|trade| trade.at);
    Ok(trades)
}

/// The relative rate is the one that compares; the absolute one is money for each unit.
fn funding(reply: &Reply) -> Result<Vec<FundingRate>, Failure> {
    #[derive(Deserialize)]
    struct Body {
        rates: Vec<Row>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        timestamp: Time,
        relative_funding_rate: Exact,
    }
    let body: Body = parse("funding rates", good(reply)?).map_err(unreadable)?;
    let read = |row: Row| {
        let at = row.timestamp.0.ok_or_else(|| VenueError::payload("funding rate", "no time"))?;
        Ok(FundingRate { at, rate_1h: row.relative_funding_rate.need("relativeFundingRate")? })
    };
    let rates: Result<Vec<_>, VenueError> = body.rates.into_iter().map(read).collect();
    let mut rates = rates.map_err(unreadable)?;
    rates.sort_by_key(|rate| rate.at);
    Ok(rates)
}

/// The venue states fees in percent.
fn bps(what: &'static str, percent: Exact) -> Result<Bps, VenueError> {
    let percent = percent.need(what)?;
    let bps = percent.checked_mul(Decimal::ONE_HUNDRED);
    bps.map(|bps| Bps::new(bps.normalize())).ok_or_else(|| VenueError::payload(what, percent))
}

fn fees(reply: &Reply) -> Result<Vec<FeeSchedule>, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        fee_schedules: Vec<Schedule>,
    }
    #[derive(Deserialize)]
    struct Schedule {
        name: String,
        tiers: Vec<Tier>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tier {
        maker_fee: Exact,
        taker_fee: Exact,
        usd_volume: Exact,
    }
    let body: Body = parse("fees", good(reply)?).map_err(unreadable)?;
    let tier = |tier: &Tier| {
        Ok(FeeTier {
            volume_from: Money::new(tier.usd_volume.need("usdVolume")?),
            maker: bps("makerFee", tier.maker_fee)?,
            taker: bps("takerFee", tier.taker_fee)?,
        })
    };
    let read = |schedule: Schedule| {
        let tiers: Result<Vec<_>, VenueError> = schedule.tiers.iter().map(tier).collect();
        let mut tiers = tiers?;
        tiers.sort_by_key(|tier| tier.volume_from);
        Ok(FeeSchedule { name: schedule.name, tiers })
    };
    body.fee_schedules.into_iter().map(read).collect::<Result<_, VenueError>>().map_err(unreadable)
}

/// Maintenance of high priority means that the venue is down from then on.
fn announcements(reply: &Reply) -> Result<Vec<Announcement>, Failure> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        notifications: Vec<Row<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row<'a> {
        #[serde(borrow, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow)]
        priority: Text<'a>,
        #[serde(borrow)]
        note: Text<'a>,
        #[serde(default)]
        effective_time: Time,
    }
    let body: Body<'_> = parse("notifications", good(reply)?).map_err(unreadable)?;
    let read = |row: Row<'_>| Announcement {
        downtime: row.kind == "maintenance" && row.priority == "high",
        effective_at: row.effective_time.0,
        text: row.note.into_owned(),
    };
    Ok(body.notifications.into_iter().map(read).collect())
}

/// A row as a booking. What the money row of an execution changed is its profit and funding less its fee.
fn entry(row: &LogRow<'_>, markets: &Markets) -> Result<LedgerEntry, VenueError> {
    let part = |value: Exact| value.0.unwrap_or_default();
    let range = || VenueError::payload("account log", "an amount out of range");
    let money = part(row.realized_pnl).checked_add(part(row.realized_funding));
    let money = money.and_then(|sum| sum.checked_sub(part(row.fee))).ok_or_else(range)?;
    let change = part(row.new_balance).checked_sub(part(row.old_balance)).ok_or_else(range)?;
    let contract = row.contract.as_deref().filter(|contract| !contract.is_empty());
    Ok(LedgerEntry {
        id: row.id,
        at: row.date.0.ok_or_else(|| VenueError::payload("account log", "no date"))?,
        kind: ledger_kind(&row.info).unwrap_or(LedgerKind::Other),
        instrument: contract.and_then(|contract| markets.find(contract)).map(Market::id),
        asset: row.asset.as_deref().unwrap_or_default().to_owned(),
        change,
        money: Money::new(money),
    })
}

fn ledger(reply: &Reply, since: Ts, markets: &Markets) -> Result<Vec<LedgerEntry>, Failure> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        logs: Option<Vec<&'a RawValue>>,
    }
    let (_, text) = body(reply, Repeat::Reads)?;
    let page: Page<'_> = parse("account log", text).map_err(unreadable)?;
    let Some(rows) = page.logs else {
        envelope(reply, Repeat::Reads)?;
        return Err(unreadable("no logs"));
    };
    let read = |raw: &RawValue| {
        parse::<LogRow<'_>>("account log", raw.get()).and_then(|row| entry(&row, markets)).map_err(unreadable)
    };
    let mut entries = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    entries.retain(|entry| entry.at >= since);
    entries.sort_by_key(|entry| entry.id);
    Ok(entries)
}
