//! Numbers, texts, lists and the model's newtypes.

use arrayvec::ArrayString;
use minicbor::data::{IanaTag, Tag, Type};
use minicbor::{Decoder, decode};
use rust_decimal::Decimal;
use seawall_model::{
    InstrumentId, InstrumentName, Money, Percent, Price, PriceUnits, Qty, QtyUnits, Ratio, Span, Ts,
};

use super::{Out, Put, Taken, Wire, array_length, expect_length};

/// Rows for which room is made before the first is read: a length is a claim until the rows are there.
const ROWS_RESERVED_MAX: u64 = 1_024;

macro_rules! wire_number {
    ($($number:ident),+) => {
        $(impl Wire for $number {
            fn put(&self, out: &mut Out<'_>) -> Put {
                out.$number(*self)?;
                Ok(())
            }

            fn take(input: &mut Decoder<'_>) -> Taken<Self> {
                input.$number()
            }
        })+
    };
}

wire_number!(bool, u8, u32, u64, i64, f64);

macro_rules! wire_newtype {
    ($($name:ident: $new:path, $get:path;)+) => {
        $(impl Wire for $name {
            fn put(&self, out: &mut Out<'_>) -> Put {
                $get(*self).put(out)
            }

            fn take(input: &mut Decoder<'_>) -> Taken<Self> {
                Wire::take(input).map($new)
            }
        })+
    };
}

wire_newtype! {
    Ts: Ts::from_nanos, Ts::nanos;
    Span: Span::from_nanos, Span::nanos;
    PriceUnits: PriceUnits::new, PriceUnits::get;
    QtyUnits: QtyUnits::new, QtyUnits::get;
    Money: Money::new, Money::get;
    Price: Price::new, Price::get;
    Qty: Qty::new, Qty::get;
    Ratio: Ratio::new, Ratio::get;
    Percent: Percent::new, Percent::get;
}

impl Wire for InstrumentId {
    fn put(&self, out: &mut Out<'_>) -> Put {
        self.0.put(out)
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        input.u32().map(InstrumentId)
    }
}

impl Wire for Decimal {
    fn put(&self, out: &mut Out<'_>) -> Put {
        out.tag(IanaTag::Decimal)?.array(2)?.i64(-i64::from(self.scale()))?.i128(self.mantissa())?;
        Ok(())
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        if input.tag()? != Tag::from(IanaTag::Decimal) {
            return Err(decode::Error::message("a decimal must be CBOR tag 4"));
        }
        let length = array_length(input)?;
        expect_length(length, 2, "Decimal")?;
        let bad = || decode::Error::message("decimal out of range");
        let scale = input.i64()?.checked_neg().and_then(|scale| u32::try_from(scale).ok()).ok_or_else(bad)?;
        Decimal::try_from_i128_with_scale(input.i128()?, scale).map_err(|_| bad())
    }
}

impl Wire for String {
    fn put(&self, out: &mut Out<'_>) -> Put {
        out.str(self)?;
        Ok(())
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        input.str().map(str::to_owned)
    }
}

impl Wire for InstrumentName {
    fn put(&self, out: &mut Out<'_>) -> Put {
        out.str(self.as_str())?;
        Ok(())
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        input.str()?.parse().map_err(decode::Error::message)
    }
}

impl<const LENGTH: usize> Wire for ArrayString<LENGTH> {
    fn put(&self, out: &mut Out<'_>) -> Put {
        out.str(self)?;
        Ok(())
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        let text = input.str()?;
        ArrayString::from(text)
            .map_err(|_| decode::Error::message(format!("text of more than {LENGTH} bytes")))
    }
}

impl<const LENGTH: usize> Wire for [u8; LENGTH] {
    fn put(&self, out: &mut Out<'_>) -> Put {
        out.bytes(self)?;
        Ok(())
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        let bytes = input.bytes()?;
        bytes.try_into().map_err(|_| decode::Error::message(format!("not {LENGTH} bytes")))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Out<'_>) -> Put {
        match self {
            Some(value) => value.put(out),
            None => {
                out.null()?;
                Ok(())
            }
        }
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        if input.datatype()? == Type::Null {
            input.null()?;
            return Ok(None);
        }
        T::take(input).map(Some)
    }
}

/// Writes a list; the same bytes as a `Vec`.
pub(crate) fn put_list<T: Wire>(rows: &[T], out: &mut Out<'_>) -> Put {
    out.array(rows.len().try_into().unwrap_or(u64::MAX))?;
    rows.iter().try_for_each(|row| row.put(out))
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Out<'_>) -> Put {
        put_list(self, out)
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        let length = array_length(input)?;
        let reserved = usize::try_from(length.min(ROWS_RESERVED_MAX)).unwrap_or_default();
        let mut rows = Vec::with_capacity(reserved);
        for _ in 0..length {
            rows.push(T::take(input)?);
        }
        Ok(rows)
    }
}
