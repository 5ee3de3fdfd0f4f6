//! Checks a whole journal, frame by frame and payload by payload, and says everything that is wrong with it.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use seawall_model::Ts;
use serde::Serialize;

use crate::disk::{Disk, StdDisk};
use crate::error::StoreError;

use super::frame::{self, FrameHeader};
use super::open::{Cut, check_follows, check_frame};
use super::record::{Checkpoint, Digest, End, JournalInfo, Record};
use super::scan::{SegmentScan, Step};
use super::segment;

/// Damages that are listed; more are only counted.
const DAMAGES_LISTED_MAX: usize = 100;

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Segments gone through.
    pub segments_done: u32,
    /// Segments in all.
    pub segments: u32,
    /// Records seen.
    pub frames: u64,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// In which file.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// The record that should be there.
    pub seq: u64,
    /// What is wrong.
    pub what: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// The run and its instruments.
    pub info: JournalInfo,
    /// How many segments there are.
    pub segments: u32,
    /// How many intact records.
    pub frames: u64,
    /// How many of them are inputs.
    pub inputs: u64,
    /// How many bytes in all files.
    pub bytes: u64,
    /// Time of the first record.
    pub first_at: Option<Ts>,
    /// Time of the last record.
    pub last_at: Option<Ts>,
    /// Hash over all intact frames in order: two copies of one journal have the same.
    pub chain: Digest,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// The last of them.
    pub last_checkpoint: Option<Checkpoint>,
    /// The last record, if it is the end of a run.
    pub end: Option<End>,
    /// The incomplete tail, which the next start will cut off. No damage: a crash leaves one.
    pub tail: Option<Cut>,
    /// How many damages there are.
    pub damages: u64,
    /// The first hundred of them.
    pub listed: Vec<Damage>,
}

impl VerifyReport {
    /// Whether the journal is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damages == 0
    }
}

/// Verifies the journal in `dir`; `progress` is called after each segment and every few thousand records.
///
/// # Errors
/// [`StoreError::NoJournal`], [`StoreError::Io`], and a first segment whose header cannot be read. All other
/// damage is in the report.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<VerifyReport, StoreError> {
    verify_on(&StdDisk, dir, progress)
}

