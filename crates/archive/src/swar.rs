//! The fast path for rows of plain digits, eight bytes at a time.
//!
//! It reads the usual row (`digits[.digits]` six times, LF or CRLF) straight from the buffer and gives up on
//! anything else, near the buffer's end too: [`crate::csv`] then takes the line apart with care. Both ways
//! give the same row, which a property below holds.

use crate::number::{DECIMALS_MAX, EXACT_FLOAT_MAX, Fixed, power};

const ZEROS: u64 = 0x3030_3030_3030_3030;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/// Added to a byte's value, this sets its high bit if the value is above nine.
const ABOVE_NINE: u64 = 0x7676_7676_7676_7676;
/// 18 digits always fit into 63 bits.
const DIGITS_MAX: u32 = 18;

/// The numbers of one row as they are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) ts_ms: i64,
    pub(crate) prices: [Fixed; 4],
    pub(crate) volume: f64,
}

/// The row at the start of `bytes` and its length with the line's end; `None` if it is not a usual one.
#[inline]
pub(crate) fn row(bytes: &[u8]) -> Option<(Numbers, usize)> {
    let mut at = Cursor { rest: bytes };
    let ts_ms = at.number()?;
    at.take(b',')?;
    let mut prices = [Fixed { mantissa: 0, decimals: 0 }; 4];
    for price in &mut prices {
        *price = shortest(at.number()?)?;
        at.take(b',')?;
    }
    let volume = at.number()?;
    let mantissa = u64::try_from(volume.mantissa).ok().filter(|mantissa| *mantissa <= EXACT_FLOAT_MAX)?;
    if ts_ms.decimals > 0 {
        return None;
    }
    if at.rest.first() == Some(&b'\r') {
        at.skip(1)?;
    }
    at.take(b'\n')?;
    // Both operands are exact, so the quotient is the correctly rounded value of the text.
    let volume = mantissa as f64 / power(volume.decimals)? as f64;
    Some((Numbers { ts_ms: ts_ms.mantissa, prices, volume }, bytes.len() - at.rest.len()))
}

/// Without trailing zeros in the fraction, if the rest is not too long for a price.
#[inline]
fn shortest(mut number: Fixed) -> Option<Fixed> {
    while number.decimals > 0 && number.mantissa % 10 == 0 {
        number.mantissa /= 10;
        number.decimals -= 1;
    }
    (number.decimals <= DECIMALS_MAX).then_some(number)
}

struct Cursor<'a> {
    rest: &'a [u8],
}

/// Digits that were read: their value and how many they were.
#[derive(Clone, Copy)]
struct Run {
    value: u64,
    count: u32,
}

impl Cursor<'_> {
    #[inline]
    fn skip(&mut self, count: usize) -> Option<()> {
        self.rest = self.rest.get(count..)?;
        Some(())
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*first == byte).then_some(())
    }

    /// Digits with or without a fraction; both sides of a point must have some.
    #[inline(always)]
    fn number(&mut self) -> Option<Fixed> {
        let whole = self.run(Run { value: 0, count: 0 })?;
        if self.rest.first() != Some(&b'.') {
            return Some(Fixed { mantissa: i64::try_from(whole.value).ok()?, decimals: 0 });
        }
        self.skip(1)?;
        let all = self.run(whole)?;
        Some(Fixed { mantissa: i64::try_from(all.value).ok()?, decimals: all.count - whole.count })
    }

    /// At least one more digit, at most [`DIGITS_MAX`] together with those `before`.
    #[inline]
    fn run(&mut self, before: Run) -> Option<Run> {
        let mut run = before;
        loop {
            let part = eight(self.rest.first_chunk()?);
            run = run.then(part)?;
            self.rest = self.rest.get(usize::try_from(part.count).ok()?..)?;
            if part.count < 8 {
                return (run.count > before.count).then_some(run);
            }
        }
    }
}

impl Run {
    /// The digits of `self` followed by those of `part`.
    #[inline]
    fn then(self, part: Run) -> Option<Run> {
        let count = self.count + part.count;
        let value = self.value.wrapping_mul(power(part.count)?.unsigned_abs()).wrapping_add(part.value);
        (count <= DIGITS_MAX).then_some(Run { value, count })
    }
}

/// The digits at the start of eight bytes.
#[inline]
fn eight(bytes: &[u8; 8]) -> Run {
    let values = u64::from_le_bytes(*bytes) ^ ZEROS;
    // A byte that is no digit may carry into those after it, which do not matter any more.
    let others = (values.wrapping_add(ABOVE_NINE) | values) & HIGH_BITS;
    let count = others.trailing_zeros() / 8;
    if count == 0 {
        return Run { value: 0, count };
    }
    // The digits move to the end of the word, zeros take their place: "42" becomes "00000042". Then pairs,
    // fours and eights are joined (Daniel Lemire, "Quickly parsing eight digits", 2018).
    let digits = values << (64 - 8 * count);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let lower = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let upper = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    Run { value: lower.wrapping_add(upper) >> 32, count }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn eight_bytes_give_their_leading_digits() {
        for (text, value, count) in
            [(b"12345678", 12_345_678, 8), (b"42,99999", 42, 2), (b"0.500000", 0, 1), (b"/:\xff12345", 0, 0)]
        {
            let run = eight(text);
            assert_eq!((run.value, run.count), (value, count), "{text:?}");
        }
        assert_eq!(eight(b"7\xff\xff\xff9999").value, 7);
    }

    #[test]
    fn unusual_rows_are_left_to_the_careful_way() {
        let pad = "                ";
        for text in
            ["", "1", "1,2,3,4,5,6", "1,2,3,4,5,6\n", "-1,2,3,4,5,6\n", "1,.5,3,4,5,6\n", "1,2.,3,4,5,6\n"]
        {
            assert_eq!(row(text.as_bytes()), None, "{text:?}");
        }
        for text in ["-1,2,3,4,5,6\n", "1.5,2,3,4,5,6\n", "1,2,3,4,5\n", "1,2,3,4,5,6,7\n", "1,2,3,4,5,1e5\n"]
        {
            assert_eq!(row(format!("{text}{pad}").as_bytes()), None, "{text:?}");
        }
        let (numbers, length) = row(format!("17,2.50,3,4,5,0.1\r\n{pad}").as_bytes()).unwrap();
        assert_eq!((numbers.ts_ms, length), (17, 19));
        assert_eq!(numbers.prices.first(), Some(&Fixed { mantissa: 25, decimals: 1 }));
    }

    proptest! {
        #[test]
        fn both_ways_read_the_same(
            text in "[0-9]{1,19}(,[0-9]{1,12}([.][0-9]{0,15})?){4},[0-9]{0,9}[.]?[0-9]{0,12}[\n\r,x]{1,2}"
        ) {
            let padded = format!("{text}        ,        ");
            if let Some((numbers, length)) = row(padded.as_bytes()) {
                let careful = crate::csv::careful(text.as_bytes().get(..length).unwrap().trim_ascii_end());
                prop_assert_eq!(Some(numbers), careful);
            }
        }
    }
}
