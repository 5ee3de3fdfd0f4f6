//! The doctor over a venue: its findings, and what it leaves there.

use std::process::Command;

use serde_json::Value;

use super::venue::Venue;
use super::{Answer, Sandbox};

/// Every check that the doctor can make, by its stable name.
pub(crate) const EVERY: &str = "configuration disk disk_space lock kill_switch database alert_channels state venue rest clock keys \
    permissions account instruments quotes candles fills public_stream private_stream positions stops orders position_sync \
    probe_order probe_stop probe_position";

/// A venue with a sandbox whose `run.yaml` names it.
pub(crate) struct Scene {
    pub(crate) venue: Venue,
    pub(crate) sandbox: Sandbox,
    pub(crate) key: (String, String),
}

impl Scene {
    pub(crate) fn of(venue: Venue) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("run.yaml", venue.config());
        let key = (venue.key.clone(), venue.secret.clone());
        Scene { venue, sandbox, key }
    }

    pub(crate) fn new() -> Self {
        Scene::of(Venue::start(|_| {}))
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(line);
        command.env("KRAKEN_API_KEY", &self.key.0).env("KRAKEN_API_SECRET", &self.key.1);
        command
    }

    pub(crate) fn answer(&self, line: &str) -> Answer {
        self.command(line).output().unwrap().into()
    }

    /// The findings of `seawall doctor` with further arguments, and its exit code.
    pub(crate) fn findings(&self, more: &str) -> (Value, Option<i32>) {
        let answer = self.answer(&format!("doctor --config run.yaml --json {more}"));
        let found =
            serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{} {}", answer.out, answer.err));
        (found, answer.code)
    }

    /// The names of what failed.
    #[track_caller]
    pub(crate) fn failed(&self, more: &str) -> Vec<String> {
        let (found, code) = self.findings(more);
        let failed: Vec<String> = serde_json::from_value(found["failed"].clone()).unwrap();
        assert_eq!(code, Some(if failed.is_empty() { 0 } else { 5 }), "{found}");
        failed
    }

    pub(crate) fn orders(&self) -> Value {
        self.venue.control("GET", "state", "")["open_orders"].clone()
    }
}

/// The rows of a check.
pub(crate) fn rows<'a>(found: &'a Value, name: &str) -> Vec<&'a Value> {
    found["checks"].as_array().unwrap().iter().filter(|check| check["name"] == name).collect()
}

#[track_caller]
pub(crate) fn row<'a>(found: &'a Value, name: &str) -> &'a Value {
    let rows = rows(found, name);
    assert_eq!(rows.len(), 1, "{name}: {found}");
    rows[0]
}
