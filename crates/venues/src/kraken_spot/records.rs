//! Records of Kraken spot: books, trades, fees, the state of the venue, holdings, margin.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{Bps, Money, Ts};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode::{bad, result};
use super::encode::private;
use super::rows::side;
use super::tables::{currency, path};
use crate::codec::Tables;
use crate::error::VenueError;
use crate::http::{Form, Repeat, Reply, Request};
use crate::json::{Exact, Text, from_decimal_seconds, parse};
use crate::market::{Market, Markets};
use crate::outcome::Failure;
use crate::profile::KRAKEN_SPOT;
use crate::query::{AccountState, Answer};
use crate::records::{
    Depth, FeeSchedule, FeeTier, Holding, MarginPosition, OwnFee, PublicTrade, Recorded, Records, VenueStatus,
};

/// The request for records.
pub(super) fn ask(records: Records, markets: &Markets) -> Result<Request, VenueError> {
    let no = |what| Err(VenueError::NotSupported { venue: KRAKEN_SPOT.venue, what });
    match records {
        Records::Book { instrument, depth } => {
            let symbol = &markets.get(instrument)?.listed.symbol;
            let form = Form::new().with("pair", symbol).with("count", depth.clamp(1, 500));
            Ok(Request::public(path::DEPTH, form))
        }
        Records::Trades { instrument, since } => {
            let symbol = &markets.get(instrument)?.listed.symbol;
            let form = Form::new().with("pair", symbol).with("since", since.nanos().max(0));
            Ok(Request::public(path::PUBLIC_TRADES, form))
        }
        Records::FeeSchedules => Ok(Request::public(path::ASSET_PAIRS, Form::new().with("info", "fees"))),
        Records::OwnFees => {
            let symbols: Vec<&str> = markets.iter().map(|market| market.listed.symbol.as_str()).collect();
            Ok(private(path::TRADE_VOLUME, Form::new().with("pair", symbols.join(",")), Repeat::Reads))
        }
        Records::Status => Ok(Request::public(path::SYSTEM_STATUS, Form::new())),
        Records::Holdings => Ok(private(path::BALANCE, Form::new(), Repeat::Reads)),
        Records::MarginPositions => {
            let form = Form::new().with("docalcs", "true").with("consolidation", "market");
            Ok(private(path::OPEN_POSITIONS, form, Repeat::Reads))
        }
        Records::MarginAccount => Ok(private(path::TRADE_BALANCE, Form::new(), Repeat::Reads)),
        Records::FundingRates { .. } => no("funding"),
        Records::Announcements => no("announcements"),
        Records::Ledger { .. } => no("a ledger that anybody here needs"),
    }
}

/// The records of an answer.
pub(super) fn answer(records: Records, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
    let (text, _) = result(reply, Repeat::Reads)?;
    let markets = tables.markets;
    let recorded = match records {
        Records::Book { instrument, .. } => markets.get(instrument).and_then(|market| book(text, market)),
        Records::Trades { instrument, since } => {
            markets.get(instrument).and_then(|market| trades(text, market, since))
        }
        Records::FeeSchedules => fee_schedules(text),
        Records::OwnFees => own_fees(text, markets),
        Records::Status => status(text),
        Records::Holdings => holdings(text),
        Records::MarginPositions => margin_positions(text, markets),
        Records::MarginAccount => margin_account(text),
        Records::FundingRates { .. } | Records::Announcements | Records::Ledger { .. } => {
            Err(VenueError::payload("records", "this venue was not asked for that"))
        }
    };
    recorded.map(Answer::Records).map_err(bad)
}

/// The one entry of an answer that is keyed by the pair's id, whatever was asked for.
fn only<'a>(what: &'static str, text: &'a str) -> Result<&'a RawValue, VenueError> {
    let list: BTreeMap<Text<'a>, &'a RawValue> = parse(what, text)?;
    let mut entries = list.into_iter().filter(|(key, _)| key != "last").map(|(_, raw)| raw);
    match (entries.next(), entries.next()) {
        (Some(raw), None) => Ok(raw),
        (_, _) => Err(VenueError::payload(what, "not one pair")),
    }
}

