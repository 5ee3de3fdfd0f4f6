//! The payloads of the journal: CBOR with stable numbers.
//!
//! Rules of the format, for as long as a journal exists that was written with it:
//!
//! - a struct is an array, and a field's number is its position in it;
//! - an enum without fields is its number; an enum with fields is an array of its number and the fields;
//! - numbers are never reused, and what is not known is an error, never a guess: dropping a field that this
//!   program does not know would replay another history than the one that happened;
//! - a new field or variant is a new schema number in the frame, and the old reader stays beside the new one;
//! - a decimal is CBOR tag 4, `[exponent, mantissa]`; an instant is nanoseconds since 1970; a float is eight
//!   bytes, bit for bit.
//!
//! The tables below name each field and variant of the model once. The compiler refuses a table that forgets
//! one, and the golden file in `tests/golden` refuses one that renumbers.

mod events;
mod orders;
mod records;
mod values;

pub(crate) use values::put_list;

use core::convert::Infallible;

use minicbor::{Decoder, Encoder, decode, encode};

/// Where a value is written.
pub(crate) type Out<'a> = Encoder<&'a mut Vec<u8>>;
/// Writing to memory fails only where a value has no form.
pub(crate) type Put = Result<(), encode::Error<Infallible>>;
/// What reading gives.
pub(crate) type Taken<T> = Result<T, decode::Error>;

/// A value with a form in the journal.
pub(crate) trait Wire: Sized {
    /// Writes the value.
    fn put(&self, out: &mut Out<'_>) -> Put;
    /// Reads it back.
    fn take(input: &mut Decoder<'_>) -> Taken<Self>;
}

/// The value that fills the whole of `bytes`.
pub(crate) fn take_all<T: Wire>(bytes: &[u8]) -> Taken<T> {
    let mut input = Decoder::new(bytes);
    let value = T::take(&mut input)?;
    if input.position() == bytes.len() {
        Ok(value)
    } else {
        Err(decode::Error::message("more bytes than the value has"))
    }
}

/// The length of the array that comes next.
pub(crate) fn array_length(input: &mut Decoder<'_>) -> Taken<u64> {
    input.array()?.ok_or_else(|| decode::Error::message("array without a length"))
}

/// Refuses an array that is not as long as `what` needs it.
pub(crate) fn expect_length(found: u64, needed: u64, what: &str) -> Taken<()> {
    if found == needed {
        return Ok(());
    }
    Err(decode::Error::message(format!("{what} has {found} fields instead of {needed}")))
}

/// An enum's number that this program does not know.
pub(crate) fn unknown(what: &str, number: u32) -> decode::Error {
    decode::Error::message(format!("unknown {what} number {number}"))
}

/// One for each field of a table.
macro_rules! one {
    ($field:ident) => {
        1_u64
    };
}

/// A struct as an array of its fields, in the order of the table.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Out<'_>) -> Put {
                let $name { $($field),+ } = self;
                out.array(0 $(+ one!($field))+)?;
                $($field.put(out)?;)+
                Ok(())
            }

            fn take(input: &mut Decoder<'_>) -> Taken<Self> {
                let length = array_length(input)?;
                expect_length(length, 0 $(+ one!($field))+, stringify!($name))?;
                $(let $field = Wire::take(input)?;)+
                Ok($name { $($field),+ })
            }
        }
    };
}

/// An enum without fields as its number.
macro_rules! wire_codes {
    ($name:ident { $($code:literal = $variant:ident),+ $(,)? }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Out<'_>) -> Put {
                out.u32(match self {
                    $($name::$variant => $code),+
                })?;
                Ok(())
            }

            fn take(input: &mut Decoder<'_>) -> Taken<Self> {
                match input.u32()? {
                    $($code => Ok($name::$variant),)+
                    number => Err(unknown(stringify!($name), number)),
                }
            }
        }
    };
}

