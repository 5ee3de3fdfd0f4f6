//! The alert drill: each channel against a stand-in of its real API on a loopback socket, with outages.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::stand_ins::{Say, Seen, Smtp, Web, discord, slack, telegram};
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use seawall_model::{AlertKind, Severity, Span, Ts};
use seawall_notify::driver::{self, Setup};
use seawall_notify::lane::Outcome;
use seawall_notify::outbox::Wish;
use seawall_notify::send::{Sender, client, signature};
use seawall_notify::{
    Cause, ChannelKind, ChannelSettings, Clock, Hand, Least, Message, Notice, NotifyError, NotifySettings,
    Secrets, Topic,
};

const TOKEN: &str = "123456:hunter2-token";
const SECRET: &str = "hunter2-secret";

fn now() -> Ts {
    Ts::from_millis(1_767_225_600_000)
}

fn channel(kind: ChannelKind) -> ChannelSettings {
    ChannelSettings { severity_min: Least::Info, ..ChannelSettings::new("ops", kind) }
}

pub(crate) fn secrets(settings: &NotifySettings, web: &str) -> Secrets {
    let find = |name: &str| {
        let what = name.rsplit('_').next().unwrap();
        let text = match what {
            "TOKEN" => TOKEN.to_owned(),
            "URL" => format!("{web}/hooks/hunter2-path"),
            _ => SECRET.to_owned(),
        };
        Ok::<_, NotifyError>(Some(text))
    };
    Secrets::load(settings, &find).unwrap()
}

fn message() -> Message {
    let topic = Topic::Alert(AlertKind::PositionUnprotected);
    Message {
        id: "cafe-7".to_owned(),
        account: "live".to_owned(),
        cause: Cause::Happened,
        at: now(),
        severity: Severity::Critical,
        topic,
        instrument: Some("kraken-futures:BTC/USD:USD".to_owned()),
        title: topic.title().to_owned(),
        detail: "naked for 2100 ms <!channel> @everyone".to_owned(),
        advice: topic.advice().to_owned(),
        count: 1,
    }
}

fn send(settings: ChannelSettings, web: &str) -> Outcome {
    let settings = NotifySettings { channels: vec![settings], ..NotifySettings::default() };
    assert_eq!(settings.check(), []);
    let secrets = Arc::new(secrets(&settings, web));
    let sender = Sender::new(&settings.channels[0], &secrets, &client().unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sender.send(&message(), now()))
}

/// A channel of that kind that speaks to the stand-in.
pub(crate) fn at(kind: ChannelKind, web: &str) -> ChannelSettings {
    match kind {
        ChannelKind::Telegram => {
            ChannelSettings { address: Some(web.to_owned()), chat: Some("-42".to_owned()), ..channel(kind) }
        }
        ChannelKind::Email => ChannelSettings {
            address: Some(web.replace("http", "smtp")),
            user: Some("me".to_owned()),
            from: Some("Seawall <seawall@example.org>".to_owned()),
            to: vec!["one@example.org".to_owned(), "two@example.org".to_owned()],
            ..channel(kind)
        },
        ChannelKind::Slack | ChannelKind::Discord | ChannelKind::Webhook => channel(kind),
    }
}

/// Effect of `notify.channels[].kind`.
/// Effect of `notify.channels[].address`.
/// Effect of `notify.channels[].chat`.
#[test]
fn telegram_gets_the_text_in_its_chat() {
    let web = Web::new(telegram);
    // kind, address and chat.
    assert_eq!(send(at(ChannelKind::Telegram, &web.url("")), &web.url("")), Outcome::Delivered);
    let seen = &web.wait(1)[0];
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("POST", "/bot123456:hunter2-token/sendMessage")
    );
    let body = seen.json();
    assert_eq!(body["chat_id"], "-42");
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("[CRITICAL] live: kraken-futures:BTC/USD:USD: position without"), "{text}");
    assert!(text.contains("message cafe-7") && body.get("parse_mode").is_none(), "{text}");
}

