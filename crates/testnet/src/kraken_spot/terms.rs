//! What an order asks for, read from the fields of a request, in the world's words. The stream's order entry
//! is translated into the same fields, so there is one reader.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{
    Price, PriceRounding, PriceUnits, Qty, QtyUnits, RejectReason, Side, TriggerSource, Ts, parse_decimal,
};

use super::fields::Fields;
use super::text::time;
use crate::world::{Condition, Kind, Life, Market, NewOrder, Purpose, Trail, World};

/// Longest client id that is neither a UUID nor 32 hexadecimal digits.
const CLIENT_ID_MAX: usize = 18;
/// Fields that are kept with the order because answers repeat them.
const KEPT: [&str; 9] = [
    "ordertype",
    "oflags",
    "userref",
    "displayvol",
    "timeinforce",
    "expiretm",
    "close[ordertype]",
    "close[price]",
    "close[price2]",
];

/// Why an order cannot be, in the venue's words.
pub(super) type Refusal = String;

/// The venue's words for the world's reasons.
pub(super) fn words(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::InsufficientFunds => "EOrder:Insufficient funds",
        RejectReason::InvalidPrice => "EOrder:Tick size check failed",
        RejectReason::InvalidQuantity => "EGeneral:Invalid arguments:volume",
        RejectReason::WouldTakeLiquidity => "EOrder:Post only order",
        RejectReason::NothingToReduce => "EOrder:Reduce only:No position exists",
        RejectReason::OrderNotFound => "EOrder:Unknown order",
        RejectReason::MarketClosed => "EService:Market in cancel_only mode",
        RejectReason::RateLimited => "EOrder:Orders limit exceeded",
        RejectReason::DuplicateId => "EGeneral:Invalid arguments:cl_ord_id",
        RejectReason::NotSupported | RejectReason::WouldTriggerImmediately | RejectReason::Other => {
            "EGeneral:Invalid arguments:ordertype"
        }
    }
}

fn bad(field: &str) -> Refusal {
    format!("EGeneral:Invalid arguments:{field}")
}

/// A number of a request.
pub(super) fn decimal(fields: &Fields, name: &str) -> Result<Option<Decimal>, Refusal> {
    fields.get(name).map(|text| parse_decimal(text).map_err(|_| bad(name))).transpose()
}

/// A price on the market's grid.
pub(super) fn price(market: &Market, value: Decimal) -> Result<PriceUnits, Refusal> {
    if value <= Decimal::ZERO {
        return Err("EOrder:Invalid price".to_owned());
    }
    let units = market.instrument.price_units(Price::new(value)).map_err(|_| {
        format!(
            "EOrder:Invalid price:price can only be specified up to {} decimals",
            market.instrument.price_scale()
        )
    })?;
    if !market.instrument.is_on_tick(units) {
        return Err(words(RejectReason::InvalidPrice).to_owned());
    }
    Ok(units)
}

/// A quantity on the market's grid, above its minimum.
pub(super) fn quantity(market: &Market, value: Decimal) -> Result<QtyUnits, Refusal> {
    if value <= Decimal::ZERO {
        return Err(bad("volume"));
    }
    if value < market.qty(market.instrument.min_qty()) {
        return Err("EOrder:Order minimum not met".to_owned());
    }
    market.instrument.qty_units(Qty::new(value)).map_err(|_| bad("volume"))
}

