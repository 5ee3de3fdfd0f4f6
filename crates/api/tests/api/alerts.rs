//! How people are told, over the API: channels, messages, tests and acknowledgements.

use seawall_model::{AlertKind, Severity, Ts};
use seawall_notify::memory::Memory;
use seawall_notify::outbox::{Step, Wish};
use seawall_notify::{Notice, Outbox, Router, Topic};
use serde_json::json;

use crate::stage::{Stage, load};

const CHANNELS: &str = "notify.channels=[{name: ops, kind: slack, severity_min: info}, \
                        {name: desk, kind: telegram, chat: '7', commands_from: [7]}]";

fn outbox(stage: &Stage) -> Outbox {
    seawall_notify::driver::outbox(&stage.run.parent().unwrap().join("notify.db")).unwrap()
}

#[test]
fn channels_and_their_messages_are_shown_with_what_became_of_them() {
    let stage = Stage::open(&[CHANNELS]);
    stage.until("/api/status", |status| status["ready"] == true);
    let unused = stage.get("/api/alerts/channels");
    assert_eq!(unused["channels"].as_array().unwrap().len(), 2);
    assert_eq!(unused["channels"][1]["state"], "unused");
    assert_eq!(
        (&unused["channels"][0]["listens"], &unused["channels"][1]["listens"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(stage.get("/api/alerts/messages"), json!({ "messages": [] }));
    let mut outbox = outbox(&stage);
    let at = Ts::from_millis(1_767_225_600_000);
    let settings = load(&[CHANNELS]).config.notify;
    let mut router = Router::new(&settings, "demo", outbox.instance(), Memory::new(at));
    let alert = |detail: &str| Notice::new(at, Topic::Alert(AlertKind::Ghost), Severity::Critical, detail);
    for detail in ["one", "two"] {
        let drafts = router.take(at, &alert(detail));
        outbox.record(at, &Step { reached: &[], drafts: &drafts, memory: router.memory() }).unwrap();
    }
    outbox.sent("ops", 1, at).unwrap();
    outbox.sent("ops", 2, at).unwrap();
    outbox.sent("desk", 1, at).unwrap();
    outbox.failed_once("desk", 2, at, "status 502").unwrap();
    let channels = stage.get("/api/alerts/channels");
    let ops = &channels["channels"][0];
    assert_eq!((&ops["state"], &ops["sent"], &ops["waiting"]), (&json!("works"), &json!(2), &json!(0)));
    let desk = &channels["channels"][1];
    assert_eq!((&desk["state"], &desk["problem"]), (&json!("fails"), &json!("status 502")));
    let messages = stage.get("/api/alerts/messages?channel=desk&limit=1");
    let message = &messages["messages"][0];
    assert_eq!(messages["messages"].as_array().unwrap().len(), 1);
    for (field, value) in [
        ("detail", json!("two")),
        ("state", json!("waiting")),
        ("attempts", json!(1)),
        ("topic", json!("ghost")),
        ("severity", json!("critical")),
        ("cause", json!("happened")),
    ] {
        assert_eq!(message[field], value, "{field}");
    }
    let figures = stage.ask("GET", "/metrics").token(&stage.viewer).send();
    assert!(figures.body.contains("seawall_alerts_waiting{channel=\"desk\"} 1.0"), "{}", figures.body);
    let refused = stage.ask("GET", "/api/alerts/messages?limit=0").token(&stage.viewer).send();
    assert_eq!((refused.status, refused.code()), (400, "limit".to_owned()));
}

#[test]
fn an_operator_asks_for_a_test_message_and_acknowledges_and_a_run_without_channels_says_so() {
    let stage = Stage::open(&[CHANNELS]);
    stage.until("/api/status", |status| status["ready"] == true);
    let none = stage.command("/api/alerts/test", &json!({}));
    assert_eq!(
        (none.status, none.code()),
        (409, "no_channels".to_owned()),
        "the demo within the process tells nobody"
    );
    let outbox = outbox(&stage);
    assert_eq!(stage.command("/api/alerts/test", &json!({})).status, 202);
    assert_eq!(stage.command("/api/alerts/test", &json!({ "channel": "desk" })).status, 202);
    assert_eq!(stage.command("/api/alerts/acknowledge", &json!({})).status, 202);
    let unknown = stage.command("/api/alerts/test", &json!({ "channel": "phone" }));
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    let wishes = outbox.wishes().unwrap();
    assert_eq!(wishes.len(), 3, "{wishes:?}");
    assert!(
        matches!(&wishes[0], Wish::Test { channel: None, who } if who.contains("operator")),
        "{wishes:?}"
    );
    assert!(matches!(&wishes[1], Wish::Test { channel: Some(name), .. } if name == "desk"));
    assert!(matches!(&wishes[2], Wish::Acknowledge { .. }));
}
