//! The kill switch on disk: one JSON file in the data folder that a command writes and a run watches.
//!
//! Invariants: no file is off, and a content that cannot be read is on; what is written is complete or not
//! there at all, and durable when the call returns. Reading is lenient (unknown fields, a missing time, a
//! reason that this version does not know), writing is strict.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use seawall_model::{KillReason, Ts};
use serde::Serialize;
use serde_json::Value;

use crate::disk::{Disk, StdDisk};
use crate::error::StoreError;

const FILE: &str = "kill_switch.json";
const SCHEMA: &str = "seawall.kill_switch/1";
/// More than any content of ours; a longer one is not ours.
const BYTES_MAX: u64 = 64 * 1024;
/// Letters of a note that are kept.
const NOTE_MAX: usize = 500;

/// The stored state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KillState {
    /// Off; since when, where that is known.
    Off {
        /// When it was released; absent where it never was on.
        since: Option<Ts>,
    },
    /// On.
    On(KillOrder),
}

/// What is asked of a run while the switch is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillOrder {
    /// Why; [`KillReason::CorruptState`] where the content cannot be read, or names a reason that this
    /// version does not know.
    pub reason: KillReason,
    /// Since when, where the content says so.
    pub since: Option<Ts>,
    /// Whether everything is to be closed.
    pub flatten: bool,
    /// When that was asked for last: a run that sees another instant than before takes the order anew.
    pub asked_at: Option<Ts>,
    /// Words of the operator, or what is wrong with the content.
    pub note: String,
}

impl KillOrder {
    fn corrupt(what: impl Into<String>) -> KillState {
        KillState::On(KillOrder {
            reason: KillReason::CorruptState,
            since: None,
            flatten: false,
            asked_at: None,
            note: what.into(),
        })
    }
}

#[derive(Serialize)]
struct Content<'a> {
    schema: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<KillReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Ts>,
    flatten: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_at: Option<Ts>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
}

