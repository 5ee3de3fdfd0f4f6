//! Exact decimals: reading, and the newtypes that keep prices, quantities, money and ratios apart.
//!
//! Arithmetic on `rust_decimal` panics on overflow and rounds silently when 28 digits are not enough, so
//! every operation here is checked, and only this module and [`crate::instrument`] round.

use core::fmt;
use core::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{Error as DeError, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ModelError;

/// All numbers of 28 digits have a form; of those of 29 the ones whose digits fit into 96 bits, as quotients
/// do.
const SIGNIFICANT_DIGITS_MAX: usize = 29;
const EXPONENT_MAX: i32 = 28;

/// Reads a plain decimal: sign, digits, point, optional exponent. Nothing is rounded.
///
/// # Errors
/// [`ModelError::Decimal`] for any other text, for more significant digits than fit (28, or 29 within 96
/// bits) and for values that do not fit.
pub fn parse_decimal(text: &str) -> Result<Decimal, ModelError> {
    let bad = || ModelError::Decimal { text: text.chars().take(64).collect() };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad());
            }
            (mantissa, exponent.parse::<i32>().map_err(|_| bad())?)
        }
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits_only(whole) || !digits_only(fraction) {
        return Err(bad());
    }
    if exponent.abs() > EXPONENT_MAX {
        return Err(bad());
    }
    let significant = whole.len() + fraction.len();
    let leading = unsigned.bytes().take_while(|b| *b == b'0' || *b == b'.').filter(|b| *b == b'0').count();
    if significant - leading.min(significant) > SIGNIFICANT_DIGITS_MAX {
        return Err(bad());
    }
    let plain = mantissa.strip_prefix('+').unwrap_or(mantissa);
    let mut value = Decimal::from_str_exact(plain).map_err(|_| bad())?;
    if exponent != 0 {
        let scale = i64::from(value.scale()) - i64::from(exponent);
        if scale >= 0 {
            let scale = u32::try_from(scale).map_err(|_| bad())?;
            value.set_scale(scale).map_err(|_| bad())?;
        } else {
            let zeros = u32::try_from(-scale).map_err(|_| bad())?;
            let factor = 10_i128.checked_pow(zeros).ok_or_else(bad)?;
            let mantissa = value.mantissa().checked_mul(factor).ok_or_else(bad)?;
            value = Decimal::try_from_i128_with_scale(mantissa, 0).map_err(|_| bad())?;
        }
    }
    Ok(value.normalize())
}

/// The sum, or `None` where it would have to be rounded: `checked_add` drops digits silently past 28.
#[inline]
fn exact_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left_scale, right_scale) = (left.scale(), right.scale());
    let sum = if left_scale == right_scale {
        // Mantissas have 96 bits, so their sum fits.
        Some(left.mantissa() + right.mantissa())
    } else if left_scale < right_scale {
        widened(left.mantissa(), right_scale - left_scale).map(|left| left + right.mantissa())
    } else {
        widened(right.mantissa(), left_scale - right_scale).map(|right| left.mantissa() + right)
    };
    let exact = sum.and_then(|sum| Decimal::try_from_i128_with_scale(sum, left_scale.max(right_scale)).ok());
    exact.or_else(|| sum_without_zeros(left, right))
}

/// A mantissa with `zeros` more digits, where it stays below 2^126.
#[inline]
fn widened(mantissa: i128, zeros: u32) -> Option<i128> {
    let factor = INTEGER_POWERS_OF_TEN.get(usize::try_from(zeros).ok()?)?;
    // The product of two numbers of 63 bits cannot overflow.
    i64::try_from(mantissa).ok().map(|mantissa| i128::from(mantissa) * i128::from(*factor))
}

/// Where zeros at the end made the numbers too long to be added directly.
#[cold]
fn sum_without_zeros(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right) = (left.normalize(), right.normalize());
    let sum = left.checked_add(right)?;
    (sum.scale() >= left.scale().max(right.scale())).then_some(sum)
}

