//! Where a key comes from: the environment, a file that the environment names, or a systemd credential.

use std::path::{Path, PathBuf};

use seawall_notify::{NotifySettings, Secrets};
use seawall_venues::{Credentials, Venue};

use crate::error::LiveError;

/// Bytes that a file with a key may have.
const FILE_MAX: u64 = 64 * 1024;

/// What is asked for a variable of the environment; tests bring their own.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The key of a venue, from `<PREFIX>_API_KEY` and `<PREFIX>_API_SECRET`; each of them from the variable
/// itself, from the file that the variable with `_FILE` behind it names, or from the systemd credential of
/// the name in small letters. None where there is neither of both.
///
/// # Errors
/// [`LiveError::Refused`] where one is missing, stands in two places, cannot be read or is not in the venue's
/// form. No message shows the text itself.
pub fn credentials(
    venue: Venue,
    prefix: &str,
    variables: Variables<'_>,
) -> Result<Option<Credentials>, LiveError> {
    let names = [format!("{prefix}_API_KEY"), format!("{prefix}_API_SECRET")];
    let [key, secret] = &names;
    match (find(key, variables)?, find(secret, variables)?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(refused(format!("{key} is set and {secret} is not"))),
        (None, Some(_)) => Err(refused(format!("{secret} is set and {key} is not"))),
        (Some(id), Some(text)) => venue
            .credentials(&id, &text, "the secret")
            .map(Some)
            .map_err(|error| refused(format!("{secret}: {error}"))),
    }
}

/// What the channels of `notify` need, each as a key is found.
///
/// # Errors
/// [`LiveError`] where one is missing, stands in two places or cannot be read.
pub fn channels(settings: &NotifySettings, variables: Variables<'_>) -> Result<Secrets, LiveError> {
    Secrets::load(settings, &|name| find(name, variables))
}

fn refused(cause: String) -> LiveError {
    LiveError::Refused { phase: "keys", cause }
}

fn find(name: &str, variables: Variables<'_>) -> Result<Option<String>, LiveError> {
    let plain = variables(name).filter(|text| !text.trim().is_empty());
    let named = variables(&format!("{name}_FILE")).map(PathBuf::from);
    let folder = variables("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let credential = folder.map(|folder| folder.join(name.to_lowercase())).filter(|path| path.is_file());
    let mut found = Vec::new();
    found.extend(plain);
    for path in named.into_iter().chain(credential) {
        found.push(read(&path)?);
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(refused(format!("{name} stands in more than one place: environment, file, credential"))),
    }
}

fn read(path: &Path) -> Result<String, LiveError> {
    let length = std::fs::metadata(path).map_err(LiveError::file(path, "reading"))?.len();
    if length > FILE_MAX {
        return Err(refused(format!("{} is too long for a key", path.display())));
    }
    std::fs::read_to_string(path).map_err(LiveError::file(path, "reading"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(set: &[(&str, &str)]) -> Result<Option<Credentials>, LiveError> {
        let variables =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        credentials(Venue::KrakenFutures, "KRAKEN", &variables)
    }

    #[test]
    fn a_key_comes_from_one_place_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kraken_api_secret");
        std::fs::write(&file, "c2VjcmV0\n").unwrap();
        let path = file.to_str().unwrap();
        let dir = folder.path().to_str().unwrap();
        assert!(from(&[]).unwrap().is_none());
        let key = ("KRAKEN_API_KEY", "public");
        for secret in [
            ("KRAKEN_API_SECRET", "c2VjcmV0"),
            ("KRAKEN_API_SECRET_FILE", path),
            ("CREDENTIALS_DIRECTORY", dir),
        ] {
            assert_eq!(from(&[key, secret]).unwrap().unwrap().key, "public", "{secret:?}");
        }
        for bad in [
            vec![key],
            vec![("KRAKEN_API_SECRET", "c2VjcmV0")],
            vec![key, ("KRAKEN_API_SECRET", "c2VjcmV0"), ("CREDENTIALS_DIRECTORY", dir)],
            vec![key, ("KRAKEN_API_SECRET", "hunter2!")],
            vec![key, ("KRAKEN_API_SECRET_FILE", "/nowhere/at/all")],
        ] {
            let error = from(&bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