impl KillState {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        match self {
            KillState::Off { .. } => false,
            KillState::On(_) => true,
        }
    }

    /// What the content of the file says; `None` is no file. Anything but a state that says `off` is on.
    #[must_use]
    pub fn parse(content: Option<&[u8]>) -> KillState {
        let Some(content) = content else { return KillState::Off { since: None } };
        let value: Value = match serde_json::from_slice(content) {
            Ok(value) => value,
            Err(error) => return KillOrder::corrupt(format!("not readable: {error}")),
        };
        let time = |key: &str| value.get(key).and_then(Value::as_str).and_then(|text| text.parse().ok());
        let word = |key: &str| value.get(key).and_then(Value::as_str);
        match word("state") {
            Some("off") => KillState::Off { since: time("since") },
            Some("on") => {
                let name = word("reason").unwrap_or_default();
                let reason = KillReason::ALL.into_iter().find(|reason| reason.name() == name);
                let note = word("note").unwrap_or_default().to_owned();
                KillState::On(KillOrder {
                    reason: reason.unwrap_or(KillReason::CorruptState),
                    since: time("since"),
                    flatten: value.get("flatten").and_then(Value::as_bool).unwrap_or(false),
                    asked_at: time("asked_at"),
                    note: if reason.is_some() { note } else { format!("unknown reason `{name}` {note}") },
                })
            }
            Some(_) | None => KillOrder::corrupt("`state` is neither on nor off"),
        }
    }

    /// The content that [`Self::parse`] reads back.
    fn content(&self) -> serde_json::Result<Vec<u8>> {
        let content = match self {
            KillState::Off { since } => Content {
                schema: SCHEMA,
                state: "off",
                reason: None,
                since: *since,
                flatten: false,
                asked_at: None,
                note: "",
            },
            KillState::On(KillOrder { reason, since, flatten, asked_at, note }) => Content {
                schema: SCHEMA,
                state: "on",
                reason: Some(*reason),
                since: *since,
                flatten: *flatten,
                asked_at: *asked_at,
                note,
            },
        };
        let mut bytes = serde_json::to_vec_pretty(&content)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillSwitch {
    path: PathBuf,
}

impl KillSwitch {
    /// The switch of a data folder.
    #[must_use]
    pub fn in_folder(data_dir: &Path) -> Self {
        KillSwitch { path: data_dir.join(FILE) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stored state. What cannot be read is on.
    #[must_use]
    pub fn read(&self) -> KillState {
        let mut content = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut content));
        match read {
            Ok(_) if content.len() as u64 > BYTES_MAX => {
                KillOrder::corrupt(format!("longer than {BYTES_MAX} bytes"))
            }
            Ok(_) => KillState::parse(Some(&content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => KillState::parse(None),
            Err(error) => KillOrder::corrupt(format!("cannot be read: {error}")),
        }
    }

    /// Turns the switch on. One that is on keeps its reason and its time; what is new is added.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the state is the one before.
    pub fn activate(
        &self,
        now: Ts,
        reason: KillReason,
        flatten: bool,
        note: &str,
    ) -> Result<KillOrder, StoreError> {
        let order = match self.read() {
            KillState::Off { .. } => KillOrder {
                reason,
                since: Some(now),
                flatten,
                asked_at: Some(now),
                note: note.chars().take(NOTE_MAX).collect(),
            },
            KillState::On(order) => KillOrder {
                since: order.since.or(Some(now)),
                flatten: order.flatten || flatten,
                asked_at: if flatten { Some(now) } else { order.asked_at.or(Some(now)) },
                ..order
            },
        };
        self.write(&KillState::On(order.clone()))?;
        Ok(order)
    }

    /// Turns the switch off; says what it was.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the state is the one before.
    pub fn release(&self, now: Ts) -> Result<KillState, StoreError> {
        let before = self.read();
        if before.is_on() {
            self.write(&KillState::Off { since: Some(now) })?;
        }
        Ok(before)
    }

    fn write(&self, state: &KillState) -> Result<(), StoreError> {
        let bytes = state.content().map_err(io::Error::other).map_err(StoreError::io("write", &self.path))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        StdDisk.create_dir(folder).map_err(StoreError::io("create", folder))?;
        let beside = self.path.with_extension(format!("{}.partial", std::process::id()));
        let written = File::create(&beside)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &self.path))
            .and_then(|()| StdDisk.sync_dir(folder));
        if written.is_err() {
            // Best effort: the half-written file is ours and nobody else's.
            let _ = fs::remove_file(&beside);
        }
        written.map_err(StoreError::io("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("seawall-kill-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn at(seconds: i64) -> Ts {
        Ts::from_millis(1_700_000_000_000 + seconds * 1_000)
    }

    #[test]
    fn no_file_is_off_and_whatever_cannot_be_read_is_on() {
        assert!(!KillState::parse(None).is_on());
        let contents = [
            "",
            "\n",
            "off",
            "on",
            "{",
            "{}",
            "[]",
            "null",
            "\"off\"",
            "{\"state\":\"OFF\"}",
            "{\"state\":false}",
            "{\"state\":[\"off\"]}",
        ];
        for content in contents {
            let KillState::On(order) = KillState::parse(Some(content.as_bytes())) else {
                unreachable!("{content:?} is off")
            };
            assert_eq!((order.reason, order.flatten), (KillReason::CorruptState, false), "{content:?}");
        }
        assert!(KillState::parse(Some(&[0xff, 0xfe])).is_on());
        let folder = folder("unreadable");
        let switch = KillSwitch::in_folder(&folder);
        assert!(!switch.read().is_on());
        fs::write(switch.path(), vec![b' '; 70_000]).unwrap();
        assert!(switch.read().is_on());
        fs::remove_file(switch.path()).unwrap();
        fs::create_dir(switch.path()).unwrap();
        assert!(switch.read().is_on(), "a folder stands in its place");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn i_57_reading_is_lenient_and_d_17_a_reason_of_another_version_is_on() {
        let text = r#"{"state":"on","reason":"sunspots","more":{"a":1},"since":"yesterday","flatten":"yes"}"#;
        let KillState::On(order) = KillState::parse(Some(text.as_bytes())) else { unreachable!() };
        assert_eq!((order.reason, order.since, order.flatten), (KillReason::CorruptState, None, false));
        assert!(order.note.contains("sunspots"));
        assert_eq!(KillState::parse(Some(br#"{"state":"off","who":"me"}"#)), KillState::Off { since: None });
    }

    #[test]
    fn a_switch_is_latched_and_idempotent_and_a_later_flatten_is_added() {
        let folder = folder("latched").join("deeper");
        let switch = KillSwitch::in_folder(&folder);
        let first = switch.activate(at(0), KillReason::ApiError, false, "the venue is down").unwrap();
        assert_eq!(switch.read(), KillState::On(first.clone()));
        assert_eq!(switch.activate(at(9), KillReason::Manual, false, "again").unwrap(), first);
        let flatten = switch.activate(at(20), KillReason::Manual, true, "").unwrap();
        assert_eq!((flatten.reason, flatten.since, flatten.flatten), (first.reason, first.since, true));
        assert_eq!(flatten.asked_at, Some(at(20)));
        let again = switch.activate(at(30), KillReason::Manual, true, "").unwrap();
        assert_ne!(again.asked_at, flatten.asked_at, "asked for again after a restart that held");
        assert_eq!(switch.release(at(40)).unwrap(), KillState::On(again));
        assert_eq!(switch.read(), KillState::Off { since: Some(at(40)) });
        assert_eq!(switch.release(at(50)).unwrap(), KillState::Off { since: Some(at(40)) });
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing half-written stays");
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_corrupt_state_is_released_and_activated_like_any_other() {
        let folder = folder("corrupt");
        let switch = KillSwitch::in_folder(&folder);
        fs::write(switch.path(), "on!").unwrap();
        let order = switch.activate(at(1), KillReason::Manual, true, "").unwrap();
        assert_eq!((order.reason, order.flatten), (KillReason::CorruptState, true));
        assert!(switch.release(at(2)).unwrap().is_on());
        assert!(!switch.read().is_on());
        fs::remove_dir_all(folder).unwrap();
    }

    proptest! {
        #[test]
        fn the_content_is_read_back_and_a_cut_one_is_never_off(
            reason in 0_usize..8, seconds in 0_i64..4_000_000_000, flatten: bool, note in ".{0,40}",
            cut in 0_usize..400
        ) {
            let since = Some(Ts::from_millis(seconds * 1_000));
            let reason = KillReason::ALL[reason];
            let state = KillState::On(KillOrder { reason, since, flatten, asked_at: since, note });
            let content = state.content().unwrap();
            prop_assert_eq!(KillState::parse(Some(&content)), state);
            prop_assert!(KillState::parse(Some(&content[..cut.min(content.len())])).is_on());
            let off = KillState::Off { since }.content().unwrap();
            prop_assert!(!KillState::parse(Some(&off)).is_on());
            // A cut content of an off state is on too, down to the line's end.
            prop_assert!(KillState::parse(Some(&off[..cut.min(off.len() - 2)])).is_on());
        }

        #[test]
        fn noise_is_on(noise in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(KillState::parse(Some(&noise)).is_on());
        }
    }
}