/// 10^0 to 10^18.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where a wrong index is an error")]
const INTEGER_POWERS_OF_TEN: [i64; 19] = {
    let mut powers = [1; 19];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// The nearest float. Below 2^53 and 10^22 both parts are exact, so one division rounds once.
#[inline]
fn nearest_f64(value: Decimal) -> f64 {
    use rust_decimal::prelude::ToPrimitive;
    const EXACT: i128 = 1 << 53;
    let mantissa = value.mantissa();
    let divisor = usize::try_from(value.scale()).ok().filter(|scale| *scale <= 22);
    match (i64::try_from(mantissa), divisor.and_then(|scale| FLOAT_POWERS_OF_TEN.get(scale))) {
        (Ok(mantissa), Some(divisor)) if i128::from(mantissa).abs() <= EXACT => mantissa as f64 / divisor,
        _ => value.to_f64().unwrap_or(f64::NAN),
    }
}

/// 1e0 to 1e22, each exact.
const FLOAT_POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The product, or `None` where it would have to be rounded.
fn exact_product(left: Decimal, right: Decimal) -> Option<Decimal> {
    let product = left.checked_mul(right)?;
    if product.scale() == left.scale() + right.scale() {
        return Some(product);
    }
    let (left, right) = (left.normalize(), right.normalize());
    let product = left.checked_mul(right)?;
    (product.is_zero() || product.scale() == left.scale() + right.scale()).then_some(product)
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a decimal number")
    }

    fn visit_str<E: DeError>(self, text: &str) -> Result<Decimal, E> {
        parse_decimal(text).map_err(E::custom)
    }

    fn visit_i64<E: DeError>(self, value: i64) -> Result<Decimal, E> {
        Ok(Decimal::from(value))
    }

    fn visit_u64<E: DeError>(self, value: u64) -> Result<Decimal, E> {
        Ok(Decimal::from(value))
    }

    fn visit_f64<E: DeError>(self, value: f64) -> Result<Decimal, E> {
        // The shortest text that reads back as this float: exact for every decimal of up to 15 digits.
        parse_decimal(&format!("{value}")).map_err(E::custom)
    }
}

macro_rules! decimal_newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(Decimal);

        impl $name {
            /// Zero.
            pub const ZERO: $name = $name(Decimal::ZERO);

            /// Wraps a decimal.
            #[must_use]
            pub const fn new(value: Decimal) -> Self {
                $name(value)
            }

            /// The decimal inside.
            #[must_use]
            pub const fn get(self) -> Decimal {
                self.0
            }

            /// Whether the value is zero.
            #[must_use]
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// The exact sum.
            ///
            /// # Errors
            /// [`ModelError::Overflow`] if it does not fit.
            pub fn plus(self, other: Self) -> Result<Self, ModelError> {
                exact_sum(self.0, other.0).map($name).ok_or(ModelError::Overflow { what: $what })
            }

            /// The exact difference.
            ///
            /// # Errors
            /// [`ModelError::Overflow`] if it does not fit.
            pub fn minus(self, other: Self) -> Result<Self, ModelError> {
                exact_sum(self.0, -other.0).map($name).ok_or(ModelError::Overflow { what: $what })
            }

            /// With the opposite sign.
            #[must_use]
            pub fn negated(self) -> Self {
                $name(-self.0)
            }

            /// Without its sign.
            #[must_use]
            pub fn abs(self) -> Self {
                $name(self.0.abs())
            }

            /// The nearest float, for indicators, statistics and display.
            #[must_use]
            pub fn to_f64(self) -> f64 {
                nearest_f64(self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            /// Plain digits without trailing zeros; a precision (`{:.2}`) rounds for display.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match f.precision() {
                    Some(_) => fmt::Display::fmt(&self.0, f),
                    None => fmt::Display::fmt(&self.0.normalize(), f),
                }
            }
        }

        impl FromStr for $name {
            type Err = ModelError;

            fn from_str(text: &str) -> Result<Self, ModelError> {
                parse_decimal(text).map($name)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(DecimalVisitor).map($name)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": ["number", "string"], "format": "decimal" })
            }
        }
    };
}

decimal_newtype! {
    /// A price in quote currency per base unit.
    Price, "price"
}
decimal_newtype! {
    /// A quantity in contracts of an instrument (base units where the contract size is one).
    Qty, "quantity"
}
decimal_newtype! {
    /// An amount of money whose currency the context fixes; see [`crate::money::Amount`] where it does not.
    Money, "amount of money"
}
decimal_newtype! {
    /// Hundredths of one percent: fees, spreads, slippage.
    Bps, "number of basis points"
}
decimal_newtype! {
    /// Hundredths: `2.5` is two and a half percent.
    Percent, "percentage"
}
decimal_newtype! {
    /// A plain ratio without a unit: leverage, rates, multiples.
    Ratio, "ratio"
}

impl Bps {
    /// As a fraction: 5 basis points are 0.0005. Exact up to 24 decimals, to the nearest of 28 beyond.
    #[must_use]
    pub fn fraction(self) -> Decimal {
        point_shifted(self.0, 4)
    }
}

impl Percent {
    /// As a fraction: 2.5 percent are 0.025. Exact up to 26 decimals, to the nearest of 28 beyond.
    #[must_use]
    pub fn fraction(self) -> Decimal {
        point_shifted(self.0, 2)
    }
}

/// Moves the decimal point `places` to the left. A value with so many decimals that they would not fit is
/// rounded first: quotients have all 28, and a point that stayed where it was would make them 100 times too
/// large.
fn point_shifted(value: Decimal, places: u32) -> Decimal {
    let mut value = value.round_dp(Decimal::MAX_SCALE - places);
    // Cannot fail: the sum of the scales is at most 28 now.
    let _ = value.set_scale(value.scale() + places);
    value
}

