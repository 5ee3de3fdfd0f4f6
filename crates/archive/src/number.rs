//! Numbers from bytes, exactly.
//!
//! The fast paths read plain digits; anything else (signs, exponents, words) takes a slow path that decides
//! whether it is a number at all. Nothing is rounded but volumes, which are floats to begin with.

use seawall_model::parse_decimal;

/// The most decimals a price may have: the limit of an instrument's price scale.
pub(crate) const DECIMALS_MAX: u32 = 14;

/// Longest text that cannot overflow the accumulator of the fast path: 19 digits or 18 and a point.
const FAST_LENGTH_MAX: usize = 19;
/// Floats hold every integer up to here exactly.
pub(crate) const EXACT_FLOAT_MAX: u64 = 1 << 53;

const POWERS: [i64; 19] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
    1_000_000_000_000_000,
    10_000_000_000_000_000,
    100_000_000_000_000_000,
    1_000_000_000_000_000_000,
];

/// `10^exponent`, if it fits.
pub(crate) fn power(exponent: u32) -> Option<i64> {
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

/// A decimal number: `mantissa / 10^decimals`, without trailing zeros in the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) mantissa: i64,
    pub(crate) decimals: u32,
}

/// Why a text is not a usable number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFault {
    /// Nothing between the commas.
    Empty,
    /// Not a number.
    NotNumber,
    /// NaN or infinite.
    NotFinite,
    /// More decimals than a price scale has.
    TooManyDecimals,
    /// Does not fit into 63 bits.
    TooLarge,
}

impl NumberFault {
    /// What is wrong and what is allowed, to follow the value in a message.
    pub(crate) fn problem(self) -> &'static str {
        match self {
            NumberFault::Empty => "is empty: a number is missing",
            NumberFault::NotNumber => "is not a number: write plain digits with a point, like 23296.36",
            NumberFault::NotFinite => "is not a finite number",
            NumberFault::TooManyDecimals => "has more than 14 decimals: round it to 14 or fewer",
            NumberFault::TooLarge => {
                "has too many digits: all digits together must stay below 9223372036854775807"
            }
        }
    }
}

struct Digits {
    mantissa: u64,
    decimals: u32,
}

/// Plain digits with at most one point; `None` for all other texts.
#[inline]
fn plain_digits(text: &[u8]) -> Option<Digits> {
    if text.len() > FAST_LENGTH_MAX {
        return None;
    }
    let mut mantissa = 0_u64;
    let mut rest = text.iter();
    let mut whole = 0_usize;
    for byte in rest.by_ref() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            if *byte != b'.' {
                return None;
            }
            let decimals = u32::try_from(rest.len()).ok()?;
            for byte in rest {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            }
            return (text.len() > 1).then_some(Digits { mantissa, decimals });
        }
        whole += 1;
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (whole > 0).then_some(Digits { mantissa, decimals: 0 })
}

/// A price or another exact number.
#[inline]
pub(crate) fn fixed(text: &[u8]) -> Result<Fixed, NumberFault> {
    let Some(Digits { mantissa, mut decimals }) = plain_digits(text) else {
        return fixed_slow(text);
    };
    let mut mantissa = i64::try_from(mantissa).map_err(|_| NumberFault::TooLarge)?;
    while decimals > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        decimals -= 1;
    }
    if decimals > DECIMALS_MAX {
        return Err(NumberFault::TooManyDecimals);
    }
    Ok(Fixed { mantissa, decimals })
}

#[cold]
fn fixed_slow(text: &[u8]) -> Result<Fixed, NumberFault> {
    let text = word(text)?;
    if text.bytes().filter(u8::is_ascii_digit).count() > 28 {
        // More digits than the exact type reads; still worth telling apart from what is no number at all.
        return Err(text.parse::<f64>().map_or(NumberFault::NotNumber, |_| NumberFault::TooLarge));
    }
    let value = parse_decimal(text).map_err(|_| NumberFault::NotNumber)?;
    if value.scale() > DECIMALS_MAX {
        return Err(NumberFault::TooManyDecimals);
    }
    let mantissa = i64::try_from(value.mantissa()).map_err(|_| NumberFault::TooLarge)?;
    Ok(Fixed { mantissa, decimals: value.scale() })
}