fn book(text: &str, market: &Market) -> Result<Recorded, VenueError> {
    #[derive(Deserialize)]
    struct Sides {
        bids: Vec<(Exact, Exact, serde::de::IgnoredAny)>,
        asks: Vec<(Exact, Exact, serde::de::IgnoredAny)>,
    }
    let sides: Sides = parse("book", only("book", text)?.get())?;
    let level = |(price, qty, _): &(Exact, Exact, serde::de::IgnoredAny)| {
        let price = market.price("price", price.need("price")?)?;
        Ok((price, market.qty("volume", qty.need("volume")?)?))
    };
    let mut bids = sides.bids.iter().map(level).collect::<Result<Vec<_>, VenueError>>()?;
    let mut asks = sides.asks.iter().map(level).collect::<Result<Vec<_>, VenueError>>()?;
    bids.sort_by_key(|(price, _)| core::cmp::Reverse(*price));
    asks.sort_by_key(|(price, _)| *price);
    Ok(Recorded::Book(Depth { instrument: market.id(), bids, asks }))
}

fn trades(text: &str, market: &Market, since: Ts) -> Result<Recorded, VenueError> {
    /// `[price, volume, seconds, b or s, m or l, misc, id]`.
    #[derive(Deserialize)]
    struct Row<'a>(
        Exact,
        Exact,
        Exact,
        #[serde(borrow)] Text<'a>,
        serde::de::IgnoredAny,
        serde::de::IgnoredAny,
        u64,
    );
    let rows: Vec<Row<'_>> = parse("trades", only("trades", text)?.get())?;
    let read = |Row(price, qty, seconds, word, _, _, id): &Row<'_>| {
        let at = from_decimal_seconds(seconds.need("time")?);
        Ok(PublicTrade {
            id: id.to_string(),
            instrument: market.id(),
            taker: side(word)?,
            price: market.price("price", price.need("price")?)?,
            qty: market.qty("volume", qty.need("volume")?)?,
            at: at.map_err(|error| VenueError::payload("trade", error))?,
        })
    };
    let mut trades = rows.iter().map(read).collect::<Result<Vec<_>, VenueError>>()?;
    trades.retain(|trade| trade.at >= since);
    Ok(Recorded::Trades(trades))
}

/// The venue states fees in percent.
fn bps(what: &'static str, percent: Exact) -> Result<Bps, VenueError> {
    let percent = percent.need(what)?;
    let bps = percent.checked_mul(Decimal::ONE_HUNDRED);
    bps.map(|bps| Bps::new(bps.normalize())).ok_or_else(|| VenueError::payload(what, percent))
}

/// The tiers of a pair: a maker's and a taker's list of `[volume, percent]` with equal volumes.
pub(super) fn tiers(
    takers: &[(Exact, Exact)],
    makers: &[(Exact, Exact)],
) -> Result<Vec<FeeTier>, VenueError> {
    let makers = if makers.is_empty() { takers } else { makers };
    let mut tiers = Vec::with_capacity(takers.len());
    for (volume, taker) in takers {
        let from = volume.need("fees")?;
        let reached = |(volume, _): &&(Exact, Exact)| volume.0.is_some_and(|volume| volume <= from);
        let maker = makers.iter().rev().find(reached).map_or(*taker, |(_, maker)| *maker);
        tiers.push(FeeTier {
            volume_from: Money::new(from),
            maker: bps("fees_maker", maker)?,
            taker: bps("fees", *taker)?,
        });
    }
    tiers.sort_by_key(|tier| tier.volume_from);
    Ok(tiers)
}

fn fee_schedules(text: &str) -> Result<Recorded, VenueError> {
    let list: BTreeMap<Text<'_>, &RawValue> = parse("fees", text)?;
    #[derive(Deserialize)]
    struct Fees {
        fees: Vec<(Exact, Exact)>,
        #[serde(default)]
        fees_maker: Vec<(Exact, Exact)>,
    }
    let read = |(id, raw): (Text<'_>, &RawValue)| {
        let row: Fees = parse("fees", raw.get())?;
        Ok(FeeSchedule { name: id.into_owned(), tiers: tiers(&row.fees, &row.fees_maker)? })
    };
    let schedules: Result<Vec<_>, VenueError> = list.into_iter().map(read).collect();
    schedules.map(Recorded::FeeSchedules)
}