/// [`verify`] on another disk.
///
/// # Errors
/// As for [`verify`].
pub fn verify_on(
    disk: &dyn Disk,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<VerifyReport, StoreError> {
    let segments = segment::list(disk, dir)?;
    let Some(last) = segments.last().copied() else {
        return Err(StoreError::NoJournal { dir: dir.to_owned() });
    };
    let mut scan = SegmentScan::open(disk, dir, 1)?;
    let mut pass = Pass::new(scan.header.info.clone(), last, progress);
    pass.take(check_follows(&scan, None))?;
    loop {
        pass.segment(&mut scan)?;
        if scan.header.number >= last {
            return Ok(pass.finish());
        }
        let next = SegmentScan::open(disk, dir, scan.header.number + 1);
        let Some(next) = pass.take(next)? else { return Ok(pass.finish()) };
        pass.take(check_follows(&next, Some(&scan)))?;
        scan = next;
    }
}

const FRAMES_BETWEEN_PROGRESS: u64 = 8_192;

struct Pass<'a> {
    report: VerifyReport,
    chain: Context,
    next_seq: u64,
    last_segment: u32,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> Pass<'a> {
    fn new(info: JournalInfo, last_segment: u32, progress: &'a mut dyn FnMut(Progress)) -> Self {
        let report = VerifyReport {
            info,
            segments: last_segment,
            frames: 0,
            inputs: 0,
            bytes: 0,
            first_at: None,
            last_at: None,
            chain: Digest::default(),
            checkpoints: 0,
            last_checkpoint: None,
            end: None,
            tail: None,
            damages: 0,
            listed: Vec::new(),
        };
        Pass { report, chain: Context::new(&SHA256), next_seq: 1, last_segment, progress }
    }

    fn finish(mut self) -> VerifyReport {
        let hash = self.chain.finish();
        self.report.chain = hash.as_ref().try_into().map(Digest).unwrap_or_default();
        self.report
    }

    /// The value, or the damage noted; an error where the disk cannot be read.
    fn take<T>(&mut self, result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(
                StoreError::Corrupt { file, offset, seq, what }
                | StoreError::UnknownForm { file, offset, seq, what },
            ) => {
                self.note(Damage { file, offset, seq, what });
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn note(&mut self, damage: Damage) {
        self.report.damages += 1;
        if self.report.listed.len() < DAMAGES_LISTED_MAX {
            self.report.listed.push(damage);
        }
    }

    fn segment(&mut self, scan: &mut SegmentScan) -> Result<(), StoreError> {
        self.report.bytes += scan.length;
        if scan.header.first_seq != self.next_seq {
            let what = format!("begins with record {}", scan.header.first_seq);
            self.note(Damage { file: scan.path.clone(), offset: 0, seq: self.next_seq, what });
            self.next_seq = scan.header.first_seq;
        }
        loop {
            let offset = scan.offset;
            let what = match scan.next()? {
                Step::Frame(header, payload) => {
                    self.hash(&header, payload);
                    let record = frame::decode(&header, payload);
                    self.frame(scan, &header, record, offset)?;
                    continue;
                }
                Step::End => break,
                Step::Bad(what) => what,
            };
            if !self.skip(scan, what)? {
                break;
            }
        }
        self.tell(scan.header.number);
        Ok(())
    }

    fn tell(&mut self, segments_done: u32) {
        let (segments, frames) = (self.report.segments, self.report.frames);
        (self.progress)(Progress { segments_done, segments, frames });
    }

    fn hash(&mut self, header: &FrameHeader, payload: &[u8]) {
        self.chain.update(header.words().as_flattened());
        self.chain.update(payload);
    }

    fn frame(
        &mut self,
        scan: &SegmentScan,
        header: &FrameHeader,
        record: Result<Record, String>,
        offset: u64,
    ) -> Result<(), StoreError> {
        let checked = check_frame(scan, header, offset, self.next_seq);
        let is_known = self.take(checked)?.is_some();
        self.next_seq = header.seq.saturating_add(1);
        self.report.frames += 1;
        self.report.first_at = self.report.first_at.or(Some(header.at));
        self.report.last_at = Some(header.at);
        self.report.end = None;
        match record {
            Ok(Record::Header(_) | Record::Dispatch(_) | Record::Carry(_) | Record::Operator(_)) => {}
            Ok(Record::Input(_)) => self.report.inputs += 1,
            Ok(Record::Checkpoint(checkpoint)) => {
                self.report.checkpoints += 1;
                self.report.last_checkpoint = Some(checkpoint);
            }
            Ok(Record::End(end)) => self.report.end = Some(end),
            Err(what) if is_known => {
                self.note(Damage { file: scan.path.clone(), offset, seq: header.seq, what });
            }
            Err(_) => {}
        }
        if self.report.frames.is_multiple_of(FRAMES_BETWEEN_PROGRESS) {
            self.tell(scan.header.number - 1);
        }
        Ok(())
    }

    /// Goes on behind a bad frame; `false` if nothing intact follows in the segment.
    fn skip(&mut self, scan: &mut SegmentScan, what: &str) -> Result<bool, StoreError> {
        let behind = scan.find_behind()?;
        let (file, offset) = (scan.path.clone(), scan.offset);
        match behind {
            None if scan.header.number >= self.last_segment => {
                self.report.tail = Some(Cut { file, offset, bytes: scan.length - offset });
                return Ok(false);
            }
            None => {
                let what = format!("{what}, nothing intact follows, and it is not the last segment");
                self.note(Damage { file, offset, seq: self.next_seq, what });
                return Ok(false);
            }
            Some(behind) => {
                let what = format!("{what}, an intact record follows at byte {behind}");
                self.note(Damage { file, offset, seq: self.next_seq, what });
                scan.offset = behind;
            }
        }
        // The records between are part of this damage, not one more.
        let offset = scan.offset;
        if let Step::Frame(header, _) = scan.next()? {
            self.next_seq = header.seq.max(self.next_seq);
        }
        scan.offset = offset;
        Ok(true)
    }
}
