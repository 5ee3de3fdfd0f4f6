//! Walks the frames of one segment in constant memory, and searches for intact ones behind damage.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, JournalFile};
use crate::error::StoreError;

use super::frame::{FRAME_HEADER_BYTES, FrameHeader};
use super::segment::{self, SegmentHeader};

/// Bytes that are read at once.
const WINDOW_BYTES: usize = 64 * 1024;

/// What comes next in a segment.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// An intact frame.
    Frame(FrameHeader, &'a [u8]),
    /// The segment ends here.
    End,
    /// What stands here is not an intact frame.
    Bad(&'static str),
}

/// A segment being read. The offset stays at a bad frame.
#[derive(Debug)]
pub(crate) struct SegmentScan {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    /// Length of the file when it was opened: a writer may be adding to it.
    pub(crate) length: u64,
    /// Where the next frame begins.
    pub(crate) offset: u64,
    file: Box<dyn JournalFile>,
    window: Vec<u8>,
    window_start: u64,
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl SegmentScan {
    /// Opens segment `number` of the journal in `dir` and reads its header.
    pub(crate) fn open(disk: &dyn Disk, dir: &Path, number: u32) -> Result<Self, StoreError> {
        let path = segment::path(dir, number);
        let mut file = disk.open_read_only(&path).map_err(StoreError::io("open", &path))?;
        let length = file.length().map_err(StoreError::io("measure", &path))?;
        let (header, offset) = SegmentHeader::read(&mut *file, &path, number)?;
        Ok(SegmentScan { path, header, length, offset, file, window: Vec::new(), window_start: 0 })
    }

    /// The next frame, if one is there and intact.
    pub(crate) fn next(&mut self) -> Result<Step<'_>, StoreError> {
        let offset = self.offset;
        let left = self.length.saturating_sub(offset);
        if left == 0 {
            return Ok(Step::End);
        }
        if left < wide(FRAME_HEADER_BYTES) {
            return Ok(Step::Bad("incomplete frame"));
        }
        let bytes = self.bytes(offset, FRAME_HEADER_BYTES)?;
        let Some(header) = FrameHeader::read(bytes) else { return Ok(Step::Bad("incomplete frame")) };
        let Some(length) = header.payload_length() else { return Ok(Step::Bad("impossible length")) };
        let whole = FRAME_HEADER_BYTES + length;
        if left < wide(whole) {
            return Ok(Step::Bad("incomplete frame"));
        }
        let bytes = self.bytes(offset, whole)?;
        if header.crc != header.expected_crc(bytes.get(FRAME_HEADER_BYTES..).unwrap_or_default()) {
            return Ok(Step::Bad("checksum does not match"));
        }
        self.offset = offset.saturating_add(wide(whole));
        let payload = self.bytes(offset, whole)?.get(FRAME_HEADER_BYTES..).unwrap_or_default();
        Ok(Step::Frame(header, payload))
    }

    /// Where the first intact frame behind the present offset begins, if there is one. Of any number and of
    /// any kind that a version may ever write, so that no history is taken for waste. The checksum makes a
    /// chance hit one in four thousand million.
    pub(crate) fn find_behind(&mut self) -> Result<Option<u64>, StoreError> {
        let mut at = self.offset.saturating_add(1);
        while self.length.saturating_sub(at) >= wide(FRAME_HEADER_BYTES) {
            let left = self.length - at;
            let header = FrameHeader::read(self.bytes(at, FRAME_HEADER_BYTES)?);
            let whole = |header: &FrameHeader| {
                let whole = FRAME_HEADER_BYTES + header.payload_length()?;
                (header.is_plausible() && wide(whole) <= left).then_some(whole)
            };
            if let Some((header, whole)) = header.and_then(|header| Some((header, whole(&header)?))) {
                let payload = self.bytes(at, whole)?.get(FRAME_HEADER_BYTES..).unwrap_or_default();
                if header.crc == header.expected_crc(payload) {
                    return Ok(Some(at));
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// Bytes `offset..offset + count`, which the caller knows to be there.
    fn bytes(&mut self, offset: u64, count: usize) -> Result<&[u8], StoreError> {
        let inside = |start: u64, length: usize| {
            let from = usize::try_from(offset.checked_sub(start)?).ok()?;
            from.checked_add(count).filter(|end| *end <= length).map(|_| from)
        };
        let from = match inside(self.window_start, self.window.len()) {
            Some(from) => from,
            None => {
                self.window.resize(count.max(WINDOW_BYTES), 0);
                let read = self.file.read_at(offset, &mut self.window);
                let read = read.map_err(StoreError::io("read", &self.path))?;
                self.window.truncate(read);
                self.window_start = offset;
                0
            }
        };
        let short = || StoreError::Io {
            action: "read",
            path: self.path.clone(),
            source: std::io::ErrorKind::UnexpectedEof.into(),
        };
        self.window.get(from..).and_then(|rest| rest.get(..count)).ok_or_else(short)
    }
}