/// A volume or another measurement: the nearest float, which may be negative but is finite.
#[inline]
pub(crate) fn float(text: &[u8]) -> Result<f64, NumberFault> {
    let plain = plain_digits(text).filter(|digits| digits.mantissa <= EXACT_FLOAT_MAX);
    match plain.and_then(|digits| Some((digits.mantissa, power(digits.decimals)?))) {
        // Both operands are exact, so the quotient is the correctly rounded value of the text.
        Some((mantissa, divisor)) => Ok(mantissa as f64 / divisor as f64),
        None => float_slow(text),
    }
}

fn float_slow(text: &[u8]) -> Result<f64, NumberFault> {
    let value = word(text)?.parse::<f64>().map_err(|_| NumberFault::NotNumber)?;
    if value.is_finite() { Ok(value) } else { Err(NumberFault::NotFinite) }
}

/// A whole number.
#[inline]
pub(crate) fn integer(text: &[u8]) -> Result<i64, NumberFault> {
    match plain_digits(text) {
        Some(Digits { mantissa, decimals: 0 }) if !text.ends_with(b".") => {
            i64::try_from(mantissa).map_err(|_| NumberFault::TooLarge)
        }
        Some(_) | None => match word(text)?.parse::<i64>() {
            Ok(value) => Ok(value),
            Err(_) if text.len() > 18 && text.iter().all(u8::is_ascii_digit) => Err(NumberFault::TooLarge),
            Err(_) => Err(NumberFault::NotNumber),
        },
    }
}

/// The text, unless it is empty or one of the words that programs write for "no number".
fn word(text: &[u8]) -> Result<&str, NumberFault> {
    const NOT_FINITE: [&str; 4] = ["nan", "inf", "infinity", "null"];
    if text.is_empty() {
        return Err(NumberFault::Empty);
    }
    let text = core::str::from_utf8(text).map_err(|_| NumberFault::NotNumber)?;
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    if NOT_FINITE.iter().any(|name| bare.eq_ignore_ascii_case(name)) {
        return Err(NumberFault::NotFinite);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(i64, u32), NumberFault> {
        fixed(text.as_bytes()).map(|number| (number.mantissa, number.decimals))
    }

    #[test]
    fn prices_are_read_exactly_and_without_trailing_zeros() {
        for (text, want) in [
            ("23296.36", (2_329_636, 2)),
            ("100.10", (1_001, 1)),
            ("100.000000000000000000000000", (100, 0)),
            ("0.00001234", (1_234, 8)),
            (".5", (5, 1)),
            ("5.", (5, 0)),
            ("1e-05", (1, 5)),
            ("1.5E3", (1_500, 0)),
            ("-3.5", (-35, 1)),
            ("0", (0, 0)),
            ("9223372036854775807", (i64::MAX, 0)),
        ] {
            assert_eq!(read(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_usable_number_says_why() {
        for (text, want) in [
            ("", NumberFault::Empty),
            (".", NumberFault::NotNumber),
            ("1,5", NumberFault::NotNumber),
            (" 1", NumberFault::NotNumber),
            ("1.2.3", NumberFault::NotNumber),
            ("NaN", NumberFault::NotFinite),
            ("-inf", NumberFault::NotFinite),
            ("0.123456789012345", NumberFault::TooManyDecimals),
            ("9223372036854775808", NumberFault::TooLarge),
            ("99999999999999999999999999999999999", NumberFault::TooLarge),
        ] {
            assert_eq!(read(text), Err(want), "{text}");
        }
        assert_eq!(float(b"1e999"), Err(NumberFault::NotFinite));
        assert_eq!(integer(b"1659312000000.0"), Err(NumberFault::NotNumber));
        assert_eq!(integer(b"12."), Err(NumberFault::NotNumber));
        assert_eq!(integer(b"-5"), Ok(-5));
    }

    proptest::proptest! {
        #[test]
        fn float_text_reads_back_to_the_bit(value in 0.0_f64..1e18) {
            let text = format!("{value}");
            proptest::prop_assert_eq!(float(text.as_bytes()).unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            let _ = (fixed(&bytes), float(&bytes), integer(&bytes));
        }
    }
}
