//! One frame: a header of fixed size, a checksum over everything else, a payload.

use seawall_model::Ts;

use super::codec::{self, Wire};
use super::record::{Record, RecordKind};

/// Largest payload of a frame in bytes: some ten thousand rows of a report.
pub const FRAME_PAYLOAD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes before the payload.
pub(crate) const FRAME_HEADER_BYTES: usize = 28;

/// The schema that is written.
pub(crate) const SCHEMA: u16 = 1;

/// Bytes `at..at + LENGTH`, if they are there.
pub(crate) fn chunk<const LENGTH: usize>(bytes: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    bytes.get(at..at.checked_add(LENGTH)?)?.try_into().ok()
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Bytes of the payload.
    pub(crate) length: u32,
    /// Checksum of the rest of the frame.
    pub(crate) crc: u32,
    /// A [`RecordKind`]'s number.
    pub(crate) kind: u16,
    /// The payload's schema.
    pub(crate) schema: u16,
    /// The record's number.
    pub(crate) seq: u64,
    /// The record's time.
    pub(crate) at: Ts,
}

impl FrameHeader {
    /// Reads a header; `None` if `bytes` are fewer than it has.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        Some(FrameHeader {
            length: u32::from_le_bytes(chunk(bytes, 0)?),
            crc: u32::from_le_bytes(chunk(bytes, 4)?),
            kind: u16::from_le_bytes(chunk(bytes, 8)?),
            schema: u16::from_le_bytes(chunk(bytes, 10)?),
            seq: u64::from_le_bytes(chunk(bytes, 12)?),
            at: Ts::from_nanos(i64::from_le_bytes(chunk(bytes, 20)?)),
        })
    }

    /// The payload's length, if a frame may have it.
    pub(crate) fn payload_length(&self) -> Option<usize> {
        usize::try_from(self.length).ok().filter(|length| *length <= FRAME_PAYLOAD_BYTES_MAX)
    }

    /// Whether some version may write such a frame.
    pub(crate) fn is_plausible(&self) -> bool {
        const NUMBERS: core::ops::RangeInclusive<u16> = 1..=255;
        NUMBERS.contains(&self.kind) && NUMBERS.contains(&self.schema)
    }

    /// The checksum that a frame with this header and `payload` should have.
    pub(crate) fn expected_crc(&self, payload: &[u8]) -> u32 {
        let words = self.words();
        let [length, _, rest @ ..] = &words;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(length);
        hasher.update(rest.as_flattened());
        hasher.update(payload);
        hasher.finalize()
    }

    /// The header as it stands in a file.
    pub(crate) fn words(&self) -> [[u8; 4]; 7] {
        let [seq_low, seq_high] = halves(self.seq.to_le_bytes());
        let [at_low, at_high] = halves(self.at.nanos().to_le_bytes());
        let [kind, schema] = [self.kind.to_le_bytes(), self.schema.to_le_bytes()];
        let kinds = [kind[0], kind[1], schema[0], schema[1]];
        [self.length.to_le_bytes(), self.crc.to_le_bytes(), kinds, seq_low, seq_high, at_low, at_high]
    }
}

fn halves([a, b, c, d, e, f, g, h]: [u8; 8]) -> [[u8; 4]; 2] {
    [[a, b, c, d], [e, f, g, h]]
}

/// Adds a frame with `payload` to `out`.
pub(crate) fn write(out: &mut Vec<u8>, length: u32, kind: RecordKind, seq: u64, at: Ts, payload: &[u8]) {
    let mut header = FrameHeader { length, crc: 0, kind: kind.code(), schema: SCHEMA, seq, at };
    header.crc = header.expected_crc(payload);
    out.extend_from_slice(header.words().as_flattened());
    out.extend_from_slice(payload);
}

/// Why an intact frame cannot be understood.
pub(crate) fn check_form(header: &FrameHeader) -> Result<RecordKind, String> {
    let kind = RecordKind::from_code(header.kind)
        .ok_or_else(|| format!("unknown kind {} of record", header.kind))?;
    if header.schema == SCHEMA {
        Ok(kind)
    } else {
        Err(format!("{} record of schema {}, known is {SCHEMA}", kind.name(), header.schema))
    }
}

/// The record in an intact frame, or why it cannot be understood.
pub(crate) fn decode(header: &FrameHeader, payload: &[u8]) -> Result<Record, String> {
    let kind = check_form(header)?;
    let record = match kind {
        RecordKind::Header => codec::take_all(payload).map(Record::Header),
        RecordKind::Input => codec::take_all(payload).map(Record::Input),
        RecordKind::Dispatch => codec::take_all(payload).map(Record::Dispatch),
        RecordKind::Checkpoint => codec::take_all(payload).map(Record::Checkpoint),
        RecordKind::End => codec::take_all(payload).map(Record::End),
        RecordKind::Carry => codec::take_all(payload).map(Record::Carry),
        RecordKind::Operator => codec::take_all(payload).map(Record::Operator),
    };
    record.map_err(|error| format!("{} record: {error}", kind.name()))
}

/// Writes a value as a payload.
pub(crate) fn encode(value: &impl Wire, out: &mut Vec<u8>) -> Result<(), String> {
    value.put(&mut codec::Out::new(out)).map_err(|error| error.to_string())
}

/// Writes a list as a payload.
pub(crate) fn encode_list<T: Wire>(rows: &[T], out: &mut Vec<u8>) -> Result<(), String> {
    codec::put_list(rows, &mut codec::Out::new(out)).map_err(|error| error.to_string())
}
