//! The log: what the driver warns of is seen on standard error, and nothing of it anywhere else.

use crate::common::venue::Venue;
use crate::common::{Answer, Sandbox};

/// A live run of a few seconds, with the fault that closes every socket.
fn run(filter: Option<&str>) -> (Answer, Venue) {
    let venue = Venue::with_faults(&[r#"{"fault":"close_sockets","after_s":3,"every":2}"#]);
    let sandbox = Sandbox::new();
    sandbox.write("run.yaml", venue.config());
    let line = "run --mode live --confirm-live --config run.yaml --duration 6s --headless --json -";
    let mut command = sandbox.command(line);
    command.env("KRAKEN_API_KEY", &venue.key).env("KRAKEN_API_SECRET", &venue.secret);
    command.envs(filter.map(|filter| ("SEAWALL_LOG", filter)));
    (command.output().unwrap().into(), venue)
}

#[test]
fn a_connection_that_ends_is_seen_on_standard_error_and_json_stays_whole() {
    let (answer, _venue) = run(None);
    let lost: Vec<&str> = answer.err.lines().filter(|line| line.contains("a connection ended")).collect();
    assert!(!lost.is_empty() && lost.iter().all(|line| line.contains("WARN seawall_live")), "{}", answer.err);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.out).is_ok(), "{}", answer.out);
    assert!(!answer.err.contains('\x1b'));
}

#[test]
fn no_level_shows_a_secret_and_a_filter_can_silence_it() {
    let (answer, venue) = run(Some("trace"));
    assert!(answer.err.contains("a connection ended"), "{}", answer.err);
    for secret in [&venue.key, &venue.secret] {
        assert!(
            !answer.err.contains(secret.as_str()) && !answer.out.contains(secret.as_str()),
            "{}",
            answer.err
        );
    }
    assert_eq!(run(Some("off")).0.err, "");
}

#[test]
fn a_filter_that_cannot_be_understood_is_refused() {
    let sandbox = Sandbox::new();
    let answer: Answer =
        sandbox.command("config check").env("SEAWALL_LOG", "seawall=loud").output().unwrap().into();
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("SEAWALL_LOG"), "{}", answer.err);
}
