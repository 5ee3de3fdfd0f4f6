//! A sink for canonical state: whoever wants a hash of some state writes it here, field by field.
//!
//! Invariant: writers emit fixed-width little-endian values in a fixed order, so equal states give equal
//! bytes on every machine. Which hash is computed is the caller's choice.

/// Receives the bytes of a state.
pub trait StateSink {
    /// Takes the next bytes.
    fn bytes(&mut self, bytes: &[u8]);

    /// Takes an unsigned number.
    fn number(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Takes a signed number.
    fn signed(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Takes a float by its bits.
    fn float(&mut self, value: f64) {
        self.bytes(&value.to_bits().to_le_bytes());
    }

    /// Takes an exact decimal by sign, mantissa and scale without trailing zeros.
    fn decimal(&mut self, value: rust_decimal::Decimal) {
        let value = value.normalize();
        self.bytes(&value.mantissa().to_le_bytes());
        self.bytes(&value.scale().to_le_bytes());
    }
}

impl StateSink for Vec<u8> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
