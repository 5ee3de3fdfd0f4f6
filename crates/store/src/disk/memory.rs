//! A disk in memory with faults on demand.
//!
//! What it models: bytes and names that a crash may lose until they are synced, a write torn at any byte, a
//! sync that fails, a disk that fills up. What it does not: bytes that a crash loses in the middle of a file
//! while later ones survive (use [`MemoryDisk::write`] for that), and a truncation undone by a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Disk, JournalFile};

/// A fault to come. Each happens once, except a full disk, which stays full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// After so many more appended bytes the write in progress stops there and fails.
    TornWrite {
        /// Bytes that still arrive.
        after_bytes: u64,
    },
    /// The sync after so many more successful ones fails. What it should have made durable stays uncertain.
    FailedSync {
        /// Syncs of files that still succeed.
        after_syncs: u64,
    },
    /// No more than so many further bytes fit; what fits of a write arrives.
    Full {
        /// Bytes that still fit.
        after_bytes: u64,
    },
}

#[derive(Debug, Default)]
struct Stored {
    bytes: Vec<u8>,
    synced: usize,
}

type Files = BTreeMap<PathBuf, Arc<Mutex<Stored>>>;

#[derive(Debug, Default)]
struct State {
    files: Files,
    durable: Files,
    directories: BTreeSet<PathBuf>,
    torn_write: Option<u64>,
    failed_sync: Option<u64>,
    full: Option<u64>,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<State>>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change below is complete before the guard is dropped, so a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl MemoryDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        MemoryDisk::default()
    }

    /// Plans a fault; one of the same kind that has not happened yet is replaced.
    pub fn inject(&self, fault: Fault) {
        let mut state = locked(&self.0);
        match fault {
            Fault::TornWrite { after_bytes } => state.torn_write = Some(after_bytes),
            Fault::FailedSync { after_syncs } => state.failed_sync = Some(after_syncs),
            Fault::Full { after_bytes } => state.full = Some(after_bytes),
        }
    }

    /// Takes back all faults, the full disk too.
    pub fn heal(&self) {
        let mut state = locked(&self.0);
        state.torn_write = None;
        state.failed_sync = None;
        state.full = None;
    }

    /// What a loss of power leaves: the names and bytes that were synced, and up to `unsynced_bytes_kept`
    /// bytes more of each file.
    pub fn crash(&self, unsynced_bytes_kept: usize) {
        let mut state = locked(&self.0);
        state.files = state.durable.clone();
        for file in state.files.values() {
            let mut file = locked(file);
            let kept = file.synced.saturating_add(unsynced_bytes_kept);
            file.bytes.truncate(kept);
            file.synced = file.bytes.len();
        }
    }

    /// The bytes of a file.
    #[must_use]
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        locked(&self.0).files.get(path).map(|file| locked(file).bytes.clone())
    }

    /// Puts a file there, durably: the way to damage one.
    pub fn write(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = locked(&self.0);
        let synced = bytes.len();
        let file = Arc::new(Mutex::new(Stored { bytes, synced }));
        state.files.insert(path.to_owned(), Arc::clone(&file));
        state.durable.insert(path.to_owned(), file);
        state.directories.extend(path.parent().map(Path::to_owned));
    }

    fn find(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        let state = locked(&self.0);
        let file = state.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), file: Arc::clone(file) }))
    }
}

impl Disk for MemoryDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        locked(&self.0).directories.insert(dir.to_owned());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = locked(&self.0);
        if !state.directories.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = state.files.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        let mut state = locked(&self.0);
        if state.files.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = Arc::new(Mutex::new(Stored::default()));
        state.files.insert(path.to_owned(), Arc::clone(&file));
        Ok(Box::new(MemoryFile { disk: self.clone(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        self.find(path)
    }

    fn open_read_only(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        self.find(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = locked(&self.0);
        let file = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = locked(&self.0).files.remove(path);
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = locked(&self.0);
        let State { files, durable, .. } = &mut *state;
        let inside = |path: &PathBuf| path.parent() == Some(dir);
        durable.retain(|path, _| !inside(path));
        let now = files.iter().filter(|(path, _)| inside(path));
        durable.extend(now.map(|(path, file)| (path.clone(), Arc::clone(file))));
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    file: Arc<Mutex<Stored>>,
}

/// How many of `wanted` bytes arrive under a limit, which is used up by them.
fn allowed(limit: &mut Option<u64>, wanted: usize) -> usize {
    let Some(left) = limit else { return wanted };
    let arrive = usize::try_from(*left).map_or(wanted, |left| left.min(wanted));
    *left -= u64::try_from(arrive).unwrap_or(*left);
    arrive
}

impl JournalFile for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = locked(&self.disk.0);
        let whole = allowed(&mut state.torn_write, bytes.len());
        let torn = whole < bytes.len();
        if torn {
            state.torn_write = None;
        }
        let fits = allowed(&mut state.full, whole);
        let mut file = locked(&self.file);
        file.bytes.extend_from_slice(bytes.get(..fits).unwrap_or_default());
        match (fits < whole, torn) {
            (true, _) => Err(io::ErrorKind::StorageFull.into()),
            (false, true) => Err(io::Error::other("injected: the write was torn")),
            (false, false) => Ok(()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = locked(&self.disk.0);
        if state.failed_sync == Some(0) {
            state.failed_sync = None;
            return Err(io::Error::other("injected: the sync failed"));
        }
        state.failed_sync = state.failed_sync.map(|left| left - 1);
        let mut file = locked(&self.file);
        file.synced = file.bytes.len();
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut file = locked(&self.file);
        let length = usize::try_from(length).map_err(io::Error::other)?;
        file.bytes.truncate(length);
        file.synced = file.synced.min(length);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        u64::try_from(locked(&self.file).bytes.len()).map_err(io::Error::other)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = locked(&self.file);
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = file.bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(count)
    }
}
