//! The disk as the journal sees it, so that tests and storms can put a faulty one in its place.
//!
//! What the journal relies on, and what an implementation promises:
//!
//! - after [`JournalFile::sync`] returned, the file's bytes survive a loss of power;
//! - after [`Disk::sync_dir`] returned, the names in that directory do;
//! - a rename replaces a name at once: before or after a crash there is the old file or the new one.

mod memory;
mod std_disk;

use std::fmt::Debug;
use std::io;
use std::path::Path;

pub use memory::{Fault, MemoryDisk};
pub use std_disk::StdDisk;

/// A place for files.
pub trait Disk: Debug + Send + Sync {
    /// Makes `dir` and what is missing above it, durably.
    ///
    /// # Errors
    /// What the operating system says.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in `dir`, in any order.
    ///
    /// # Errors
    /// What the operating system says; `NotFound` where there is no such directory.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// A new, empty file for appending.
    ///
    /// # Errors
    /// `AlreadyExists`, and what else the operating system says.
    fn create(&self, path: &Path) -> io::Result<Box<dyn JournalFile>>;

    /// An existing file for reading and appending.
    ///
    /// # Errors
    /// What the operating system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>>;

    /// An existing file for reading alone.
    ///
    /// # Errors
    /// What the operating system says.
    fn open_read_only(&self, path: &Path) -> io::Result<Box<dyn JournalFile>>;

    /// Gives a file another name in the same directory, replacing what had it.
    ///
    /// # Errors
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in `dir` durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// A file that only grows at its end.
pub trait JournalFile: Debug + Send {
    /// Writes all of `bytes` at the end. After an error, any part of them may be there.
    ///
    /// # Errors
    /// What the operating system says.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// What the operating system says. Nothing is known about the file's tail then, also after a later
    /// success: Linux reports a failed write-back once and forgets it.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `length` bytes.
    ///
    /// # Errors
    /// What the operating system says.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// How long the file is.
    ///
    /// # Errors
    /// What the operating system says.
    fn length(&self) -> io::Result<u64>;

    /// Reads into `buffer` from `offset`; fewer bytes than asked for only at the end of the file.
    ///
    /// # Errors
    /// What the operating system says.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}