#[test]
fn slack_gets_a_coloured_text_in_which_nobody_is_mentioned() {
    let web = Web::new(slack);
    assert_eq!(send(at(ChannelKind::Slack, ""), &web.url("")), Outcome::Delivered);
    let seen = &web.wait(1)[0];
    assert_eq!(seen.target, "/hooks/hunter2-path");
    let body = seen.json();
    assert!(body["text"].as_str().unwrap().starts_with("[CRITICAL]"));
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["color"], "#da3633");
    assert!(attachment["text"].as_str().unwrap().contains("&lt;!channel&gt;"), "{attachment}");
    assert!(attachment["footer"].as_str().unwrap().contains("cafe-7"));
}

#[test]
fn discord_gets_an_embed_in_which_nobody_is_mentioned() {
    let web = Web::new(discord);
    assert_eq!(send(at(ChannelKind::Discord, ""), &web.url("")), Outcome::Delivered);
    let body = web.wait(1)[0].json();
    assert_eq!(body["allowed_mentions"]["parse"], serde_json::json!([]));
    let embed = &body["embeds"][0];
    assert!(embed["title"].as_str().unwrap().starts_with("[CRITICAL]"));
    assert_eq!(embed["color"], 0xda_3633);
    assert!(embed["footer"]["text"].as_str().unwrap().contains("cafe-7"));
}

