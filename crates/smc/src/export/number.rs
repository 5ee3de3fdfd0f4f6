//! Floats as numpy, and with it the CSV writer of pandas, writes them.
//!
//! Invariant: the text is the shortest decimal that reads back to the same float, of several the nearest, of
//! two equally near the even one. It is positional (`0.97345`,
//! `1.0`) for zero and where `1e-4 <= |value| < 1e16` (`1e6` for 32 bits), else scientific (`1e-05`,
//! `1.5e+16`). The float itself is compared, so the 32-bit float nearest to 0.0001, which lies below it, is
//! `1e-04`. Source: numpy 2.4.6, observed.

use core::fmt::{LowerExp, Write};
use core::str::FromStr;

/// The width of a float in a table.
pub(super) trait Float: LowerExp + Copy + FromStr {
    /// Where scientific notation begins.
    const SCIENTIFIC: f64;
    /// No two decimals of so many digits read as one float.
    const DIGITS: usize;

    /// The same value in 64 bits.
    fn wide(self) -> f64;
}

impl Float for f64 {
    const SCIENTIFIC: f64 = 1e16;
    const DIGITS: usize = 15;

    fn wide(self) -> f64 {
        self
    }
}

impl Float for f32 {
    const SCIENTIFIC: f64 = 1e6;
    const DIGITS: usize = 6;

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

/// Appends `value`; NaN, which means none, is empty. `scratch` is overwritten.
pub(super) fn write_float<F: Float>(out: &mut String, scratch: &mut String, value: F) {
    let wide = value.wide();
    if wide.is_nan() {
        return;
    }
    if wide.is_infinite() {
        out.push_str(if wide < 0.0 { "-inf" } else { "inf" });
        return;
    }
    shortest(scratch, value);
    let (mantissa, exponent) = scratch.split_once('e').unwrap_or((scratch, "0"));
    let digits = match mantissa.strip_prefix('-') {
        Some(digits) => {
            out.push('-');
            digits
        }
        None => mantissa,
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let size = wide.abs();
    if size.to_bits() == 0 || (1e-4..F::SCIENTIFIC).contains(&size) {
        positional(out, digits, exponent);
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// Writes the digits and the exponent.
fn shortest<F: Float>(out: &mut String, value: F) {
    out.clear();
    // Writing to a string cannot fail.
    let _ = write!(out, "{value:e}");
    let digits = out.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    if digits <= F::DIGITS {
        return;
    }
    // Of two that are equally near this gives the upper one, but with a precision the even one.
    let length = out.len();
    let _ = write!(out, "{value:.*e}", digits - 1);
    let even = out.get(length..).unwrap_or_default();
    if even.parse::<F>().is_ok_and(|read| read.wide().to_bits() == value.wide().to_bits()) {
        out.drain(..length);
    } else {
        out.truncate(length);
    }
}

/// Appends `digits` (`d` or `d.ddd`) times ten to the `exponent` without an exponent.
fn positional(out: &mut String, digits: &str, exponent: i32) {
    let digits = digits.chars().filter(|&digit| digit != '.');
    if exponent < 0 {
        out.push_str("0.");
        out.extend((1..exponent.unsigned_abs()).map(|_| '0'));
        out.extend(digits);
        return;
    }
    let mut whole = exponent.saturating_add(1);
    for digit in digits {
        if whole == 0 {
            out.push('.');
        }
        out.push(digit);
        whole -= 1;
    }
    out.extend((0..whole).map(|_| '0'));
    if whole >= 0 {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text<F: Float>(value: F) -> String {
        let mut out = String::new();
        write_float(&mut out, &mut String::from("old"), value);
        out
    }

    /// Written by pandas 3.1.1 with numpy 2.4.6.
    const DOUBLES: [(f64, &str); 23] = [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (0.97312, "0.97312"),
        (1e-5, "1e-05"),
        (0.0001, "0.0001"),
        (0.000_123_45, "0.00012345"),
        (9.999_999_999_999_999e-5, "9.999999999999999e-05"),
        (1.5e16, "1.5e+16"),
        (1e16, "1e+16"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (-12.5, "-12.5"),
        (100.0, "100.0"),
        (1e15, "1000000000000000.0"),
        // Exactly ….625.
        (92_924_379_024_814.62, "92924379024814.62"),
        (1e22, "1e+22"),
        (1e23, "1e+23"),
        (1e100, "1e+100"),
        (5e-324, "5e-324"),
        (5.684_341_886_080_802e-14, "5.684341886080802e-14"),
        (f64::NEG_INFINITY, "-inf"),
    ];

    /// Written by pandas 3.1.1 with numpy 2.4.6.
    const SINGLES: [(f32, &str); 15] = [
        (0.1, "0.1"),
        (0.0001, "1e-04"),
        (0.000_123_45, "0.00012345"),
        (0.973_455_55, "0.97345555"),
        (24_423.0, "24423.0"),
        // Exactly 25424.8125 and 1109920.25.
        (25_424.0 + 0.812_5, "25424.812"),
        (1_109_920.0 + 0.25, "1.1099202e+06"),
        (999_999.94, "999999.94"),
        (1e6, "1e+06"),
        (16_777_216.0, "1.6777216e+07"),
        (1.234_567_9e8, "1.2345679e+08"),
        (9.999_999e15, "9.999999e+15"),
        (1e16, "1e+16"),
        (1.234_567_9e17, "1.2345679e+17"),
        (1e-5, "1e-05"),
    ];

    #[test]
    fn golden_values_are_written_as_pandas_writes_them() {
        for (value, expected) in DOUBLES {
            assert_eq!(text(value), expected);
        }
        for (value, expected) in SINGLES {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(f64::NAN), "");
        assert_eq!(text(f32::NAN), "");
    }

    proptest! {
        #[test]
        fn the_text_reads_back_to_the_bit_and_no_digit_can_be_spared(value in any::<f64>()) {
            let text = text(value);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
            let digits = text.split('e').next().unwrap().trim_start_matches(['-', '0', '.']);
            let digits = digits.trim_end_matches(['0', '.']);
            let count = digits.bytes().filter(u8::is_ascii_digit).count();
            if let Some(fewer) = count.checked_sub(2) {
                let spared = format!("{value:.fewer$e}");
                prop_assert_ne!(spared.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{}", text);
            }
            prop_assert!(text.contains('.') || text.contains('e'), "{}", text);
        }

        #[test]
        fn singles_read_back_to_the_bit(value in any::<f32>()) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f32>().unwrap().to_bits(), value.to_bits());
        }
    }
}
