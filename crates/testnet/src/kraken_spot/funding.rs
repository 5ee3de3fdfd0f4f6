//! Money that comes from outside and goes out: listed, and for the rest refused, because the key may trade
//! and no more. Deposits are what the control endpoint transferred; addresses are made up and lead nowhere.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::fields::Fields;
use super::names::{Names, QUOTE, asset};
use super::terms::Refusal;
use super::text::{fixed, seconds, time, whole_seconds};
use crate::world::{Booking, LogRow, World, txid, uuid};

/// Answers a method of funding; `None` for one that is not of it.
pub(super) fn answer(
    world: &World,
    names: &Names,
    method: &str,
    fields: &Fields,
) -> Option<Result<Value, Refusal>> {
    Some(match method {
        "DepositMethods" => deposit_methods(names, fields),
        "DepositAddresses" => deposit_addresses(world, names, fields),
        "DepositStatus" => transfers(world, names, fields, &|change| change > Decimal::ZERO),
        "WithdrawStatus" => transfers(world, names, fields, &|change| change < Decimal::ZERO),
        "WithdrawMethods" | "WithdrawAddresses" => Ok(json!([])),
        "Withdraw" | "WithdrawInfo" | "WithdrawCancel" | "WalletTransfer" => {
            Err("EGeneral:Permission denied".to_owned())
        }
        _ => return None,
    })
}

/// The code of the asset that the fields must name.
fn code(names: &Names, fields: &Fields) -> Result<String, Refusal> {
    let name = fields.get("asset").ok_or("EGeneral:Invalid arguments:asset")?;
    names.code(name).ok_or_else(|| "EFunding:Unknown asset".to_owned())
}

fn method_of(code: &str) -> String {
    if code == QUOTE { "Bank Transfer (US)".to_owned() } else { format!("{code} (made up)") }
}

fn deposit_methods(names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let code = code(names, fields)?;
    Ok(json!([{
        "method": method_of(&code),
        "limit": false,
        "fee": "0.0000000000",
        "gen-address": true,
        "minimum": "0.00010000",
    }]))
}

fn deposit_addresses(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let code = code(names, fields)?;
    // Clients know names of their own for a way to deposit: each of them is one here.
    if fields.get("method").is_none() {
        return Err("EFunding:No funding method".to_owned());
    }
    let place = code.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Ok(json!([{ "address": uuid(world.seed(), 40, place), "expiretm": "0", "new": true }]))
}

/// Transfers of money, newest first.
fn transfers(
    world: &World,
    names: &Names,
    fields: &Fields,
    is_meant: &dyn Fn(Decimal) -> bool,
) -> Result<Value, Refusal> {
    let end = |name: &str| {
        let whole = fields.get(name).map(|text| text.split_once('.').map_or(text, |(whole, _)| whole));
        let read = whole
            .map(|text| time(text, world.now()).map_err(|()| format!("EGeneral:Invalid arguments:{name}")));
        read.transpose().map(Option::flatten)
    };
    let (from, to) = (end("start")?, end("end")?);
    let is_quote = fields.get("asset").is_none() || code(names, fields)? == QUOTE;
    let rows = world.account().log().rev().filter(|row| {
        is_quote
            && row.booking == Booking::Transfer
            && is_meant(row.change)
            && from.is_none_or(|from| row.at >= from)
            && to.is_none_or(|to| row.at <= to)
    });
    Ok(rows.map(|row| transfer(world, row)).collect())
}

fn transfer(world: &World, row: &LogRow) -> Value {
    json!({
        "method": method_of(QUOTE),
        "aclass": "currency",
        "asset": asset(QUOTE),
        "refid": txid(world.seed(), 'F', row.id),
        "txid": uuid(world.seed(), 41, row.id),
        "info": "made up",
        "amount": fixed(row.change.abs(), 4),
        "fee": fixed(Decimal::ZERO, 4),
        "time": whole_seconds(row.at),
        "completed_at": seconds(row.at),
        "status": "Success",
    })
}
