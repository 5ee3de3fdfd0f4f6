//! What channels need and nobody may see: tokens, addresses that hold one, passwords.
//!
//! They come from variables `NOTIFY_<CHANNEL>_<WHAT>` by whatever way the project's secrets come; the name
//! of the channel stands in capitals, with `_` for `-`. They are wiped from memory when they are dropped,
//! have no `Debug`, and are blotted out of every text that leaves or is logged.

use core::fmt;
use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::error::NotifyError;
use crate::settings::{ChannelKind, NotifySettings};

/// The variable with the address of the outside heartbeat.
pub const HEARTBEAT: &str = "NOTIFY_HEARTBEAT_URL";
/// Shorter texts are blotted out of nothing: they would be found everywhere.
const BLOTTED_MIN: usize = 4;

/// Secrets by the name of their variable.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Zeroizing<String>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The variables that the channels need.
#[must_use]
pub fn variables(settings: &NotifySettings) -> Vec<String> {
    let mut names = Vec::new();
    for channel in &settings.channels {
        let whats: &[&str] = match channel.kind {
            ChannelKind::Telegram => &["TOKEN"],
            ChannelKind::Slack | ChannelKind::Discord => &["URL"],
            ChannelKind::Webhook => &["URL", "SECRET"],
            ChannelKind::Email if channel.user.is_some() => &["PASSWORD"],
            ChannelKind::Email => &[],
        };
        names.extend(whats.iter().map(|what| variable(&channel.name, what)));
    }
    if settings.heartbeat_every_s.is_some() {
        names.push(HEARTBEAT.to_owned());
    }
    names
}

/// The variable of one secret of a channel.
#[must_use]
pub fn variable(channel: &str, what: &str) -> String {
    format!("NOTIFY_{}_{what}", channel.to_uppercase().replace('-', "_"))
}

impl Secrets {
    /// Looks up everything that the channels need.
    ///
    /// # Errors
    /// What `find` says; [`NotifyError::Channel`] for one that is missing.
    pub fn load<E: From<NotifyError>>(
        settings: &NotifySettings,
        find: &dyn Fn(&str) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        let mut found = BTreeMap::new();
        for name in variables(settings) {
            let Some(text) = find(&name)? else {
                let cause = format!(
                    "{name} is not set: a channel of `notify` needs it; set it or remove the channel"
                );
                return Err(E::from(NotifyError::Channel(cause)));
            };
            found.insert(name, Zeroizing::new(text.trim().to_owned()));
        }
        Ok(Secrets(found))
    }

    /// A secret of a channel.
    pub(crate) fn of(&self, channel: &str, what: &str) -> Result<&str, NotifyError> {
        self.named(&variable(channel, what))
    }

    /// The secret of a variable.
    pub(crate) fn named(&self, name: &str) -> Result<&str, NotifyError> {
        let found = self.0.get(name).map(|text| text.as_str());
        found.ok_or_else(|| NotifyError::Channel(format!("{name} is not set")))
    }

    /// `text` with every secret blotted out.
    #[must_use]
    pub fn blot(&self, text: &str) -> String {
        let long = self.0.values().filter(|secret| secret.len() >= BLOTTED_MIN);
        long.fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "***") } else { text }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ChannelSettings;

    fn settings() -> NotifySettings {
        let channels = vec![
            ChannelSettings::new("ops", ChannelKind::Telegram),
            ChannelSettings::new("own-hook", ChannelKind::Webhook),
        ];
        NotifySettings { channels, heartbeat_every_s: Some(60), ..NotifySettings::default() }
    }

    fn all(name: &str) -> Result<Option<String>, NotifyError> {
        Ok(Some(format!(" secret of {name}\n")))
    }

    /// Effect of `notify.channels[].name`.
    #[test]
    fn the_name_of_a_channel_says_where_its_secrets_are() {
        let names = ["NOTIFY_OPS_TOKEN", "NOTIFY_OWN_HOOK_URL", "NOTIFY_OWN_HOOK_SECRET", HEARTBEAT];
        assert_eq!(variables(&settings()), names);
        let secrets = Secrets::load(&settings(), &all).unwrap();
        assert_eq!(secrets.of("ops", "TOKEN").unwrap(), "secret of NOTIFY_OPS_TOKEN");
        let missing = Secrets::load(&settings(), &|_| Ok::<_, NotifyError>(None)).unwrap_err().to_string();
        assert!(missing.contains("NOTIFY_OPS_TOKEN is not set"), "{missing}");
    }

    #[test]
    fn secrets_are_in_no_debug_output_and_are_blotted_out_of_texts() {
        let secrets = Secrets::load(&settings(), &all).unwrap();
        assert!(!format!("{secrets:?}").contains("secret of"));
        let text = secrets.blot("https://x/botsecret of NOTIFY_OPS_TOKEN/sendMessage failed");
        assert_eq!(text, "https://x/bot***/sendMessage failed");
    }
}