/// A price that may be an offset: `+100`, `-5%`, `#2%`. Those are taken from `base`; `#` goes `up` or not.
fn offset_price(
    market: &Market,
    text: &str,
    base: PriceUnits,
    up: bool,
    name: &str,
) -> Result<PriceUnits, Refusal> {
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (Decimal::ONE, rest),
        Some(("-", rest)) => (-Decimal::ONE, rest),
        Some(("#", rest)) => (if up { Decimal::ONE } else { -Decimal::ONE }, rest),
        Some(_) | None => return price(market, parse_decimal(text).map_err(|_| bad(name))?),
    };
    let base = market.price(base);
    let invalid = || "EOrder:Invalid price".to_owned();
    let distance = match rest.strip_suffix('%') {
        Some(percent) => {
            let percent = parse_decimal(percent).map_err(|_| bad(name))?;
            base.checked_mul(percent / Decimal::ONE_HUNDRED).ok_or_else(invalid)?
        }
        None => parse_decimal(rest).map_err(|_| bad(name))?,
    };
    let wanted =
        sign.checked_mul(distance).and_then(|change| base.checked_add(change)).ok_or_else(invalid)?;
    let nearest = market.instrument.round_price(wanted, PriceRounding::Nearest);
    nearest.filter(|price| price.get() > 0).ok_or_else(invalid)
}

/// How far a trailing stop follows, without its sign: `100` or `5%`.
pub(super) fn trail(market: &Market, rest: &str) -> Result<Trail, Refusal> {
    match rest.strip_suffix('%') {
        Some(percent) => {
            let percent = parse_decimal(percent).map_err(|_| bad("price"))?;
            if percent <= Decimal::ZERO || percent >= Decimal::ONE_HUNDRED {
                return Err(bad("price"));
            }
            Ok(Trail::Fraction(percent / Decimal::ONE_HUNDRED))
        }
        None => Ok(Trail::Price(price(market, parse_decimal(rest).map_err(|_| bad("price"))?)?)),
    }
}

/// Which price a condition watches.
fn source(fields: &Fields) -> Result<TriggerSource, Refusal> {
    match fields.get("trigger") {
        None | Some("last") => Ok(TriggerSource::Last),
        Some("index") => Ok(TriggerSource::Index),
        Some(_) => Err(bad("trigger")),
    }
}

/// The order that the fields ask for on `market`.
///
/// # Errors
/// The venue's words for what is wrong.
pub(super) fn order(market: &Market, fields: &Fields, now: Ts) -> Result<NewOrder, Refusal> {
    if fields.get("deadline").is_some_and(|text| time(text, now).ok().flatten().is_none_or(|at| at < now)) {
        return Err("EService:Deadline elapsed".to_owned());
    }
    let side = match fields.get("type") {
        Some("buy") => Side::Buy,
        Some("sell") => Side::Sell,
        Some(_) | None => return Err(bad("type")),
    };
    if fields.get("leverage").is_some_and(|leverage| !matches!(leverage, "none" | "0" | "1" | "1:1")) {
        return Err("EOrder:Margin allowance exceeded".to_owned());
    }
    if fields.is_on("reduce_only") {
        return Err("EOrder:Reduce only:Non-PC".to_owned());
    }
    let client_id = client_id(fields)?;
    let word = fields.get("ordertype").ok_or_else(|| bad("ordertype"))?;
    let kind = kind(market, fields, (word, side), now)?;
    let volume = decimal(fields, "volume")?.ok_or_else(|| bad("volume"))?;
    let flags = fields.get("oflags").unwrap_or_default();
    let qty = if flags.split(',').any(|flag| flag == "viqc") {
        if word != "market" || side != Side::Buy {
            return Err(bad("viqc"));
        }
        let base = volume.checked_div(market.price(market.ask)).ok_or_else(|| bad("volume"))?;
        let qty = market.instrument.floor_lot(market.instrument.floor_qty(base));
        quantity(market, market.qty(qty))?
    } else {
        quantity(market, volume)?
    };
    let reference = kind.limit().or(kind.condition().map(|condition| condition.trigger));
    let reference = reference.unwrap_or(market.last);
    let cost = crate::world::value(&market.instrument, reference, qty);
    if cost < market.instrument.spec().min_notional.get() {
        return Err("EOrder:Cost minimum not met".to_owned());
    }
    let mut extra: BTreeMap<String, String> = BTreeMap::new();
    for name in KEPT {
        if let Some(value) = fields.get(name) {
            extra.insert(name.to_owned(), value.to_owned());
        }
    }
    if word.starts_with("trailing") {
        for name in ["price", "price2"] {
            extra.extend(fields.get(name).map(|value| (name.to_owned(), value.to_owned())));
        }
    }
    Ok(NewOrder { instrument: market.instrument.id(), side, qty, kind, reduce_only: false, client_id, extra })
}

