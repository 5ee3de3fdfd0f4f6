//! One process per account: a lock of the operating system on a file, gone with the process however it ends.
//!
//! The file stays behind and says who had it; only the lock counts. Not for network file systems, where such
//! locks are not reliable.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use seawall_model::Ts;

use crate::error::StoreError;

const ACCOUNT_LENGTH_MAX: usize = 64;
/// More than a holder writes about itself.
const HOLDER_BYTES_MAX: u64 = 128;

/// The right to write what belongs to one account. Given back when dropped, or when the process ends.
#[derive(Debug)]
pub struct InstanceLock {
    /// Holds the lock until it is closed.
    _file: File,
    path: PathBuf,
}

impl InstanceLock {
    /// Takes the lock of `account` in `dir`, which is made if need be.
    ///
    /// # Errors
    /// [`StoreError::Locked`] names the process that has it; [`StoreError::AccountName`], [`StoreError::Io`].
    pub fn acquire(dir: &Path, account: &str) -> Result<Self, StoreError> {
        check_account(account)?;
        fs::create_dir_all(dir).map_err(StoreError::io("create", dir))?;
        let path = dir.join(format!("{account}.lock"));
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(StoreError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file);
                return Err(StoreError::Locked { file: path, holder });
            }
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::Io { action: "lock", path, source });
            }
        }
        let text = format!("pid {}, since {}\n", std::process::id(), now());
        file.set_len(0).map_err(StoreError::io("write", &path))?;
        file.write_all(text.as_bytes()).map_err(StoreError::io("write", &path))?;
        Ok(InstanceLock { _file: file, path })
    }

    /// The lock's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether `account` can be the name of a lock, a file and a schema.
pub(crate) fn check_account(account: &str) -> Result<(), StoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good = (1..=ACCOUNT_LENGTH_MAX).contains(&account.len()) && !account.starts_with('.');
    if !good || !account.bytes().all(plain) {
        return Err(StoreError::AccountName { account: account.chars().take(80).collect() });
    }
    Ok(())
}

/// What the holder says about itself.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    let line = text.lines().next().unwrap_or_default().trim();
    if read.is_err() || line.is_empty() { "it does not say which".to_owned() } else { line.to_owned() }
}

fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Whole seconds: it is for people.
    Ts::from_millis(i64::try_from(since.as_secs()).unwrap_or_default().saturating_mul(1_000))
}
