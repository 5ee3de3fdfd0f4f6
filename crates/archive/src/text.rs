//! Numbers as their shortest text, and foreign bytes as they may stand in a message.

use crate::number::power;

/// Appends `units / 10^decimals` in its shortest decimal text.
pub(crate) fn write_fixed(out: &mut Vec<u8>, units: i64, decimals: u32) {
    let (mut units, mut decimals) = (units, decimals);
    while decimals > 0 && units % 10 == 0 {
        units /= 10;
        decimals -= 1;
    }
    if units < 0 {
        out.push(b'-');
    }
    let magnitude = units.unsigned_abs();
    let divisor = power(decimals).map_or(1, i64::unsigned_abs);
    write_digits(out, magnitude / divisor, 1);
    if decimals > 0 {
        out.push(b'.');
        write_digits(out, magnitude % divisor, decimals);
    }
}

fn write_digits(out: &mut Vec<u8>, value: u64, width: u32) {
    let start = out.len();
    let (mut value, mut width) = (value, width);
    while value > 0 || width > 0 {
        let digit = u8::try_from(value % 10).unwrap_or(0);
        out.push(b'0' + digit);
        value /= 10;
        width = width.saturating_sub(1);
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// `units / 10^decimals` as text.
pub(crate) fn fixed_text(units: i64, decimals: u32) -> String {
    let mut out = Vec::with_capacity(24);
    write_fixed(&mut out, units, decimals);
    String::from_utf8_lossy(&out).into_owned()
}

/// A field as it may stand in a message: printable and at most 40 characters.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    const LENGTH_MAX: usize = 40;
    shorten(bytes, LENGTH_MAX)
}

/// `bytes` made printable, at most `length_max` characters and an ellipsis.
pub(crate) fn shorten(bytes: &[u8], length_max: usize) -> String {
    let head = bytes.get(..bytes.len().min(length_max * 4)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == length_max {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::fixed;

    #[test]
    fn text_is_the_shortest() {
        for (units, decimals, want) in
            [(2_329_600, 2, "23296"), (5, 3, "0.005"), (-1_050, 3, "-1.05"), (0, 4, "0")]
        {
            assert_eq!(fixed_text(units, decimals), want);
        }
    }

    #[test]
    fn messages_stay_short_and_printable() {
        assert_eq!(excerpt(b"a\x00b\n"), "a\\u{0}b\\n");
        assert_eq!(excerpt(&[b'x'; 100]).chars().count(), 41);
        assert_eq!(excerpt(&[0xff, b'1']), "\u{fffd}1");
    }

    proptest::proptest! {
        #[test]
        fn fixed_point_text_reads_back(units in 0..i64::MAX, decimals in 0_u32..=14) {
            let text = fixed_text(units, decimals);
            let back = fixed(text.as_bytes()).unwrap();
            let shift = power(decimals - back.decimals).unwrap();
            proptest::prop_assert_eq!(back.mantissa * shift, units);
        }
    }
}
