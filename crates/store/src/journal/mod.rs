//! The journal: everything the engine was told, and every request before it leaves.
//!
//! A journal is a directory of segments, `00000001.swj`, `00000002.swj`, …; a segment is a header and frames.
//! All numbers are little-endian.
//!
//! | segment header | bytes | |
//! |---|---|---|
//! | magic | 8 | `SEAWALLJ` |
//! | format | 2 | 1 |
//! | reserved | 2 | 0 |
//! | run | 4 | as in the client order ids |
//! | segment | 4 | as in the file's name, from 1 |
//! | first seq | 8 | number of the segment's first record |
//! | info length | 4 | |
//! | crc32 | 4 | of the 32 bytes before and the info |
//! | info | … | CBOR `[[name, price scale, qty scale], …]`: what the instruments' numbers mean |
//!
//! | frame | bytes | |
//! |---|---|---|
//! | length | 4 | of the payload, at most [`FRAME_PAYLOAD_BYTES_MAX`] |
//! | crc32 | 4 | of all other bytes of the frame, the length too |
//! | kind | 2 | [`RecordKind::code`] |
//! | schema | 2 | of the payload: 1 |
//! | seq | 8 | rises by one from frame to frame, over all segments, from 1 |
//! | time | 8 | nanoseconds since 1970, signed |
//! | payload | … | CBOR, see `codec` |
//!
//! Invariants: what [`Journal::sync`] returned for is read back, bit for bit, after any crash. What a crash
//! cut short at the end of the last segment is cut off at the next start and reported. Anything else that is
//! not as it was written stops the start with the file, the byte and the record. A segment's header is
//! complete before its file has its name, and a segment is complete and synced before the next one exists.

mod codec;
mod frame;
mod open;
mod reader;
mod record;
mod scan;
mod segment;
mod show;
mod verify;
mod writer;

pub use frame::FRAME_PAYLOAD_BYTES_MAX;
pub use open::{Cut, OpenReport};
pub use reader::Reader;
pub use record::{
    CarryPart, CarryPiece, Checkpoint, Digest, End, EndReason, Entry, Header, InstrumentEntry, JournalInfo,
    OperatorNote, Record, RecordKind, RunMode,
};
pub use show::show;
pub use verify::{Damage, Progress, VerifyReport, verify, verify_on};
pub use writer::{Journal, JournalOptions};
