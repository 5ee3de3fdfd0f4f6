//! The kill switch: ends entries, spares protection, and closes positions only when that was asked for.
//!
//! Invariants: once on it stays on until the operator releases it; a restart while it is on holds what there
//! is and closes nothing; a stored state that cannot be read counts as on.
//!
//! The stored state is one line of text, so that a person can write it: `off`, or `on`, the reason and the
//! time, as in `on manual 2026-01-31T12:00:00Z`. Whoever keeps the file reads it with [`KillFile::parse`].

use seawall_model::{KillReason, StateSink, Ts};

/// The switch within the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kill {
    pub(crate) on: Option<KillReason>,
    /// Everything is being closed.
    pub(crate) flatten: bool,
    /// When the venue was asked whether everything is closed.
    pub(crate) asked_at: Option<Ts>,
    /// The venue has confirmed that nothing is held.
    pub(crate) verified: bool,
}

impl Kill {
    pub(crate) fn is_on(self) -> bool {
        self.on.is_some()
    }

    /// Turns it on; says whether that changed anything. The first reason stays.
    pub(crate) fn turn_on(&mut self, reason: KillReason, flatten: bool) -> bool {
        let news = self.on.is_none() || (flatten && !self.flatten);
        self.on.get_or_insert(reason);
        if flatten && !self.flatten {
            *self = Kill { flatten: true, asked_at: None, verified: false, ..*self };
        }
        news
    }

    /// A restart holds: what was to be closed is left to its stops and to the operator.
    pub(crate) fn hold(&mut self) {
        self.flatten = false;
        self.asked_at = None;
    }

    pub(crate) fn digest(self, sink: &mut dyn StateSink) {
        sink.bytes(self.on.map_or("off", KillReason::name).as_bytes());
        sink.number(u64::from(self.flatten));
        sink.signed(self.asked_at.map_or(i64::MIN, Ts::nanos));
        sink.number(u64::from(self.verified));
    }
}

/// The stored state of the kill switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillFile {
    /// Off.
    Off,
    /// On.
    On {
        /// Why; [`KillReason::CorruptState`] where the content could not be read.
        reason: KillReason,
        /// Since when, where the content says so.
        since: Option<Ts>,
    },
}

impl KillFile {
    const CORRUPT: KillFile = KillFile::On { reason: KillReason::CorruptState, since: None };

    /// What the content of the file says. No file is off; an empty, cut or unknown content is on.
    #[must_use]
    pub fn parse(content: Option<&[u8]>) -> KillFile {
        let Some(content) = content else { return KillFile::Off };
        let Ok(text) = core::str::from_utf8(content) else { return KillFile::CORRUPT };
        let mut words = text.split_ascii_whitespace();
        let parts = (words.next(), words.next(), words.next(), words.next());
        match parts {
            (Some("off"), None, None, None) => KillFile::Off,
            (Some("on"), Some(name), Some(since), None) => {
                let reason = KillReason::ALL.into_iter().find(|reason| reason.name() == name);
                match (reason, since.parse()) {
                    (Some(reason), Ok(since)) => KillFile::On { reason, since: Some(since) },
                    (Some(_) | None, _) => KillFile::CORRUPT,
                }
            }
            (Some(_) | None, _, _, _) => KillFile::CORRUPT,
        }
    }

    /// The content that [`Self::parse`] reads back.
    #[must_use]
    pub fn content(self) -> String {
        match self {
            KillFile::Off => "off\n".to_owned(),
            KillFile::On { reason, since } => {
                format!("on {} {}\n", reason.name(), since.unwrap_or(Ts::EPOCH))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_file_is_off_and_whatever_cannot_be_read_is_on() {
        assert_eq!(KillFile::parse(None), KillFile::Off);
        for corrupt in
            ["", "\n", "on", "on manual", "on nonsense 2026-01-31T12:00:00Z", "OFF", "off off", "{}"]
        {
            assert_eq!(KillFile::parse(Some(corrupt.as_bytes())), KillFile::CORRUPT, "{corrupt:?}");
        }
        assert_eq!(KillFile::parse(Some(&[0xff, 0xfe])), KillFile::CORRUPT);
    }

    proptest! {
        #[test]
        fn the_content_is_read_back_and_a_cut_one_is_never_off(
            reason in 0_usize..8, seconds in 0_i64..4_000_000_000, cut in 0_usize..60
        ) {
            let since = Some(Ts::from_millis(seconds * 1_000));
            let state = KillFile::On { reason: KillReason::ALL[reason], since };
            let content = state.content();
            prop_assert_eq!(KillFile::parse(Some(content.as_bytes())), state);
            let cut = &content.as_bytes()[..cut.min(content.len())];
            prop_assert_ne!(KillFile::parse(Some(cut)), KillFile::Off);
        }

        #[test]
        fn noise_is_on(noise in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assume!(core::str::from_utf8(&noise).map(str::trim) != Ok("off"));
            prop_assert_ne!(KillFile::parse(Some(&noise)), KillFile::Off);
        }
    }
}