/// What docs/alerts.md tells a receiver to do.
pub(crate) fn verified(seen: &Seen, secret: &str) -> bool {
    let (timestamp, given) = (seen.header("x-seawall-timestamp"), seen.header("x-seawall-signature"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("{timestamp}.{}", seen.body);
    let tag = given.strip_prefix("v1=").unwrap();
    let tag = data_encoding::HEXLOWER.decode(tag.as_bytes()).unwrap();
    hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
}

#[test]
fn a_webhook_gets_signed_json_whose_signature_a_receiver_can_check() {
    let web = Web::new(|_| Say::Answer(202, "", String::new()));
    assert_eq!(send(at(ChannelKind::Webhook, ""), &web.url("")), Outcome::Delivered);
    let seen = &web.wait(1)[0];
    assert!(verified(seen, SECRET) && !verified(seen, "other"));
    assert!(!verified(&Seen { body: seen.body.replace("2100", "2"), ..seen.clone() }, SECRET));
    assert_eq!(seen.header("x-seawall-id"), "cafe-7");
    assert_eq!(seen.header("x-seawall-timestamp"), "1767225600");
    let body = seen.json();
    for (field, value) in [
        ("schema", "seawall.alert/1"),
        ("id", "cafe-7"),
        ("severity", "critical"),
        ("topic", "position_unprotected"),
        ("at", "2026-01-01T00:00:00Z"),
        ("cause", "happened"),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    assert_eq!(
        seen.header("x-seawall-signature"),
        format!("v1={}", signature(&key, "1767225600", &seen.body))
    );
}

fn plain() -> &'static str {
    Box::leak(BASE64.encode(format!("\0me\0{SECRET}").as_bytes()).into_boxed_str())
}

/// Effect of `notify.channels[].user`.
/// Effect of `notify.channels[].from`.
/// Effect of `notify.channels[].to`.
#[test]
fn mail_goes_to_everybody_after_signing_in() {
    let smtp = Smtp::new(plain());
    let url = format!("http://{}", smtp.address);
    // user, from and to.
    assert_eq!(send(at(ChannelKind::Email, &url), ""), Outcome::Delivered);
    let mail = &smtp.wait(1)[0];
    for line in [
        "MAIL FROM:<seawall@example.org>",
        "RCPT TO:<one@example.org>",
        "RCPT TO:<two@example.org>",
        "Message-ID: <cafe-7@example.org>",
        "[CRITICAL]",
        "naked for 2100 ms",
    ] {
        assert!(mail.contains(line), "{line}: {mail}");
    }
    // Without a user nobody signs in, and this server wants somebody.
    let nobody = ChannelSettings { user: None, ..at(ChannelKind::Email, &url) };
    assert_eq!(send(nobody, ""), Outcome::Down("status 530".to_owned()));
    let other = ChannelSettings { user: Some("you".to_owned()), ..at(ChannelKind::Email, &url) };
    assert_eq!(send(other, ""), Outcome::Down("status 535".to_owned()));
    smtp.script.lock().unwrap().extend(["451 4.7.1 greylisted", "550 5.7.1 we don't want this"]);
    assert_eq!(send(at(ChannelKind::Email, &url), ""), Outcome::Down("status 451".to_owned()));
    assert_eq!(send(at(ChannelKind::Email, &url), ""), Outcome::Refused("status 550".to_owned()));
}

#[test]
fn every_failure_is_told_apart_and_no_text_of_it_holds_a_secret() {
    let web = Web::new(telegram);
    let said = |status, headers, body: &str| Say::Answer(status, headers, body.to_owned());
    let refused = "http://127.0.0.1:1";
    let gone = send(at(ChannelKind::Telegram, refused), "");
    assert_eq!(gone, Outcome::Down("no connection".to_owned()));
    let leak = format!(r#"{{"ok":false,"description":"no bot {TOKEN}"}}"#);
    let limited = r#"{"ok":false,"error_code":429,"parameters":{"retry_after":3}}"#;
    let cases = [
        (said(500, "", "oops"), Outcome::Down("status 500".to_owned())),
        (said(401, "", &leak), Outcome::Down("status 401: no bot ***".to_owned())),
        (said(302, "location: http://127.0.0.1:1/\r\n", ""), Outcome::Down("status 302".to_owned())),
        (
            said(400, "", r#"{"ok":false,"description":"chat not found"}"#),
            Outcome::Refused("status 400: chat not found".to_owned()),
        ),
        (said(429, "", limited), Outcome::Limited(Span::from_secs(3))),
        (said(429, "retry-after: 7\r\n", ""), Outcome::Limited(Span::from_secs(7))),
        (said(200, "", "<html>a portal</html>"), Outcome::Down("the answer is none of Telegram".to_owned())),
        (Say::Half, Outcome::Down("the answer broke off".to_owned())),
    ];
    for (say, expected) in cases {
        web.say([say.clone()]);
        assert_eq!(send(at(ChannelKind::Telegram, &web.url("")), ""), expected, "{say:?}");
    }
    web.say([said(200, "", &"x".repeat(100_000))]);
    let long = send(at(ChannelKind::Telegram, &web.url("")), "");
    assert_eq!(long, Outcome::Down("the answer is too long".to_owned()));
}

fn setup(folder: &Path, settings: NotifySettings, web: &str) -> Setup {
    let secrets = secrets(&settings, web);
    let outbox = driver::outbox(&folder.join("notify.db")).unwrap();
    let (account, source) = ("live".to_owned(), "start-000001".to_owned());
    Setup { settings, secrets, account, source, outbox, clock: Clock::Wall }
}

fn start(folder: &Path, settings: NotifySettings, web: &str) -> Hand {
    seawall_notify::start(setup(folder, settings, web)).unwrap()
}

fn webhook() -> NotifySettings {
    let channel = ChannelSettings { per_minute_max: 600, ..channel(ChannelKind::Webhook) };
    NotifySettings { channels: vec![channel], ..NotifySettings::default() }
}

fn alert(number: usize) -> Notice {
    Notice::new(now(), Topic::Alert(AlertKind::Liquidated), Severity::Critical, format!("number {number}"))
}

fn details(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|seen| seen.json()["detail"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_run_tells_arrives_in_order_and_after_the_end_the_outbox_knows() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(|_| Say::Answer(200, "", String::new()));
    let mut hand = start(folder.path(), webhook(), &web.url(""));
    for number in 0..3 {
        hand.notice(alert(number));
    }
    hand.hand_over();
    assert_eq!(details(&web.wait(3)), ["number 0", "number 1", "number 2"]);
    hand.finish();
    let outbox = driver::outbox(&folder.path().join("notify.db")).unwrap();
    assert!(outbox.unfinished().unwrap().is_empty());
    let standing = &outbox.standings().unwrap()[0];
    assert_eq!((standing.channel.as_str(), standing.waiting, standing.sent), ("ops", 0, 3));
}

#[test]
fn handing_over_waits_for_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(|_| Say::Nothing);
    let mut hand = start(folder.path(), webhook(), &web.url(""));
    hand.notice(alert(0));
    hand.hand_over();
    web.wait(1);
    // Its answer never comes: who waited for that would find it given up, and tried again, at the end.
    for number in 1..200 {
        hand.notice(alert(number));
        hand.hand_over();
    }
    assert_eq!(web.seen().len(), 1);
}

#[test]
fn a_channel_that_is_down_loses_nothing_and_after_a_restart_the_rest_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    // A port that nobody listens on, for now.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let mut hand = start(folder.path(), webhook(), &url);
    for number in 0..20 {
        hand.notice(alert(number));
        hand.hand_over();
    }
    std::thread::sleep(Duration::from_millis(300));
    // The process ends, not in order.
    drop(hand);
    let web = Web::at(address, |_| Say::Answer(200, "", String::new()));
    let hand = start(folder.path(), webhook(), &url);
    let seen = web.wait(20);
    let mut told = details(&seen);
    told.sort_by_key(|detail| detail.trim_start_matches("number ").parse::<u32>().unwrap());
    assert_eq!(told, (0..20).map(|number| format!("number {number}")).collect::<Vec<_>>());
    hand.finish();
}

#[test]
fn failures_are_tried_again_and_a_doubled_message_bears_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(|_| Say::Answer(200, "", String::new()));
    let busy = Say::Answer(503, "", String::new());
    let limited = Say::Answer(429, "retry-after: 1\r\n", String::new());
    // The first attempt arrives, and its answer does not.
    web.say([Say::Half, busy, limited]);
    let mut hand = start(folder.path(), webhook(), &web.url(""));
    hand.notice(alert(0));
    hand.hand_over();
    let seen = web.wait(4);
    let ids: Vec<&str> = seen.iter().map(|seen| seen.header("x-seawall-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.ends_with("-1")), "{ids:?}");
    hand.finish();
    assert_eq!(web.seen().len(), 4, "what arrived is not sent again");
}

#[test]
fn a_message_that_is_refused_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(|seen| {
        let status = if seen.body.contains("number 0") { 400 } else { 200 };
        Say::Answer(status, "", String::new())
    });
    let mut hand = start(folder.path(), webhook(), &web.url(""));
    (0..3).for_each(|number| hand.notice(alert(number)));
    hand.hand_over();
    let seen = web.wait(3);
    assert_eq!(details(&seen)[1..3], ["number 1", "number 2"]);
    hand.finish();
    let standing = &driver::outbox(&folder.path().join("notify.db")).unwrap().standings().unwrap()[0];
    assert_eq!((standing.waiting, standing.sent), (1, 2), "it is kept");
}

#[test]
fn what_an_earlier_run_lacks_is_taken_up_and_an_acknowledgement_from_outside_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(|_| Say::Answer(200, "", String::new()));
    let hand = start(folder.path(), webhook(), &web.url(""));
    let recovery = hand.recovery().unwrap();
    let outbox = driver::outbox(&folder.path().join("notify.db")).unwrap();
    outbox.begin("start-000000").unwrap();
    assert!(recovery.notice("start-000000", 1, alert(5)));
    recovery.complete("start-000000");
    assert_eq!(details(&web.wait(1)), ["number 5"]);
    outbox.wish(&Wish::Acknowledge { who: "the operator".to_owned() }).unwrap();
    let seen = web.wait(2);
    assert_eq!(seen[1].json()["topic"], "acknowledged");
    assert!(details(&seen)[1].contains("1 critical alerts, by the operator"));
    hand.finish();
    assert!(outbox.unfinished().unwrap().is_empty());
}

/// Effect of `notify.heartbeat_every_s`.
/// [I-3]: see docs/incidents.md.
#[test]
fn the_outside_heartbeat_goes_out_while_the_engine_lives() {
    let web = Web::new(|_| Say::Answer(200, "", "OK".to_owned()));
    // heartbeat_every_s
    for (heartbeat_every_s, expected) in [(Some(5), 1), (None, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let settings = NotifySettings { heartbeat_every_s, ..NotifySettings::default() };
        let mut hand = start(folder.path(), settings, &web.url(""));
        hand.hand_over();
        if expected > 0 {
            let seen = &web.wait(1)[0];
            assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/hooks/hunter2-path"));
        } else {
            std::thread::sleep(Duration::from_millis(200));
        }
        hand.finish();
    }
    assert_eq!(web.seen().len(), 1);
}

#[test]
fn a_service_that_never_answers_is_given_up_after_its_time() {
    let web = Web::new(telegram);
    web.say([Say::Nothing]);
    let started = Instant::now();
    let outcome = send(at(ChannelKind::Telegram, &web.url("")), "");
    assert_eq!(outcome, Outcome::Down("no answer in time".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}
