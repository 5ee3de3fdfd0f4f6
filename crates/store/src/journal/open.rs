//! Continues a journal after a stop or a crash.
//!
//! A crash can cut short only what was being written: the end of the last segment. That is cut off, made
//! durable, and reported. A bad frame with intact ones behind it is no crash's work and stops the start. The
//! earlier segments are checked by their headers here, and frame by frame when they are replayed or verified.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_model::Ts;
use serde::Serialize;

use crate::disk::{Disk, StdDisk};
use crate::error::StoreError;

use super::frame::{self, FrameHeader};
use super::record::RecordKind;
use super::scan::{SegmentScan, Step};
use super::segment;
use super::writer::{Journal, JournalOptions, Position};

/// What was cut off the end of the last segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The segment.
    pub file: PathBuf,
    /// Its length now.
    pub offset: u64,
    /// How many bytes were behind it.
    pub bytes: u64,
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenReport {
    /// How many segments there are.
    pub segments: u32,
    /// Number of the last record; zero if there is none.
    pub last_seq: u64,
    /// Time of the last record of the last segment, if it has one.
    pub last_at: Option<Ts>,
    /// Whether the last record is the end of a run: it was stopped, not interrupted.
    pub ended: bool,
    /// The incomplete tail that a crash left, now gone. Nothing in it had been synced, unless the disk has
    /// changed the very last record since: the two cannot be told apart, so tell the operator.
    pub cut: Option<Cut>,
}

impl Journal {
    /// Opens the journal in `dir` for appending.
    ///
    /// # Errors
    /// [`StoreError::NoJournal`], [`StoreError::Corrupt`], [`StoreError::SegmentMissing`],
    /// [`StoreError::UnknownForm`], [`StoreError::Io`]. Nothing is changed then.
    pub fn open(dir: &Path) -> Result<(Self, OpenReport), StoreError> {
        Journal::open_on(Arc::new(StdDisk), dir, JournalOptions::default())
    }

    /// [`Self::open`] on another disk or with other options.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: JournalOptions,
    ) -> Result<(Self, OpenReport), StoreError> {
        let segments = segment::list(&*disk, dir)?;
        let Some(last) = segments.last().copied() else {
            return Err(StoreError::NoJournal { dir: dir.to_owned() });
        };
        let mut scan = open_chain(&*disk, dir, last)?;
        let tail = scan_tail(&mut scan)?;
        segment::remove_unfinished(&*disk, dir)?;
        let mut file = disk.open(&scan.path).map_err(StoreError::io("open", &scan.path))?;
        let cut = (scan.offset < scan.length).then(|| Cut {
            file: scan.path.clone(),
            offset: scan.offset,
            bytes: scan.length - scan.offset,
        });
        if cut.is_some() {
            file.truncate(scan.offset).map_err(StoreError::io("cut", &scan.path))?;
        }
        // Also without a cut: what a crash left in the operating system's cache must not vanish later.
        file.sync().map_err(StoreError::io("sync", &scan.path))?;
        let report = OpenReport {
            segments: last,
            last_seq: tail.next_seq - 1,
            last_at: tail.last.map(|header| header.at),
            ended: tail.last.is_some_and(|header| header.kind == RecordKind::End.code()),
            cut,
        };
        let position = Position { file, segment: last, written: scan.offset, next_seq: tail.next_seq };
        Ok((Journal::at(disk, dir, options, scan.header.info, position), report))
    }
}

/// Checks that the headers of segments 1 to `last` belong together; returns the last one for reading.
fn open_chain(disk: &dyn Disk, dir: &Path, last: u32) -> Result<SegmentScan, StoreError> {
    let mut scan = SegmentScan::open(disk, dir, 1)?;
    check_follows(&scan, None)?;
    for number in 2..=last {
        let next = SegmentScan::open(disk, dir, number)?;
        check_follows(&next, Some(&scan))?;
        scan = next;
    }
    Ok(scan)
}

/// Whether `scan` may stand behind `before`.
pub(crate) fn check_follows(scan: &SegmentScan, before: Option<&SegmentScan>) -> Result<(), StoreError> {
    let what = match before {
        None if scan.header.first_seq != 1 => "the first segment does not begin with record 1",
        Some(before) if scan.header.info != before.header.info => {
            "the segment belongs to another run or has other instruments than the one before it"
        }
        Some(before) if scan.header.first_seq < before.header.first_seq => {
            "the segment begins before the one that precedes it"
        }
        None | Some(_) => return Ok(()),
    };
    let (file, seq) = (scan.path.clone(), scan.header.first_seq);
    Err(StoreError::Corrupt { file, offset: 0, seq, what: what.to_owned() })
}

#[derive(Debug)]
struct Tail {
    next_seq: u64,
    last: Option<FrameHeader>,
}

/// Goes through the last segment; leaves `scan` behind the last intact frame.
fn scan_tail(scan: &mut SegmentScan) -> Result<Tail, StoreError> {
    let mut tail = Tail { next_seq: scan.header.first_seq, last: None };
    loop {
        let offset = scan.offset;
        match scan.next()? {
            Step::Frame(header, _) => {
                check_frame(scan, &header, offset, tail.next_seq)?;
                tail = Tail { next_seq: tail.next_seq.saturating_add(1), last: Some(header) };
            }
            Step::End => return Ok(tail),
            Step::Bad(what) => {
                refuse_damage(scan, what, tail.next_seq)?;
                return Ok(tail);
            }
        }
    }
}

/// Whether an intact frame has the number that is its turn, and a known form.
pub(crate) fn check_frame(
    scan: &SegmentScan,
    header: &FrameHeader,
    offset: u64,
    seq: u64,
) -> Result<(), StoreError> {
    let file = || scan.path.clone();
    if header.seq != seq {
        let what = format!("record {} stands where record {seq} should be", header.seq);
        return Err(StoreError::Corrupt { file: file(), offset, seq, what });
    }
    frame::check_form(header).map(drop).map_err(|what| StoreError::UnknownForm {
        file: file(),
        offset,
        seq,
        what,
    })
}

/// An error unless the bad frame where `scan` stands is the tail of the segment.
pub(crate) fn refuse_damage(scan: &mut SegmentScan, what: &str, seq: u64) -> Result<(), StoreError> {
    let Some(behind) = scan.find_behind()? else { return Ok(()) };
    Err(StoreError::Corrupt {
        file: scan.path.clone(),
        offset: scan.offset,
        seq,
        what: format!("{what}, but an intact record follows at byte {behind}"),
    })
}
