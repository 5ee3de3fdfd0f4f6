//! Bytes as numbers, from the front. What is missing at the end ends the input.

/// What is left of the bytes.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.bytes().map(|[byte]| byte)
    }

    /// A small number, often at the edges.
    pub(crate) fn small(&mut self) -> Option<usize> {
        self.byte().map(usize::from)
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        self.byte().map(|byte| i64::from(i8::from_le_bytes([byte])))
    }

    /// Any 64 bits as a float, or a usual one.
    pub(crate) fn float(&mut self) -> Option<f64> {
        Some(match self.byte()? {
            0 => 0.0,
            1 => -0.0,
            2 => 1.0,
            3 => f64::NAN,
            4 => f64::INFINITY,
            5 => f64::NEG_INFINITY,
            6 => f64::MAX,
            7 => f64::MIN,
            8 => f64::MIN_POSITIVE,
            9 => f64::from_bits(1),
            10 => 0.001,
            byte @ 11..=127 => f64::from(byte),
            128..=255 => f64::from_le_bytes(self.bytes()?),
        })
    }

    pub(crate) fn integer(&mut self) -> Option<i64> {
        self.bytes().map(i64::from_le_bytes)
    }

    /// Text of up to `most` bytes; what is no UTF-8 is left out.
    pub(crate) fn text(&mut self, most: usize) -> Option<&'a str> {
        let length = self.small()? % (most + 1);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        core::str::from_utf8(text).ok()
    }
}
