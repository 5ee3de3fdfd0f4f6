//! The section `notify`: who is told what, over which channel, and when.
//!
//! Nothing secret stands here. What a channel needs of that kind comes from variables that its name gives:
//! see [`crate::secrets`].

use schemars::JsonSchema;
use seawall_model::Severity;
use serde::{Deserialize, Serialize};

/// What a channel speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A chat of a Telegram bot. `NOTIFY_<NAME>_TOKEN` is the bot's token.
    #[default]
    Telegram,
    /// An incoming webhook of Slack. `NOTIFY_<NAME>_URL` is its address.
    Slack,
    /// A webhook of Discord. `NOTIFY_<NAME>_URL` is its address.
    Discord,
    /// E-mail over SMTP with TLS. `NOTIFY_<NAME>_PASSWORD` is the password of `user`.
    Email,
    /// JSON to an address of your own, `NOTIFY_<NAME>_URL`, signed with `NOTIFY_<NAME>_SECRET`.
    Webhook,
}

impl ChannelKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChannelKind::Telegram => "telegram",
            ChannelKind::Slack => "slack",
            ChannelKind::Discord => "discord",
            ChannelKind::Email => "email",
            ChannelKind::Webhook => "webhook",
        }
    }
}

/// The least severity that a channel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Least {
    /// Everything.
    Info,
    /// What needs a look, and worse.
    #[default]
    Warning,
    /// Only what puts money at risk.
    Critical,
}

impl Least {
    /// As a severity.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Least::Info => Severity::Info,
            Least::Warning => Severity::Warning,
            Least::Critical => Severity::Critical,
        }
    }
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelSettings {
    /// Its name, in small letters, digits and `-`: other keys and the variables of its secrets go by it.
    /// `ops` stands for `NOTIFY_OPS_TOKEN` and so on, their `_FILE` forms and systemd credentials.
    pub name: String,
    /// What it speaks to.
    #[serde(default)]
    pub kind: ChannelKind,
    /// The least severity that it takes.
    #[serde(default)]
    pub severity_min: Least,
    /// Takes these topics alone, by name, like `position_unprotected`; empty: all.
    #[serde(default)]
    pub only: Vec<String>,
    /// Never takes these topics. A critical alert that no channel would take goes to all of them.
    #[serde(default)]
    pub except: Vec<String>,
    /// Telegram: address of the bot interface, `https://api.telegram.org` if none. E-mail: the server, like
    /// `smtps://mail.example.org:465` (TLS) or `smtp://mail.example.org:587` (STARTTLS); plain text is for
    /// this machine alone.
    #[serde(default)]
    pub address: Option<String>,
    /// Telegram: the id of the chat that is written to.
    #[serde(default)]
    pub chat: Option<String>,
    /// Telegram: ids of the people who may ask and command in that chat; empty: nobody is listened to. `chat`
    /// has to be a number then.
    #[serde(default)]
    pub commands_from: Vec<i64>,
    /// E-mail: who signs in at the server; none signs in as nobody.
    #[serde(default)]
    pub user: Option<String>,
    /// E-mail: whom it is from.
    #[serde(default)]
    pub from: Option<String>,
    /// E-mail: whom it goes to.
    #[serde(default)]
    pub to: Vec<String>,
    /// Messages that leave in a minute at most; the rest waits.
    #[serde(default = "rate")]
    #[schemars(range(min = 1, max = 600))]
    pub per_minute_max: u32,
}

const fn rate() -> u32 {
    60
}

impl ChannelSettings {
    /// A channel with nothing but a name and a kind.
    #[must_use]
    pub fn new(name: &str, kind: ChannelKind) -> Self {
        ChannelSettings {
            name: name.to_owned(),
            kind,
            severity_min: Least::default(),
            only: Vec::new(),
            except: Vec::new(),
            address: None,
            chat: None,
            commands_from: Vec::new(),
            user: None,
            from: None,
            to: Vec::new(),
            per_minute_max: rate(),
        }
    }
}

/// The `notify` section: alerts to people. Without a channel nobody is told anything but the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NotifySettings {
    /// The channels.
    pub channels: Vec<ChannelSettings>,
    /// The same alert about the same instrument is told once in this time, in seconds, then with a count of
    /// what was held back. Critical ones are told each time.
    #[schemars(range(min = 0, max = 86_400))]
    pub dedupe_s: u32,
    /// A critical alert that nobody has acknowledged and that has not ended is repeated after this, in
    /// minutes, to `escalate_to`.
    #[schemars(range(min = 1, max = 1_440))]
    pub escalate_after_minutes: u32,
    /// The channel that is told then. `none`: nobody.
    pub escalate_to: Option<String>,
    /// When quiet hours begin, like `22:00`: all but critical messages wait until they end. `none`: there are
    /// none.
    pub quiet_from: Option<String>,
    /// When quiet hours end, like `07:00`.
    pub quiet_until: Option<String>,
    /// The time zone of quiet hours, like `Europe/Berlin`.
    pub time_zone: String,
    /// Whether a summary of each day of UTC is told five seconds after its end.
    pub daily_summary: bool,
    /// Messages of severity `info` that wait longer than this for their channel, in minutes, become one with
    /// a count.
    #[schemars(range(min = 1, max = 10_080))]
    pub collapse_after_minutes: u32,
    /// How often `NOTIFY_HEARTBEAT_URL` is asked for, in seconds, while the engine lives: a service elsewhere
    /// then notices when it does not. `none`: never.
    #[schemars(range(min = 5, max = 3_600))]
    pub heartbeat_every_s: Option<u32>,
}

impl Default for NotifySettings {
    fn default() -> Self {
        NotifySettings {
            channels: Vec::new(),
            dedupe_s: 300,
            escalate_after_minutes: 15,
            escalate_to: None,
            quiet_from: None,
            quiet_until: None,
            time_zone: "UTC".to_owned(),
            daily_summary: true,
            collapse_after_minutes: 60,
            heartbeat_every_s: None,
        }
    }
}

impl NotifySettings {
    /// Whether anybody may command over a channel.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.channels.iter().any(|channel| !channel.commands_from.is_empty())
    }

    /// Whether there is anything to do.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.channels.is_empty() || self.heartbeat_every_s.is_some()
    }
}