/// An enum with fields as an array of its number and the fields.
macro_rules! wire_variants {
    ($name:ident {
        $($code:literal = $variant:ident $(($only:ident))? $({ $($field:ident),+ $(,)? })?),+ $(,)?
    }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Out<'_>) -> Put {
                match self {
                    $($name::$variant { $(0: $only)? $($($field),+)? } => {
                        out.array(1 $(+ one!($only))? $($(+ one!($field))+)?)?.u32($code)?;
                        $($only.put(out)?;)?
                        $($($field.put(out)?;)+)?
                    })+
                }
                Ok(())
            }

            fn take(input: &mut Decoder<'_>) -> Taken<Self> {
                let length = array_length(input)?;
                match input.u32()? {
                    $($code => {
                        let what = concat!(stringify!($name), "::", stringify!($variant));
                        expect_length(length, 1 $(+ one!($only))? $($(+ one!($field))+)?, what)?;
                        $(let $only = Wire::take(input)?;)?
                        $($(let $field = Wire::take(input)?;)+)?
                        Ok($name::$variant { $(0: $only)? $($($field),+)? })
                    })+
                    number => Err(unknown(stringify!($name), number)),
                }
            }
        }
    };
}

pub(crate) use {one, wire_codes, wire_struct, wire_variants};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use seawall_model::{Input, Side, Ts, VenueRequest};

    use super::*;

    fn bytes(write: impl FnOnce(&mut Out<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut Out::new(&mut bytes));
        bytes
    }

    fn refused<T: Wire + core::fmt::Debug>(bytes: &[u8]) -> String {
        take_all::<T>(bytes).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_number_is_an_error_that_names_it() {
        let side = bytes(|out| {
            out.u32(2).unwrap();
        });
        assert!(refused::<Side>(&side).contains("unknown Side number 2"));
        let input = bytes(|out| {
            out.array(1).unwrap().u32(99).unwrap();
        });
        assert!(refused::<Input>(&input).contains("unknown Input number 99"));
    }

    #[test]
    fn fields_that_are_missing_or_not_known_are_an_error() {
        for fields in [1, 3] {
            let request = bytes(|out| {
                out.array(fields).unwrap().u32(2).unwrap().null().unwrap();
            });
            let text = refused::<VenueRequest>(&request);
            assert!(
                text.contains(&format!("VenueRequest::Cancel has {fields} fields instead of 2")),
                "{text}"
            );
        }
        assert!(refused::<Ts>(&[0x00, 0x00]).contains("more bytes"));
        assert!(refused::<Ts>(&[]).contains("end of input"));
        assert!(
            refused::<Vec<Ts>>(&bytes(|out| {
                out.begin_array().unwrap();
            }))
            .contains("without a length")
        );
        assert!(
            !refused::<Vec<Ts>>(&bytes(|out| {
                out.array(u64::MAX).unwrap();
            }))
            .is_empty()
        );
    }

    #[test]
    fn a_decimal_is_tag_4_with_exponent_and_mantissa() {
        let mut written = Vec::new();
        Decimal::new(-12_345, 3).put(&mut Out::new(&mut written)).unwrap();
        assert_eq!(written, [0xc4, 0x82, 0x22, 0x39, 0x30, 0x38]);
        let decimal = |tag: u64, exponent: i64, mantissa: i128| {
            bytes(|out| {
                let tag = minicbor::data::Tag::new(tag);
                out.tag(tag).unwrap().array(2).unwrap().i64(exponent).unwrap().i128(mantissa).unwrap();
            })
        };
        assert_eq!(take_all::<Decimal>(&decimal(4, 0, 7)).unwrap(), Decimal::from(7));
        for (tag, exponent, mantissa) in
            [(5, 0, 7), (4, 1, 7), (4, -29, 7), (4, i64::MIN, 7), (4, 0, 1 << 96), (4, 0, i128::MIN)]
        {
            refused::<Decimal>(&decimal(tag, exponent, mantissa));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = take_all::<Input>(&bytes);
            let _ = take_all::<Vec<VenueRequest>>(&bytes);
        }
    }
}
