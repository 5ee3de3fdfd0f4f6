//! Listens to a Telegram chat: what people ask there is answered there (`getUpdates`, long polling).
//!
//! Invariants: only listed people are heard, and only in the configured chat, everything else is ignored
//! without an answer; what was written long ago is not carried out; a message is taken once by a process;
//! what goes wrong here delays nobody but who asks.

use std::collections::BTreeSet;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::asked::{Asked, CODE_WITHIN, Codes, HELP};
use crate::error::NotifyError;
use crate::lane::{Outcome, pause};
use crate::secrets::Secrets;
use crate::send::{Reply, outcome, telegram, telegram_text};
use crate::settings::ChannelSettings;
use seawall_model::Span;

/// Telegram holds a question open for so long when nobody writes.
const HOLD_S: u64 = 25;
/// An answer must be there after this.
const PATIENCE: Duration = Duration::from_secs(HOLD_S + 10);
/// Longest pause after failures.
const PAUSE_MAX: Span = Span::from_secs(60);
/// A message that is older is not carried out any more.
const OLD: Duration = Duration::from_secs(60);
/// How often an answer is tried that the chat does not take.
const ANSWERS: u32 = 3;

/// Answers what is asked and does what is commanded.
pub trait Desk: Send + Sync {
    /// The words for the chat. `who` is for the journal.
    fn answer(&self, who: String, asked: Asked) -> impl Future<Output = String> + Send;
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Ear {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A thread that has ended hears nothing.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts to listen on a channel, on a thread of its own.
///
/// # Errors
/// [`NotifyError`]: an address that cannot be used, a thread that does not start.
pub fn listen(
    settings: &ChannelSettings,
    secrets: &Secrets,
    client: &reqwest::Client,
    desk: impl Desk + 'static,
) -> Result<Ear, NotifyError> {
    let chat = settings.chat.clone().unwrap_or_default();
    let mut listener = Listener {
        client: client.clone(),
        updates: telegram(settings, secrets, "getUpdates")?,
        messages: telegram(settings, secrets, "sendMessage")?,
        chat,
        people: settings.commands_from.iter().copied().collect(),
        secrets: secrets.clone(),
        next: 0,
        codes: Codes::default(),
        name: settings.name.clone(),
    };
    let failed = |cause: std::io::Error| NotifyError::Start {
        what: "the thread that listens to Telegram",
        cause: cause.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("telegram".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = listener.run(&desk) => {}
                    _ = stopped => {}
                }
            });
            // A question to a database that hangs is not waited for.
            runtime.shutdown_background();
        })
        .map_err(failed)?;
    Ok(Ear { stop: Some(stop), thread: Some(thread) })
}

struct Listener {
    client: reqwest::Client,
    updates: Url,
    messages: Url,
    chat: String,
    people: BTreeSet<i64>,
    secrets: Secrets,
    /// The number of the first message that was not taken.
    next: i64,
    codes: Codes,
    name: String,
}

/// A message of a listed person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    from: i64,
    asked: Asked,
    rest: String,
    is_old: bool,
}

impl Listener {
    async fn run(&mut self, desk: &impl Desk) {
        let mut failures = 0;
        loop {
            let body = json!({ "offset": self.next, "timeout": HOLD_S, "allowed_updates": ["message"] });
            let request = self.client.post(self.updates.clone()).header("content-type", "application/json");
            let reply = Reply::within(request.body(body.to_string()), PATIENCE).await;
            let wait = match outcome(&reply) {
                Outcome::Delivered => {
                    failures = 0;
                    self.take(&reply.body, desk).await;
                    continue;
                }
                Outcome::Limited(pause) => pause,
                Outcome::Down(why) | Outcome::Refused(why) => {
                    if failures == 0 {
                        let why = self.secrets.blot(&why);
                        tracing::warn!(channel = self.name, why, "no commands are heard; it is tried again");
                    }
                    failures += 1;
                    pause(failures - 1, PAUSE_MAX)
                }
            };
            tokio::time::sleep(Duration::from_nanos(u64::try_from(wait.nanos()).unwrap_or_default())).await;
        }
    }

    async fn take(&mut self, body: &Value, desk: &impl Desk) {
        let updates = body.get("result").and_then(Value::as_array).cloned().unwrap_or_default();
        for update in &updates {
            if let Some(number) = update.get("update_id").and_then(Value::as_i64) {
                self.next = self.next.max(number.saturating_add(1));
            }
            let Some(said) = self.heard(update, unix_now()) else { continue };
            let words = self.answer(said, desk).await;
            self.say(&words).await;
        }
    }

    /// What an update says, if it is for us.
    fn heard(&self, update: &Value, now_s: u64) -> Option<Said> {
        let message = update.get("message")?;
        let from = message.pointer("/from/id").and_then(Value::as_i64)?;
        let chat = message.pointer("/chat/id").and_then(Value::as_i64)?;
        if !self.people.contains(&from) || chat.to_string() != self.chat {
            return None;
        }
        let (asked, rest) = Asked::of(message.get("text").and_then(Value::as_str)?)?;
        let sent_s = message.get("date").and_then(Value::as_u64).unwrap_or_default();
        Some(Said { from, asked, rest, is_old: now_s.saturating_sub(sent_s) > OLD.as_secs() })
    }

    async fn answer(&mut self, said: Said, desk: &impl Desk) -> String {
        let Said { from, asked, rest, is_old } = said;
        if is_old {
            return "That was written more than a minute ago and was not carried out; write it again."
                .to_owned();
        }
        if let Some((verb, words)) = asked.wants_code() {
            if rest.is_empty() {
                let within = CODE_WITHIN.as_secs();
                return match self.codes.begin(from, verb, Instant::now()) {
                    Some(code) => format!("{words}\nTo do it, write within {within} s: /{verb} {code}"),
                    None => "There are no random numbers on that machine: nothing was done.".to_owned(),
                };
            }
            if !self.codes.take(from, verb, &rest, Instant::now()) {
                return format!(
                    "The code is wrong, was used, or is over: nothing was done. /{verb} asks for one."
                );
            }
        }
        if asked == Asked::Help {
            return HELP.to_owned();
        }
        desk.answer(format!("telegram:{from}"), asked).await
    }

    /// Tells the chat; given up after some attempts: whoever asked asks again.
    async fn say(&self, words: &str) {
        let words = self.secrets.blot(words);
        for attempt in 0..ANSWERS {
            let wait = match telegram_text(&self.client, self.messages.clone(), &self.chat, &words).await {
                Outcome::Delivered | Outcome::Refused(_) => return,
                Outcome::Limited(asked) => asked.min(PAUSE_MAX),
                Outcome::Down(_) => pause(attempt, PAUSE_MAX),
            };
            tokio::time::sleep(Duration::from_nanos(u64::try_from(wait.nanos()).unwrap_or_default())).await;
        }
        tracing::warn!(channel = self.name, "an answer was not taken by the chat");
    }
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
