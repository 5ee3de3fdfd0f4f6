//! Writes a journal. Records are buffered until [`Journal::sync`], which makes all of them durable at once.
//!
//! Invariant: after the first failed write or sync nothing more is written. What reached the disk is not
//! known then, and asking again would be answered with a success that means nothing; the next start looks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_model::{Input, Ts, VenueRequest};

use crate::disk::{Disk, JournalFile, StdDisk};
use crate::error::StoreError;

use super::frame::{self, FRAME_PAYLOAD_BYTES_MAX};
use super::record::{JournalInfo, Record, RecordKind};
use super::segment::{self, SegmentHeader};

/// Buffered bytes that are handed to the operating system without waiting for a sync.
const BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// How a journal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalOptions {
    /// A segment that has reached this length is followed by the next one.
    pub segment_bytes_max: u64,
}

impl Default for JournalOptions {
    /// Segments of 64 MiB.
    fn default() -> Self {
        JournalOptions { segment_bytes_max: 64 * 1024 * 1024 }
    }
}

/// A journal being written. Dropping it loses what was not synced, as a crash would: [`Self::close`] it.
#[derive(Debug)]
pub struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: JournalOptions,
    info: JournalInfo,
    file: Box<dyn JournalFile>,
    segment: u32,
    /// Bytes handed to the operating system.
    written: u64,
    buffer: Vec<u8>,
    payload: Vec<u8>,
    next_seq: u64,
    synced_seq: u64,
    poisoned: Option<String>,
}

/// Where writing goes on.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) file: Box<dyn JournalFile>,
    pub(crate) segment: u32,
    pub(crate) written: u64,
    pub(crate) next_seq: u64,
}

impl Journal {
    /// A new journal in `dir`, which is made if need be.
    ///
    /// # Errors
    /// [`StoreError::JournalExists`] where there is one, [`StoreError::Io`].
    pub fn create(dir: &Path, info: JournalInfo) -> Result<Self, StoreError> {
        Journal::create_on(Arc::new(StdDisk), dir, info, JournalOptions::default())
    }

