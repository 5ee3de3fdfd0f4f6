//! A segment's name and header.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, JournalFile};
use crate::error::StoreError;

use super::codec;
use super::frame::{self, FRAME_PAYLOAD_BYTES_MAX, chunk};
use super::record::JournalInfo;

const MAGIC: [u8; 8] = *b"SEAWALLJ";
const FORMAT: u16 = 1;
/// Bytes before the info.
const FIXED_BYTES: usize = 36;
/// Bytes that the checksum covers before the info.
const CHECKED_BYTES: usize = 32;
const EXTENSION: &str = "swj";
/// What a file is called until its header is complete.
const UNFINISHED: &str = "unfinished";

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// As in its name.
    pub(crate) number: u32,
    /// Number of its first record.
    pub(crate) first_seq: u64,
    /// What the numbers mean.
    pub(crate) info: JournalInfo,
}

/// Where a segment is.
pub(crate) fn path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.{EXTENSION}"))
}

/// The numbers of the segments in `dir`: 1, 2, … without a hole, or none.
pub(crate) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<u32>, StoreError> {
    let names = match disk.list(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(StoreError::io("list", dir))?,
    };
    let number = |name: &String| name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse::<u32>().ok();
    let mut numbers: Vec<u32> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    for (expected, found) in (1..).zip(&numbers) {
        if *found != expected {
            return Err(StoreError::SegmentMissing { file: path(dir, expected) });
        }
    }
    Ok(numbers)
}

/// Removes what a crash left of a segment that was being created.
pub(crate) fn remove_unfinished(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    let names = disk.list(dir).map_err(StoreError::io("list", dir))?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        let path = dir.join(name);
        disk.remove(&path).map_err(StoreError::io("remove", &path))?;
    }
    Ok(())
}

impl SegmentHeader {
    /// Creates the segment's file; returns it with its length. The name appears when the header is durable.
    pub(crate) fn create(
        &self,
        disk: &dyn Disk,
        dir: &Path,
    ) -> Result<(Box<dyn JournalFile>, u64), StoreError> {
        let final_path = path(dir, self.number);
        let unfinished = final_path.with_extension(UNFINISHED);
        let bytes = self.bytes(&final_path)?;
        let mut file = disk.create(&unfinished).map_err(StoreError::io("create", &unfinished))?;
        file.append(&bytes).map_err(StoreError::io("write", &unfinished))?;
        file.sync().map_err(StoreError::io("sync", &unfinished))?;
        disk.rename(&unfinished, &final_path).map_err(StoreError::io("create", &final_path))?;
        disk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
        let length = file.length().map_err(StoreError::io("measure", &final_path))?;
        Ok((file, length))
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        let failed = |what: String| StoreError::Encode { kind: "segment header", what };
        let mut info = Vec::new();
        frame::encode_list(&self.info.instruments, &mut info).map_err(failed)?;
        let length = u32::try_from(info.len()).ok().filter(|_| info.len() <= FRAME_PAYLOAD_BYTES_MAX);
        let length = length.ok_or_else(|| failed(format!("{}: too many instruments", path.display())))?;
        let mut bytes = Vec::with_capacity(FIXED_BYTES + info.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&self.info.run.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&checksum(&bytes, &info).to_le_bytes());
        bytes.extend_from_slice(&info);
        Ok(bytes)
    }

    /// Reads the header of the segment at `path`, and its length in bytes.
    pub(crate) fn read(
        file: &mut dyn JournalFile,
        path: &Path,
        number: u32,
    ) -> Result<(SegmentHeader, u64), StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt {
            file: path.to_owned(),
            offset: 0,
            seq: 0,
            what: format!("segment header: {what}"),
        };
        let short = || corrupt("incomplete");
        let mut fixed = [0; FIXED_BYTES];
        let read = file.read_at(0, &mut fixed).map_err(StoreError::io("read", path))?;
        if read < FIXED_BYTES {
            return Err(short());
        }
        let word = |at: usize| chunk(&fixed, at).map(u32::from_le_bytes).ok_or_else(short);
        if chunk(&fixed, 0) != Some(MAGIC) {
            return Err(corrupt("does not begin like a journal of seawall"));
        }
        let format = chunk(&fixed, 8).map(u16::from_le_bytes).ok_or_else(short)?;
        if format != FORMAT {
            return Err(StoreError::UnknownForm {
                file: path.to_owned(),
                offset: 8,
                seq: 0,
                what: format!("journal format {format}, known is {FORMAT}"),
            });
        }
        let length = usize::try_from(word(28)?).ok().filter(|length| *length <= FRAME_PAYLOAD_BYTES_MAX);
        let mut info = vec![0; length.ok_or_else(|| corrupt("impossible length"))?];
        let start = u64::try_from(FIXED_BYTES).unwrap_or(u64::MAX);
        let read = file.read_at(start, &mut info).map_err(StoreError::io("read", path))?;
        if read < info.len() {
            return Err(short());
        }
        let checked = fixed.get(..CHECKED_BYTES).ok_or_else(short)?;
        if checksum(checked, &info) != word(CHECKED_BYTES)? {
            return Err(corrupt("checksum does not match"));
        }
        if word(16)? != number {
            return Err(corrupt(&format!("says it is segment {}: the file was renamed", word(16)?)));
        }
        let first_seq = chunk(&fixed, 20).map(u64::from_le_bytes).ok_or_else(short)?;
        let instruments = codec::take_all(&info).map_err(|error| corrupt(&error.to_string()))?;
        let header = SegmentHeader { number, first_seq, info: JournalInfo { run: word(12)?, instruments } };
        Ok((header, start.saturating_add(u64::try_from(info.len()).unwrap_or(u64::MAX))))
    }
}

fn checksum(fixed: &[u8], info: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(fixed);
    hasher.update(info);
    hasher.finalize()
}
