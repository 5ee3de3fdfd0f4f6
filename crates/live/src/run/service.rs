//! Signs of life: the heartbeat file and the messages to systemd, on a thread of their own.
//!
//! Both follow the engine's own pulse: where the engine hangs, the file grows old and the watchdog bites. The
//! queue holds one pulse; a newer one is dropped while it is full, so a slow disk never slows the engine.

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use seawall_model::Ts;
use serde::Serialize;

use crate::error::LiveError;
use crate::watermarks::Mark;

/// The state of a run, as written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Pulse {
    pub(super) at: Ts,
    pub(super) phase: &'static str,
    pub(super) mode: &'static str,
    pub(super) inputs: u64,
    pub(super) process: u32,
    pub(super) queues: Vec<Mark>,
}

enum Message {
    Pulse(Pulse),
    Ready,
    Status(String),
}

/// The thread, and when the next pulse is due.
pub(super) struct Service {
    sender: Option<SyncSender<Message>>,
    worker: Option<JoinHandle<()>>,
    every: Duration,
    beaten: Option<Instant>,
}

/// Pulses and messages that may wait.
const WAITING_MAX: usize = 8;

impl Service {
    /// Starts the thread. The heartbeat is written to `file` every `every`, and more often where systemd's
    /// watchdog asks for it.
    pub(super) fn start(file: PathBuf, every: Duration) -> Result<Self, LiveError> {
        let watchdog = sd_notify::watchdog_enabled();
        let every = watchdog.map_or(every, |bites| every.min(bites / 3));
        let (sender, messages) = sync_channel(WAITING_MAX);
        let worker = std::thread::Builder::new()
            .name("service".to_owned())
            .spawn(move || {
                for message in messages {
                    match message {
                        Message::Pulse(pulse) => {
                            tell(&[NotifyState::Watchdog]);
                            write(&file, &pulse);
                        }
                        Message::Ready => tell(&[NotifyState::Ready]),
                        Message::Status(text) => tell(&[NotifyState::Status(&text)]),
                    }
                }
                tell(&[NotifyState::Stopping]);
            })
            .map_err(LiveError::file(std::path::Path::new("service"), "starting its thread"))?;
        Ok(Service { sender: Some(sender), worker: Some(worker), every, beaten: None })
    }

    /// Whether a pulse is due.
    pub(super) fn is_due(&self) -> bool {
        self.beaten.is_none_or(|beaten| beaten.elapsed() >= self.every)
    }

    /// The engine lives.
    pub(super) fn beat(&mut self, pulse: Pulse) {
        self.beaten = Some(Instant::now());
        self.send(Message::Pulse(pulse));
    }

    /// The run is ready.
    pub(super) fn ready(&self) {
        self.send(Message::Ready);
    }

    /// What the run is doing, for people.
    pub(super) fn status(&self, text: &str) {
        self.send(Message::Status(text.to_owned()));
    }

    fn send(&self, message: Message) {
        if let Some(sender) = &self.sender {
            // A pulse that finds no room is late anyway.
            let _ = sender.try_send(message);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd was not told");
    }
}

fn write(file: &std::path::Path, pulse: &Pulse) {
    // Beside and then over it: a reader never sees half of one.
    let beside = file.with_extension("new");
    let text = serde_json::to_string(pulse).unwrap_or_default();
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    if let Err(error) = written {
        tracing::warn!(%error, "the heartbeat was not written");
    }
}
