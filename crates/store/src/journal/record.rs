//! What a journal holds: its records, and the names that give them meaning.

use core::fmt;

use seawall_model::{Input, Instrument, InstrumentId, InstrumentName, Ts, VenueRequest};
use serde::{Serialize, Serializer};

/// A hash of 32 bytes, shown in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The SHA-256 of `bytes`: the configuration's text, a file.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        hash.as_ref().try_into().map(Digest).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Which driver fed the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// Archived candles, a simulated venue, virtual time.
    Backtest,
    /// Live or synthetic prices, a simulated venue, real time.
    Paper,
    /// A real venue.
    Live,
    /// A seeded world full of faults.
    Storm,
}

impl RunMode {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RunMode::Backtest => "backtest",
            RunMode::Paper => "paper",
            RunMode::Live => "live",
            RunMode::Storm => "storm",
        }
    }
}

/// How a run began. The first record of a journal, and again after each restart of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Which driver.
    pub mode: RunMode,
    /// The seed of everything random in the run; zero where nothing is.
    pub seed: u64,
    /// Hash of the configuration's text: a replay needs the same one.
    pub config_hash: Digest,
    /// The version of the program.
    pub engine_version: String,
    /// When the process started.
    pub started_at: Ts,
}

/// The engine's state after a number of inputs: a replay must arrive at the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// Hash of the whole state.
    pub digest: Digest,
    /// How many inputs the engine has taken since the start of the journal.
    pub inputs: u64,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its inputs were used up, or its time.
    Finished,
    /// The operator ended it.
    Stopped,
    /// It could not go on.
    Failed,
}

impl EndReason {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            EndReason::Finished => "finished",
            EndReason::Stopped => "stopped",
            EndReason::Failed => "failed",
        }
    }
}

/// How a run ended. A journal without it was interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// Hash over decisions, orders and fills.
    pub fingerprint: Digest,
    /// Hash of the engine's last state.
    pub digest: Digest,
    /// Why it ended.
    pub reason: EndReason,
    /// What else there is to say; empty as a rule.
    pub detail: String,
}

/// What a piece of carried state is to the pieces around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CarryPart {
    /// A whole state in one piece.
    Whole,
    /// The first piece of a whole state; what follows belongs to it as well.
    Begin,
    /// What has changed since the piece before.
    Change,
    /// The last piece of a whole state.
    Complete,
}

impl CarryPart {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CarryPart::Whole => "whole",
            CarryPart::Begin => "begin",
            CarryPart::Change => "change",
            CarryPart::Complete => "complete",
        }
    }
}

/// A piece of the state that outlives the process. The journal keeps it and does not understand it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarryPiece {
    /// Its place among the others.
    pub part: CarryPart,
    /// The piece as JSON.
    pub text: String,
}

/// Who had a command given, and why. The command itself is the input that follows; replay passes this over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperatorNote {
    /// Who: a role and how it came in.
    pub who: String,
    /// The command, in a word or two.
    pub command: String,
    /// Why, in the operator's words; may be empty.
    pub why: String,
}

/// One record of a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The process started.
    Header(Header),
    /// The engine was told something, at the entry's instant.
    Input(Input),
    /// These requests may leave: once this record is on disk, and not before, they are handed to the venue.
    Dispatch(Vec<VenueRequest>),
    /// The engine's state here.
    Checkpoint(Checkpoint),
    /// The run ended.
    End(End),
    /// A piece of the state that the next process begins with.
    Carry(CarryPiece),
    /// Who had the next command given, and why.
    Operator(OperatorNote),
}

impl Record {
    /// What kind of record it is.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self {
            Record::Header(_) => RecordKind::Header,
            Record::Input(_) => RecordKind::Input,
            Record::Dispatch(_) => RecordKind::Dispatch,
            Record::Checkpoint(_) => RecordKind::Checkpoint,
            Record::End(_) => RecordKind::End,
            Record::Carry(_) => RecordKind::Carry,
            Record::Operator(_) => RecordKind::Operator,
        }
    }
}

/// The kinds of records, with the numbers they have in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// See [`Record::Header`].
    Header,
    /// See [`Record::Input`].
    Input,
    /// See [`Record::Dispatch`].
    Dispatch,
    /// See [`Record::Checkpoint`].
    Checkpoint,
    /// See [`Record::End`].
    End,
    /// See [`Record::Carry`].
    Carry,
    /// See [`Record::Operator`].
    Operator,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [RecordKind; 7] = [
        RecordKind::Header,
        RecordKind::Input,
        RecordKind::Dispatch,
        RecordKind::Checkpoint,
        RecordKind::End,
        RecordKind::Carry,
        RecordKind::Operator,
    ];

    /// The number in a frame; never reused.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            RecordKind::Header => 1,
            RecordKind::Input => 2,
            RecordKind::Dispatch => 3,
            RecordKind::Checkpoint => 4,
            RecordKind::End => 5,
            RecordKind::Carry => 6,
            RecordKind::Operator => 7,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        RecordKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RecordKind::Header => "header",
            RecordKind::Input => "input",
            RecordKind::Dispatch => "dispatch",
            RecordKind::Checkpoint => "checkpoint",
            RecordKind::End => "end",
            RecordKind::Carry => "carry",
            RecordKind::Operator => "operator",
        }
    }
}

/// A record with its place and its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Counts the records of the journal, from 1.
    pub seq: u64,
    /// When it was written, on the engine's clock. Not always rising: clocks are set back.
    pub at: Ts,
    /// What was written.
    pub record: Record,
}

/// What an instrument's number stands for in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstrumentEntry {
    /// The canonical name.
    pub name: InstrumentName,
    /// Decimals that one price unit stands for.
    pub price_scale: u32,
    /// Decimals that one quantity unit stands for.
    pub qty_scale: u32,
}

/// What every segment of a journal says about it: which run it belongs to and what its numbers mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalInfo {
    /// The run, as in the client order ids of its orders.
    pub run: u32,
    /// The instruments; the position is the number.
    pub instruments: Vec<InstrumentEntry>,
}

impl JournalInfo {
    /// The table of a run.
    #[must_use]
    pub fn new(run: u32, instruments: &[Instrument]) -> Self {
        let entry = |instrument: &Instrument| InstrumentEntry {
            name: instrument.name().clone(),
            price_scale: instrument.price_scale(),
            qty_scale: instrument.qty_scale(),
        };
        JournalInfo { run, instruments: instruments.iter().map(entry).collect() }
    }

    /// The instrument with this number.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&InstrumentEntry> {
        self.instruments.get(id.index())
    }
}
