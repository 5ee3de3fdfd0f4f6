//! Parameters as clients send them: in the query or in a form, as text.

use rust_decimal::Decimal;
use seawall_model::{Instrument, Price, PriceUnits, Qty, QtyUnits, Side, TriggerSource, Ts};
use seawall_venues::http::decode_form;
use serde_json::Value;

use super::Refusal;
use crate::protocol::HttpRequest;
use crate::world::Market;

/// The parameters of a request, query first.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// `None` for a broken escape.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        let mut fields = decode_form(request.query())?;
        let body = request.text();
        // Some clients send the JSON of a batch without encoding it: a form of one field all the same.
        match body.strip_prefix("json=").filter(|json| json.starts_with('{')) {
            Some(json) => fields.push(("json".to_owned(), json.to_owned())),
            None => fields.extend(decode_form(body)?),
        }
        Some(Fields(fields))
    }

    /// The fields of one row of a batch.
    pub(super) fn of_row(row: &Value) -> Self {
        let fields = row.as_object().into_iter().flatten().map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    value.to_string()
                }
            };
            (name.clone(), text)
        });
        Fields(fields.collect())
    }

    /// The first field of that name that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// All fields of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }

    pub(super) fn decimal(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        self.get(name).map(|text| decimal(text).ok_or_else(|| Refusal::argument(name))).transpose()
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        // Some clients write whole numbers as floats.
        let parse = |text: &str| text.split('.').next().and_then(|head| head.parse().ok());
        self.get(name).map(|text| parse(text).ok_or_else(|| Refusal::argument(name))).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// An instant: ISO 8601 or milliseconds.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Ts>, Refusal> {
        let parse =
            |text: &str| text.parse::<i64>().ok().map(Ts::from_millis).or_else(|| text.parse::<Ts>().ok());
        self.get(name).map(|text| parse(text).ok_or_else(|| Refusal::argument(name))).transpose()
    }
}

/// A decimal, also with an exponent.
fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

pub(super) fn side(fields: &Fields) -> Result<Side, Refusal> {
    match fields.need("side")? {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        _ => Err(Refusal::argument("side")),
    }
}

pub(super) fn signal(fields: &Fields) -> Result<TriggerSource, Refusal> {
    match fields.get("triggerSignal") {
        None | Some("mark") => Ok(TriggerSource::Mark),
        Some("last") => Ok(TriggerSource::Last),
        Some("index" | "spot") => Ok(TriggerSource::Index),
        Some(_) => Err(Refusal::argument("triggerSignal")),
    }
}

/// A price in the instrument's units; `None` where it is not on the scale.
pub(super) fn price_units(instrument: &Instrument, price: Decimal) -> Option<PriceUnits> {
    let units = instrument.price_units(Price::new(price)).ok()?;
    (units.get() > 0 && instrument.is_on_tick(units)).then_some(units)
}

/// A quantity in the instrument's units; `None` where it is not on the scale.
pub(super) fn qty_units(market: &Market, qty: Decimal) -> Option<QtyUnits> {
    market.instrument.qty_units(Qty::new(qty)).ok().filter(|units| units.get() > 0)
}
