//! Currencies and amounts that carry theirs.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decimal::Money;
use crate::error::ModelError;

const CODE_LENGTH_MAX: usize = 12;

/// A currency or coin code in its canonical spelling (`BTC`, never `XBT`), 1 to 12 upper-case letters or
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; CODE_LENGTH_MAX]);

impl Currency {
    /// The dollar of the United States.
    pub const USD: Currency = Currency(*b"USD\0\0\0\0\0\0\0\0\0");

    /// The code as text.
    #[must_use]
    pub fn code(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(CODE_LENGTH_MAX);
        self.0.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let bad = || ModelError::Currency { text: text.chars().take(32).collect() };
        let canonical = if text == "XBT" { "BTC" } else { text };
        let valid = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if canonical.is_empty() || canonical.len() > CODE_LENGTH_MAX || !canonical.bytes().all(valid) {
            return Err(bad());
        }
        let mut code = [0; CODE_LENGTH_MAX];
        for (slot, byte) in code.iter_mut().zip(canonical.bytes()) {
            *slot = byte;
        }
        Ok(Currency(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z0-9]{1,12}$" })
    }
}

/// Money together with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Which currency.
    pub currency: Currency,
    /// How much of it.
    pub value: Money,
}

impl Amount {
    /// The exact sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`ModelError::CurrencyMismatch`] or [`ModelError::Overflow`].
    pub fn plus(self, other: Amount) -> Result<Amount, ModelError> {
        if self.currency != other.currency {
            return Err(ModelError::CurrencyMismatch {
                left: self.currency.to_string(),
                right: other.currency.to_string(),
            });
        }
        Ok(Amount { currency: self.currency, value: self.value.plus(other.value)? })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_bitcoin_are_one_currency() {
        assert_eq!("XBT".parse::<Currency>().unwrap(), "BTC".parse::<Currency>().unwrap());
        assert_eq!("1000SHIB".parse::<Currency>().unwrap().to_string(), "1000SHIB");
        for bad in ["", "btc", "BTC-USD", "ABCDEFGHIJKLM"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_of_different_currencies_do_not_add() {
        assert_eq!("USD".parse::<Currency>().unwrap(), Currency::USD);
        let usd = Amount { currency: Currency::USD, value: Money::ZERO };
        let btc = Amount { currency: "BTC".parse().unwrap(), value: Money::ZERO };
        assert!(usd.plus(usd).is_ok());
        assert!(usd.plus(btc).is_err());
    }
}
