//! How far a long job is: events for whoever draws the bar.

/// What a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading a file and checking every row.
    Checking,
    /// Reading candles.
    Reading,
    /// Writing candles.
    Writing,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Units of work done: bytes of the file as it lies on disk, or month files of the store.
    pub done: u64,
    /// Units of work there are; zero where that is not known.
    pub total: u64,
    /// Rows seen so far in this stage.
    pub rows: u64,
}

/// Rows between two reports of progress.
pub(crate) const ROWS_PER_REPORT: u64 = 1 << 16;
