//! Reads a journal from its first record, in constant memory, also while it is being written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, StdDisk};
use crate::error::StoreError;

use super::frame::{self, FrameHeader};
use super::open::{check_follows, check_frame, refuse_damage};
use super::record::{Entry, JournalInfo};
use super::scan::{SegmentScan, Step};
use super::segment;
use super::writer::Journal;

/// The entries of a journal in order. Ends with the last intact record, or with the first error.
#[derive(Debug)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    scan: SegmentScan,
    last_segment: u32,
    next_seq: u64,
    incomplete: u64,
    done: bool,
}

impl Journal {
    /// Reads the journal in `dir` from its beginning to where it ends now.
    ///
    /// # Errors
    /// [`StoreError::NoJournal`], and what is wrong with the first segment's header.
    pub fn read(dir: &Path) -> Result<Reader, StoreError> {
        Journal::read_on(Arc::new(StdDisk), dir)
    }

    /// [`Self::read`] on another disk.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn read_on(disk: Arc<dyn Disk>, dir: &Path) -> Result<Reader, StoreError> {
        Journal::read_from(disk, dir, 1)
    }

    /// [`Self::read_on`] from the beginning of a segment on; the ones before it are not looked at.
    ///
    /// # Errors
    /// As for [`Self::read_on`].
    pub fn read_from(disk: Arc<dyn Disk>, dir: &Path, segment: u32) -> Result<Reader, StoreError> {
        let Some(last_segment) = segment::list(&*disk, dir)?.last().copied() else {
            return Err(StoreError::NoJournal { dir: dir.to_owned() });
        };
        let scan = SegmentScan::open(&*disk, dir, segment)?;
        if segment == 1 {
            check_follows(&scan, None)?;
        }
        let (dir, next_seq) = (dir.to_owned(), scan.header.first_seq);
        Ok(Reader { disk, dir, scan, last_segment, next_seq, incomplete: 0, done: false })
    }

    /// How many segments the journal in `dir` has; zero where there is none.
    ///
    /// # Errors
    /// [`StoreError::SegmentMissing`], [`StoreError::Io`].
    pub fn segments(disk: &dyn Disk, dir: &Path) -> Result<u32, StoreError> {
        Ok(segment::list(disk, dir)?.last().copied().unwrap_or_default())
    }
}

impl Reader {
    /// Which run the journal belongs to and what its numbers mean.
    #[must_use]
    pub fn info(&self) -> &JournalInfo {
        &self.scan.header.info
    }

    /// Bytes behind the last intact record, once the end is reached: a record being written just now, or what
    /// a crash cut short.
    #[must_use]
    pub fn incomplete_bytes(&self) -> u64 {
        self.incomplete
    }

    fn advance(&mut self) -> Result<Option<Entry>, StoreError> {
        loop {
            let (offset, is_last) = (self.scan.offset, self.scan.header.number >= self.last_segment);
            let what = match self.scan.next()? {
                Step::Frame(header, payload) => {
                    let record = frame::decode(&header, payload);
                    return self.entry(&header, record, offset).map(Some);
                }
                Step::End if is_last => return Ok(None),
                Step::End => {
                    self.next_segment()?;
                    continue;
                }
                Step::Bad(what) => what,
            };
            refuse_damage(&mut self.scan, what, self.next_seq)?;
            if is_last {
                self.incomplete = self.scan.length - self.scan.offset;
                return Ok(None);
            }
            let (file, seq) = (self.scan.path.clone(), self.next_seq);
            let what = format!("{what}, and it is not the last segment");
            return Err(StoreError::Corrupt { file, offset, seq, what });
        }
    }

    fn entry(
        &mut self,
        header: &FrameHeader,
        record: Result<super::Record, String>,
        offset: u64,
    ) -> Result<Entry, StoreError> {
        check_frame(&self.scan, header, offset, self.next_seq)?;
        let (file, seq) = (&self.scan.path, header.seq);
        let record =
            record.map_err(|what| StoreError::UnknownForm { file: file.clone(), offset, seq, what })?;
        self.next_seq = seq.saturating_add(1);
        Ok(Entry { seq, at: header.at, record })
    }

    fn next_segment(&mut self) -> Result<(), StoreError> {
        let next = SegmentScan::open(&*self.disk, &self.dir, self.scan.header.number + 1)?;
        check_follows(&next, Some(&self.scan))?;
        if next.header.first_seq != self.next_seq {
            let what = format!(
                "begins with record {}: records from {} on are missing from the end of the segment before it",
                next.header.first_seq, self.next_seq
            );
            return Err(StoreError::Corrupt { file: next.path, offset: 0, seq: self.next_seq, what });
        }
        self.scan = next;
        Ok(())
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.advance().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