    /// [`Self::create`] on another disk or with other options.
    ///
    /// # Errors
    /// As for [`Self::create`].
    pub fn create_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        info: JournalInfo,
        options: JournalOptions,
    ) -> Result<Self, StoreError> {
        disk.create_dir(dir).map_err(StoreError::io("create", dir))?;
        if !segment::list(&*disk, dir)?.is_empty() {
            return Err(StoreError::JournalExists { dir: dir.to_owned() });
        }
        segment::remove_unfinished(&*disk, dir)?;
        let header = SegmentHeader { number: 1, first_seq: 1, info };
        let (file, written) = header.create(&*disk, dir)?;
        let position = Position { file, segment: 1, written, next_seq: 1 };
        Ok(Journal::at(disk, dir, options, header.info, position))
    }

    pub(crate) fn at(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: JournalOptions,
        info: JournalInfo,
        position: Position,
    ) -> Self {
        let Position { file, segment, written, next_seq } = position;
        Journal {
            disk,
            dir: dir.to_owned(),
            options,
            info,
            file,
            segment,
            written,
            buffer: Vec::new(),
            payload: Vec::new(),
            next_seq,
            synced_seq: next_seq - 1,
            poisoned: None,
        }
    }

    /// Which run the journal belongs to and what its numbers mean.
    #[must_use]
    pub fn info(&self) -> &JournalInfo {
        &self.info
    }

    /// The segment that is being written, from 1.
    #[must_use]
    pub fn segment(&self) -> u32 {
        self.segment
    }

    /// Number of the last record appended; zero before the first.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.next_seq - 1
    }

    /// Number of the last record that is durable; zero before the first.
    #[must_use]
    pub fn synced_seq(&self) -> u64 {
        self.synced_seq
    }

    /// Adds a record; it is durable after the next [`Self::sync`]. Returns its number.
    ///
    /// # Errors
    /// [`StoreError::FrameTooLarge`], which leaves the journal as it was; [`StoreError::Poisoned`]; errors of
    /// the disk where the segment or the buffer is full.
    pub fn append(&mut self, at: Ts, record: &Record) -> Result<u64, StoreError> {
        let kind = record.kind();
        match record {
            Record::Header(header) => self.add(at, kind, |out| frame::encode(header, out)),
            Record::Input(input) => self.append_input(at, input),
            Record::Dispatch(requests) => self.append_dispatch(at, requests),
            Record::Checkpoint(checkpoint) => self.add(at, kind, |out| frame::encode(checkpoint, out)),
            Record::End(end) => self.add(at, kind, |out| frame::encode(end, out)),
            Record::Carry(piece) => self.add(at, kind, |out| frame::encode(piece, out)),
            Record::Operator(note) => self.add(at, kind, |out| frame::encode(note, out)),
        }
    }

    /// Adds what the engine is being told at `at`, without a copy. Returns the record's number.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn append_input(&mut self, at: Ts, input: &Input) -> Result<u64, StoreError> {
        self.add(at, RecordKind::Input, |out| frame::encode(input, out))
    }

    /// Adds requests that are to leave after the next [`Self::sync`]. Returns the record's number.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn append_dispatch(&mut self, at: Ts, requests: &[VenueRequest]) -> Result<u64, StoreError> {
        self.add(at, RecordKind::Dispatch, |out| frame::encode_list(requests, out))
    }

    fn add(
        &mut self,
        at: Ts,
        kind: RecordKind,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
    ) -> Result<u64, StoreError> {
        self.check()?;
        self.payload.clear();
        encode(&mut self.payload).map_err(|what| StoreError::Encode { kind: kind.name(), what })?;
        let bytes = self.payload.len();
        let fitting = u32::try_from(bytes).ok().filter(|_| bytes <= FRAME_PAYLOAD_BYTES_MAX);
        let too_large = StoreError::FrameTooLarge { kind: kind.name(), bytes, max: FRAME_PAYLOAD_BYTES_MAX };
        let length = fitting.ok_or(too_large)?;
        if self.segment_bytes() >= self.options.segment_bytes_max {
            self.rotate()?;
        }
        frame::write(&mut self.buffer, length, kind, self.next_seq, at, &self.payload);
        self.next_seq += 1;
        if self.buffer.len() >= BUFFER_BYTES_MAX {
            self.flush()?;
        }
        Ok(self.next_seq - 1)
    }

    fn segment_bytes(&self) -> u64 {
        self.written.saturating_add(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX))
    }

    /// Hands what is buffered to the operating system without waiting for the disk: the end of the process
    /// loses it no more, only that of the machine does. Costs nothing if nothing is buffered.
    ///
    /// # Errors
    /// As for [`Self::sync`].
    pub fn hand_over(&mut self) -> Result<(), StoreError> {
        self.check()?;
        if self.buffer.is_empty() { Ok(()) } else { self.flush() }
    }

    /// Makes everything appended so far durable. Costs nothing if it is already.
    ///
    /// # Errors
    /// [`StoreError::Io`]; from then on every call fails with [`StoreError::Poisoned`].
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.check()?;
        if self.synced_seq == self.last_seq() {
            return Ok(());
        }
        self.flush()?;
        if let Err(source) = self.file.sync() {
            return Err(self.poison("sync", source));
        }
        self.synced_seq = self.last_seq();
        Ok(())
    }

    /// Syncs and ends.
    ///
    /// # Errors
    /// As for [`Self::sync`].
    pub fn close(mut self) -> Result<(), StoreError> {
        self.sync()
    }

    /// Hands the buffer to the operating system.
    fn flush(&mut self) -> Result<(), StoreError> {
        if let Err(source) = self.file.append(&self.buffer) {
            return Err(self.poison("write", source));
        }
        self.written = self.segment_bytes();
        self.buffer.clear();
        Ok(())
    }

    /// Completes this segment and begins the next.
    fn rotate(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        let number = self.segment + 1;
        let header = SegmentHeader { number, first_seq: self.next_seq, info: self.info.clone() };
        match header.create(&*self.disk, &self.dir) {
            Ok((file, written)) => {
                self.file = file;
                self.written = written;
                self.segment = number;
                Ok(())
            }
            Err(error) => {
                self.poisoned = Some(error.to_string());
                Err(error)
            }
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.poisoned {
            None => Ok(()),
            Some(cause) => Err(StoreError::Poisoned { file: self.path(), cause: cause.clone() }),
        }
    }

    fn poison(&mut self, action: &'static str, source: std::io::Error) -> StoreError {
        self.poisoned = Some(format!("{action}: {source}"));
        StoreError::Io { action, path: self.path(), source }
    }

    fn path(&self) -> PathBuf {
        segment::path(&self.dir, self.segment)
    }
}
