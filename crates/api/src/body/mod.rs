//! What is answered: decimals as strings, instants in RFC 3339, names instead of numbers.

mod happened;
mod run;

use std::fmt::Display;

use seawall_model::Ts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::happened::{AlertBody, DecisionBody, FillBody, TradeBody};
pub(crate) use self::run::{BlockBody, OrderBody, PositionBody, StatusBody, positions, status};

/// An exact decimal, as digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, format = "decimal", example = "101.25")]
pub(crate) struct Exact(pub(crate) String);

impl Exact {
    pub(crate) fn of(number: impl Display) -> Self {
        Exact(number.to_string())
    }
}

/// An instant in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, format = "date-time", example = "2026-07-01T12:00:00Z")]
pub(crate) struct At(pub(crate) Ts);

/// The stable name of a value that has one in its serialised form.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}