/// The fees of this account at its volume of 30 days, for the markets of the table.
fn own_fees(text: &str, markets: &Markets) -> Result<Recorded, VenueError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        fees: BTreeMap<Text<'a>, Row>,
        #[serde(borrow, default)]
        fees_maker: BTreeMap<Text<'a>, Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        fee: Exact,
    }
    let body: Body<'_> = parse("fees", text)?;
    let mut fees = Vec::new();
    for (pair, row) in &body.fees {
        let Some(market) = markets.find(pair) else { continue };
        let maker = body.fees_maker.get(pair).unwrap_or(row);
        let (maker, taker) = (bps("fees_maker", maker.fee)?, bps("fees", row.fee)?);
        fees.push(OwnFee { instrument: market.id(), maker, taker });
    }
    Ok(Recorded::OwnFees(fees))
}

fn status(text: &str) -> Result<Recorded, VenueError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        status: Text<'a>,
    }
    let body: Body<'_> = parse("status", text)?;
    Ok(Recorded::Status(match &*body.status {
        "online" => VenueStatus::Online,
        "maintenance" => VenueStatus::Maintenance,
        "cancel_only" => VenueStatus::CancelOnly,
        "post_only" => VenueStatus::PostOnly,
        other => return Err(VenueError::payload("status", other)),
    }))
}

/// A balance is a plain amount (`Balance`) or a row with what orders hold of it (`BalanceEx`).
fn holdings(text: &str) -> Result<Recorded, VenueError> {
    #[derive(Deserialize)]
    struct Row {
        balance: Exact,
        #[serde(default)]
        hold_trade: Exact,
    }
    let list: BTreeMap<Text<'_>, &RawValue> = parse("balances", text)?;
    let read = |(code, raw): (Text<'_>, &RawValue)| {
        let row = if raw.get().starts_with('{') {
            parse::<Row>("balance", raw.get())?
        } else {
            Row { balance: parse("balance", raw.get())?, hold_trade: Exact::default() }
        };
        let (name, apart) = code.split_once('.').map_or((&*code, false), |(name, _)| (name, true));
        Ok(Holding {
            currency: currency(name).to_owned(),
            set_apart: apart,
            amount: row.balance.need("balance")?,
            held: row.hold_trade.0.unwrap_or_default(),
        })
    };
    let holdings: Result<Vec<_>, VenueError> = list.into_iter().map(read).collect();
    holdings.map(Recorded::Holdings)
}

/// With `consolidation=market` the venue answers with a list, without it with a map by position.
fn margin_positions(text: &str, markets: &Markets) -> Result<Recorded, VenueError> {
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        pair: Text<'a>,
        #[serde(borrow, rename = "type")]
        side: Text<'a>,
        vol: Exact,
        #[serde(default)]
        vol_closed: Exact,
        cost: Exact,
        #[serde(default)]
        margin: Exact,
        #[serde(default)]
        net: Exact,
    }
    let rows: Vec<Row<'_>> = if text.trim_start().starts_with('[') {
        parse("positions", text)?
    } else {
        parse::<BTreeMap<Text<'_>, Row<'_>>>("positions", text)?.into_values().collect()
    };
    let read = |row: Row<'_>| {
        let qty = row.vol.need("vol")?.checked_sub(row.vol_closed.0.unwrap_or_default());
        Ok(MarginPosition {
            instrument: markets.find(&row.pair).map(Market::id),
            side: side(&row.side)?,
            qty: qty.ok_or_else(|| VenueError::payload("vol", "out of range"))?,
            cost: Money::new(row.cost.need("cost")?),
            margin: Money::new(row.margin.0.unwrap_or_default()),
            net: row.net.0.map(Money::new),
            symbol: row.pair.into_owned(),
        })
    };
    let positions: Result<Vec<_>, VenueError> = rows.into_iter().map(read).collect();
    positions.map(Recorded::MarginPositions)
}

/// `eb` is everything, `e` the equity of margin trading, `mf` what is free of it, `m` what is bound.
fn margin_account(text: &str) -> Result<Recorded, VenueError> {
    #[derive(Deserialize)]
    struct Row {
        tb: Exact,
        m: Exact,
        e: Exact,
        mf: Exact,
    }
    let row: Row = parse("margin", text)?;
    let money = |what: &'static str, value: Exact| value.need(what).map(Money::new);
    Ok(Recorded::MarginAccount(AccountState {
        balance: money("tb", row.tb)?,
        equity: money("e", row.e)?,
        available: money("mf", row.mf)?,
        initial_margin: money("m", row.m)?,
        ..AccountState::default()
    }))
}