fn client_id(fields: &Fields) -> Result<Option<String>, Refusal> {
    let Some(id) = fields.get("cl_ord_id") else { return Ok(None) };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = id.len() == 36 && is_hex(&id.replace('-', "")) && id.matches('-').count() == 4;
    let is_plain = id.len() <= CLIENT_ID_MAX && id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_short = id.len() == 32 && is_hex(id);
    if !(is_uuid || is_short || is_plain) {
        return Err(bad("cl_ord_id"));
    }
    if fields.get("userref").is_some_and(|reference| reference != "0") {
        return Err(bad("cl_ord_id and userref"));
    }
    Ok(Some(id.to_owned()))
}

fn kind(market: &Market, fields: &Fields, (word, side): (&str, Side), now: Ts) -> Result<Kind, Refusal> {
    let first = || fields.get("price").ok_or_else(|| bad("price"));
    match word {
        "market" => Ok(Kind::Market),
        "limit" | "iceberg" => {
            let price = offset_price(market, first()?, market.last, side == Side::Sell, "price")?;
            Ok(Kind::Limit { price, life: life(fields, now)? })
        }
        "stop-loss" | "stop-loss-limit" | "take-profit" | "take-profit-limit" => {
            let is_stop = word.starts_with("stop");
            let above = (side == Side::Buy) == is_stop;
            let trigger = offset_price(market, first()?, market.last, above, "price")?;
            let limit = match (word.ends_with("-limit"), fields.get("price2")) {
                (true, Some(text)) => Some(offset_price(market, text, trigger, side == Side::Buy, "price2")?),
                (true, None) => return Err(bad("price2")),
                (false, _) => None,
            };
            let purpose = if is_stop { Purpose::Stop } else { Purpose::TakeProfit };
            Ok(Kind::Conditional(Condition { purpose, trigger, source: source(fields)?, above, limit }))
        }
        "trailing-stop" | "trailing-stop-limit" => {
            let trail = trail(market, first()?.strip_prefix('+').ok_or_else(|| bad("price"))?)?;
            let (above, source) = (side == Side::Buy, source(fields)?);
            let trigger = World::trailing_trigger(market, source, trail, above);
            let limit = match (word.ends_with("-limit"), fields.get("price2")) {
                (true, Some(text)) if text.starts_with(['+', '-', '#']) => {
                    Some(offset_price(market, text, trigger, above, "price2")?)
                }
                (true, _) => return Err(bad("price2")),
                (false, _) => None,
            };
            let purpose = Purpose::Trailing(trail);
            Ok(Kind::Conditional(Condition { purpose, trigger, source, above, limit }))
        }
        "settle-position" => Err("EOrder:Unknown position".to_owned()),
        _ => Err(bad("ordertype")),
    }
}

fn life(fields: &Fields, now: Ts) -> Result<Life, Refusal> {
    let is_post = fields.get("oflags").is_some_and(|flags| flags.split(',').any(|flag| flag == "post"));
    let expires = match fields.get("expiretm") {
        Some(text) => time(text, now).map_err(|()| bad("expiretm"))?,
        None => None,
    };
    let word = fields.get("timeinforce").unwrap_or("GTC").to_ascii_uppercase();
    match (word.as_str(), expires) {
        ("GTC", _) if is_post => Ok(Life::PostOnly),
        ("GTC", None) => Ok(Life::Gtc),
        ("GTC" | "GTD", Some(until)) if until > now => Ok(Life::Until(until)),
        ("IOC", _) if !is_post => Ok(Life::Ioc),
        ("FOK", _) if !is_post => Ok(Life::Fok),
        ("GTC" | "GTD", _) => Err(bad("expiretm")),
        (_, _) => Err(bad("timeinforce")),
    }
}
