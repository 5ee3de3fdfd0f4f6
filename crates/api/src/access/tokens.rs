//! The file of tokens: `api/access.json` in the data folder, for its owner's eyes only.

use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use seawall_model::Ts;
use serde::{Deserialize, Serialize};

use super::Role;
use super::crypto::{COST, are_equal, argon2id, random_hex};
use crate::error::ApiError;

/// Tokens in the file; one more is refused.
pub(super) const TOKENS_MAX: usize = 64;
/// Bytes that the file may have.
const FILE_MAX: u64 = 256 * 1024;
const SCHEMA: &str = "seawall.access/1";
const PREFIX: &str = "swt_";

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) role: Role,
    made_at: Ts,
    salt: String,
    hash: String,
    /// Memory in KiB, passes, lanes.
    cost: (u32, u32, u32),
}

impl Entry {
    /// Whether the secret is this one's.
    pub(super) fn is_of(&self, secret: &str) -> bool {
        let decoded = (HEXLOWER.decode(self.salt.as_bytes()), HEXLOWER.decode(self.hash.as_bytes()));
        let (Ok(salt), Ok(hash)) = decoded else { return false };
        argon2id(secret.as_bytes(), &salt, self.cost).is_ok_and(|right| are_equal(&right, &hash))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: String,
    tokens: Vec<Entry>,
}

/// A token that was just made: the only time that its text can be seen.
#[derive(Debug)]
pub struct Made {
    /// Its id, by which it can be taken back.
    pub id: String,
    /// What it may do.
    pub role: Role,
    /// The token itself.
    pub token: String,
}

/// The tokens of a data folder.
#[derive(Debug, Default)]
pub struct Tokens(Vec<Entry>);

impl Tokens {
    /// Where the file is.
    #[must_use]
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("api").join("access.json")
    }

    /// Reads the file; none where there is no file.
    ///
    /// # Errors
    /// It cannot be read, others may read it, or it is not ours.
    pub fn read(path: &Path) -> Result<Self, ApiError> {
        let wrong = |problem: String| ApiError::Content { path: path.to_owned(), problem };
        let about = match std::fs::metadata(path) {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Tokens::default()),
            Err(error) => return Err(ApiError::file(path, "reading")(error)),
        };
        if about.len() > FILE_MAX {
            return Err(wrong(format!("{} bytes are too many for tokens", about.len())));
        }
        if is_open_to_others(&about) {
            return Err(wrong("others may read it; chmod 600 it".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(ApiError::file(path, "reading"))?;
        let remove = "remove it and make new tokens with `seawall api token`";
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("{error}; {remove}")))?;
        if content.schema != SCHEMA {
            return Err(wrong(format!("it has the form {}, known is {SCHEMA}; {remove}", content.schema)));
        }
        Ok(Tokens(content.tokens))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every token's id and role, in the order in which they were made.
    pub fn list(&self) -> impl Iterator<Item = (&str, Role, Ts)> {
        self.0.iter().map(|entry| (entry.id.as_str(), entry.role, entry.made_at))
    }

    /// What the owner of the token with this id may do.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<Role> {
        self.0.iter().find(|entry| entry.id == id).map(|entry| entry.role)
    }

    /// The entry that a token names.
    pub(super) fn of(&self, token: &str) -> Option<&Entry> {
        let (id, _) = token.strip_prefix(PREFIX)?.split_once('_')?;
        self.0.iter().find(|entry| entry.id == id)
    }

    /// Makes a token and writes its hash into the file of a data folder.
    ///
    /// # Errors
    /// There are [`TOKENS_MAX`] already; the file cannot be written.
    pub fn make(data_dir: &Path, role: Role, now: Ts) -> Result<Made, ApiError> {
        let path = Self::path(data_dir);
        let mut tokens = Self::read(&path)?;
        if tokens.0.len() >= TOKENS_MAX {
            let problem = format!("{TOKENS_MAX} tokens are there already; take one back with --revoke ID");
            return Err(ApiError::Content { path, problem });
        }
        let (id, secret, salt) = (random_hex::<4>()?, random_hex::<32>()?, random_hex::<16>()?);
        let salt_bytes = HEXLOWER.decode(salt.as_bytes()).unwrap_or_default();
        let hash = HEXLOWER.encode(&argon2id(secret.as_bytes(), &salt_bytes, COST)?);
        let token = format!("{PREFIX}{id}_{secret}");
        tokens.0.push(Entry { id: id.clone(), role, made_at: now, salt, hash, cost: COST });
        tokens.write(&path)?;
        Ok(Made { id, role, token })
    }

    /// Takes a token back; says whether there was one.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn revoke(data_dir: &Path, id: &str) -> Result<bool, ApiError> {
        let path = Self::path(data_dir);
        let mut tokens = Self::read(&path)?;
        let before = tokens.0.len();
        tokens.0.retain(|entry| entry.id != id);
        if tokens.0.len() == before {
            return Ok(false);
        }
        tokens.write(&path)?;
        Ok(true)
    }

    fn write(&self, path: &Path) -> Result<(), ApiError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(ApiError::file(folder, "creating the folder"))?;
        let content = Content { schema: SCHEMA.to_owned(), tokens: self.0.clone() };
        let text = serde_json::to_vec_pretty(&content).unwrap_or_default();
        let beside = path.with_extension(format!("{}.partial", std::process::id()));
        let written = private(&beside)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&beside, path));
        if written.is_err() {
            // Best effort: the half-written file is ours and nobody else's.
            let _ = std::fs::remove_file(&beside);
        }
        written.map_err(ApiError::file(path, "writing"))
    }
}

/// The secret in a token.
pub(super) fn secret_of(token: &str) -> Option<&str> {
    token.strip_prefix(PREFIX)?.split_once('_').map(|(_, secret)| secret)
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::File::create(path)
}

#[cfg(unix)]
fn is_open_to_others(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(about) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_as_a_hash_for_its_owners_eyes_and_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = Tokens::path(folder.path());
        assert!(Tokens::read(&path).unwrap().is_empty());
        let made = Tokens::make(folder.path(), Role::Operator, Ts::EPOCH).unwrap();
        let other = Tokens::make(folder.path(), Role::Viewer, Ts::EPOCH).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let secret = secret_of(&made.token).unwrap();
        assert!(secret.len() == 64 && !text.contains(secret) && text.contains(&made.id), "{text}");
        let tokens = Tokens::read(&path).unwrap();
        let entry = tokens.of(&made.token).unwrap();
        assert!(entry.is_of(secret) && !entry.is_of(secret_of(&other.token).unwrap()));
        assert_eq!(tokens.role(&other.id), Some(Role::Viewer));
        assert!(Tokens::revoke(folder.path(), &made.id).unwrap());
        assert!(!Tokens::revoke(folder.path(), &made.id).unwrap());
        assert!(Tokens::read(&path).unwrap().of(&made.token).is_none());
        for nonsense in ["", "swt_", "swt_x", "Bearer", "swt_ünïcode_x"] {
            assert!(tokens.of(nonsense).is_none(), "{nonsense}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Tokens::make(folder.path(), Role::Viewer, Ts::EPOCH).unwrap();
        let path = Tokens::path(folder.path());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Tokens::read(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "{\"schema\":\"other\",\"tokens\":[]}").unwrap();
        assert!(Tokens::read(&path).unwrap_err().to_string().contains("seawall api token"));
    }
}