impl Money {
    /// This amount times `factor`, exact up to 28 digits.
    ///
    /// # Errors
    /// [`ModelError::Overflow`] if it does not fit.
    pub fn times(self, factor: Decimal) -> Result<Money, ModelError> {
        exact_product(self.0, factor).map(Money).ok_or(ModelError::Overflow { what: "amount of money" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quotient with 27 or 28 decimals kept its point: a stop 6.65 % away went 665 % away.
    #[test]
    fn a_fraction_is_a_hundredth_however_many_decimals_there_are() {
        for digits in 0..=28 {
            let value = Decimal::new(6_649_543_378_995_433_789, 18).round_dp(digits.min(18));
            let long = (Decimal::new(233, 2) / Decimal::new(3_504, 4)).round_dp(digits);
            for value in [value, long, -long] {
                let off = Percent::new(value).fraction() - value / Decimal::ONE_HUNDRED;
                assert!(off.abs() <= Decimal::new(1, 27), "{value}");
                let off = Bps::new(value).fraction() - value / Decimal::from(10_000);
                assert!(off.abs() <= Decimal::new(1, 27), "{value}");
            }
        }
    }

    #[test]
    fn reads_plain_and_scientific_text_exactly() {
        for (text, want) in [
            ("0.1", "0.1"),
            ("-12.3400", "-12.34"),
            ("1e-8", "0.00000001"),
            ("1.5E3", "1500"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+7", "7"),
            ("0000012", "12"),
            ("99999999999999999999.99999999", "99999999999999999999.99999999"),
        ] {
            assert_eq!(Price::from_str(text).unwrap().to_string(), want, "{text}");
        }
    }

    #[test]
    fn a_quotient_is_read_back_to_its_last_digit() {
        let quotient = Decimal::from(3_000).checked_div(Decimal::from(463)).unwrap();
        for text in
            [quotient.to_string(), "6.5182104088465050218119103175".to_owned(), Decimal::MAX.to_string()]
        {
            assert_eq!(Percent::from_str(&text).unwrap().to_string(), text);
        }
        // 29 digits of which 96 bits cannot hold the last.
        assert!(Percent::from_str("8.9999999999999999999999999999").is_err());
    }

    #[test]
    fn refuses_what_would_be_rounded_or_guessed() {
        for text in [
            "",
            ".",
            "-",
            "1_000",
            "1,5",
            "NaN",
            "inf",
            "0x10",
            " 1",
            "1 ",
            "1e",
            "1e999",
            "--1",
            "0.12345678901234567890123456789",
            "123456789012345678901234567890",
        ] {
            assert!(parse_decimal(text).is_err(), "{text:?} must be refused");
        }
    }

    #[test]
    fn basis_points_and_percent_become_exact_fractions() {
        assert_eq!(Bps::from_str("5").unwrap().fraction().to_string(), "0.0005");
        assert_eq!(Percent::from_str("2.5").unwrap().fraction().to_string(), "0.025");
    }

    #[test]
    fn a_sum_or_product_that_would_be_rounded_is_an_error() {
        let large: Money = "90000000000000000000".parse().unwrap();
        let small: Money = "0.0000000000001".parse().unwrap();
        assert!(large.plus(small).is_err());
        assert_eq!(
            large.plus("1.0000000000000000000".parse().unwrap()).unwrap().to_string(),
            "90000000000000000001"
        );
        assert!(large.times(small.get()).is_ok());
        assert!(
            "1.23456789012345".parse::<Money>().unwrap().times(Decimal::new(123_456_789_012_345, 14)).is_ok()
        );
        let long: Money = "1.2345678901234567".parse().unwrap();
        assert!(long.times(long.get()).is_err());
    }

    #[test]
    fn floats_are_the_nearest_to_the_text() {
        for text in [
            "0.1",
            "23296.36",
            "-0.00000001",
            "123456789012345.678",
            "9007199254740993",
            "1e-28",
            "0.3333333333",
        ] {
            let float: f64 = text.parse().unwrap();
            assert!(
                (Price::from_str(text).unwrap().to_f64() - float).abs() <= float.abs() * f64::EPSILON,
                "{text}"
            );
        }
        assert_eq!(Price::from_str("23296.36").unwrap().to_f64().to_bits(), 23296.36_f64.to_bits());
    }

    proptest::proptest! {
        #[test]
        fn sums_agree_with_the_library_where_nothing_is_rounded(
            left in proptest::num::i64::ANY,
            left_scale in 0_u32..10,
            right in proptest::num::i64::ANY,
            right_scale in 0_u32..10,
        ) {
            let (left, right) = (Decimal::new(left, left_scale), Decimal::new(right, right_scale));
            proptest::prop_assert_eq!(exact_sum(left, right), left.checked_add(right));
        }
    }

    #[test]
    fn overflow_is_an_error_not_a_panic() {
        let large = Money::new(Decimal::MAX);
        assert!(large.plus(large).is_err());
        assert!(large.times(Decimal::TWO).is_err());
    }
}
