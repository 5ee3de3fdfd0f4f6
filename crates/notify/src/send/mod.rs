//! Channels as they are spoken to. A sender makes one attempt and says what became of it; when, how often and
//! whether again is not its business.
//!
//! Invariants: an attempt ends within [`TIMEOUT`]; redirects are not followed; what an outcome says holds no
//! secret and no address.

mod email;
mod http;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use seawall_model::{Span, Ts};

pub use http::{Reply, signature};
pub(crate) use http::{outcome, telegram_text};

use crate::address;
use crate::error::NotifyError;
use crate::lane::Outcome;
use crate::notice::Message;
use crate::secrets::{HEARTBEAT, Secrets};
use crate::settings::{ChannelKind, ChannelSettings};

/// An attempt ends after this.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// A connection stands after this.
const CONNECT: Duration = Duration::from_secs(5);
/// Where the bot interface of Telegram is.
const TELEGRAM: &str = "https://api.telegram.org";

/// Sends to one channel.
#[derive(Clone)]
pub struct Sender {
    target: Target,
    secrets: Arc<Secrets>,
}

#[derive(Clone)]
enum Target {
    Telegram { client: reqwest::Client, url: Url, chat: String },
    Slack { client: reqwest::Client, url: Url },
    Discord { client: reqwest::Client, url: Url },
    Webhook { client: reqwest::Client, url: Url, key: Arc<aws_lc_rs::hmac::Key> },
    Email(Box<email::Mailer>),
}

impl Sender {
    /// A sender for a channel.
    ///
    /// # Errors
    /// [`NotifyError::Channel`] for an address that cannot be used.
    pub fn new(
        settings: &ChannelSettings,
        secrets: &Arc<Secrets>,
        client: &reqwest::Client,
    ) -> Result<Self, NotifyError> {
        let client = client.clone();
        let name = settings.name.as_str();
        let target = match settings.kind {
            ChannelKind::Telegram => {
                let url = telegram(settings, secrets, "sendMessage")?;
                Target::Telegram { client, url, chat: settings.chat.clone().unwrap_or_default() }
            }
            ChannelKind::Slack => Target::Slack { client, url: secret_url(name, secrets)? },
            ChannelKind::Discord => Target::Discord { client, url: secret_url(name, secrets)? },
            ChannelKind::Webhook => {
                let secret = secrets.of(name, "SECRET")?;
                let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
                Target::Webhook { client, url: secret_url(name, secrets)?, key: Arc::new(key) }
            }
            ChannelKind::Email => Target::Email(Box::new(email::Mailer::new(settings, secrets)?)),
        };
        Ok(Sender { target, secrets: secrets.clone() })
    }

    /// One attempt at `now`.
    pub async fn send(&self, message: &Message, now: Ts) -> Outcome {
        let message = self.clean(message);
        let outcome = match &self.target {
            Target::Telegram { client, url, chat } => {
                http::telegram(client, url.clone(), chat, &message).await
            }
            Target::Slack { client, url } => http::slack(client, url.clone(), &message).await,
            Target::Discord { client, url } => http::discord(client, url.clone(), &message).await,
            Target::Webhook { client, url, key } => {
                http::webhook(client, url.clone(), key, &message, now).await
            }
            Target::Email(mailer) => mailer.send(&message).await,
        };
        match outcome {
            Outcome::Delivered | Outcome::Limited(_) => outcome,
            Outcome::Down(why) => Outcome::Down(self.secrets.blot(&why)),
            Outcome::Refused(why) => Outcome::Refused(self.secrets.blot(&why)),
        }
    }

    /// The message without secrets, should one have come into its words.
    fn clean(&self, message: &Message) -> Message {
        Message {
            detail: self.secrets.blot(&message.detail),
            title: self.secrets.blot(&message.title),
            ..message.clone()
        }
    }
}

/// The client of all channels; it is nobody else's.
///
/// # Errors
/// [`NotifyError::Start`].
pub fn client() -> Result<reqwest::Client, NotifyError> {
    // Another part of the process may have installed the same one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("seawall/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT)
        .build()
        .map_err(|error| NotifyError::Start { what: "the HTTP client", cause: error.to_string() })
}

/// A method of the bot interface of Telegram.
pub(crate) fn telegram(
    settings: &ChannelSettings,
    secrets: &Secrets,
    method: &str,
) -> Result<Url, NotifyError> {
    let base = settings.address.as_deref().unwrap_or(TELEGRAM).trim_end_matches('/');
    let token = secrets.of(&settings.name, "TOKEN")?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    if token.is_empty() || !token.bytes().all(known) {
        let cause = format!("notify: the token of channel `{}` is none of a Telegram bot", settings.name);
        return Err(NotifyError::Channel(cause));
    }
    address::web(&format!("{base}/bot{token}/{method}")).map_err(|rule| {
        NotifyError::Channel(format!("notify: address of channel `{}`: {rule}", settings.name))
    })
}

fn secret_url(name: &str, secrets: &Secrets) -> Result<Url, NotifyError> {
    address::web(secrets.of(name, "URL")?).map_err(|rule| {
        let variable = crate::secrets::variable(name, "URL");
        NotifyError::Channel(format!("{variable}: {rule}"))
    })
}

/// Asks for the address of the outside heartbeat.
#[derive(Clone)]
pub struct Heartbeat {
    client: reqwest::Client,
    url: Url,
    /// How often.
    pub every: Span,
}

impl Heartbeat {
    /// The heartbeat that is configured to go out each `every_s` seconds.
    ///
    /// # Errors
    /// [`NotifyError::Channel`] for an address that cannot be used.
    pub fn new(every_s: u32, secrets: &Secrets, client: &reqwest::Client) -> Result<Self, NotifyError> {
        let url = address::web(secrets.named(HEARTBEAT)?)
            .map_err(|rule| NotifyError::Channel(format!("{HEARTBEAT}: {rule}")))?;
        Ok(Heartbeat { client: client.clone(), url, every: Span::from_secs(i64::from(every_s)) })
    }

    /// One sign of life.
    pub async fn beat(&self) -> Outcome {
        outcome(&Reply::of(self.client.get(self.url.clone())).await)
    }
}
