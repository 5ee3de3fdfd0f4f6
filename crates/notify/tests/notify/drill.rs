//! The drill: all channels at once, down for hours on a clock that runs faster; nothing is lost, nothing
//! delivered is sent again, and what is urgent comes first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::channels::{at, secrets, verified};
use crate::stand_ins::{Say, Seen, Smtp, Web, discord, slack, telegram};
use data_encoding::BASE64;
use seawall_model::{AlertKind, Severity, Span, Ts};
use seawall_notify::driver::{self, Setup};
use seawall_notify::{
    ChannelKind, ChannelSettings, Clock, Hand, Least, Notice, NotifyError, NotifySettings, Secrets, Topic,
};

const SECRET: &str = "hunter2-secret";
/// An hour takes a second.
const PACE: u32 = 3_600;
const HOURS: i64 = 3;

fn from() -> Ts {
    Ts::from_millis(1_767_225_600_000 + 6 * 3_600_000)
}

/// The text of a delivered message, wherever the service has it.
fn text(seen: &Seen) -> String {
    seen.body.clone()
}

/// Which of the alerts `marks` a delivered text is about.
fn mark(text: &str) -> Option<String> {
    let start = text.find("mark-")?;
    Some(text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect())
}

struct Service {
    web: Web,
    up: Arc<AtomicBool>,
}

impl Service {
    fn new(down: fn() -> Say, usual: fn(&Seen) -> Say) -> Service {
        let up = Arc::new(AtomicBool::new(true));
        let is_up = up.clone();
        let web = Web::new(move |seen| if is_up.load(Ordering::SeqCst) { usual(seen) } else { down() });
        Service { web, up }
    }
}

fn hooked(seen: &Seen) -> Say {
    assert!(verified(seen, SECRET), "each attempt is signed");
    Say::Answer(200, "", String::new())
}

fn limited() -> Say {
    let body =
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":900}}"#;
    Say::Answer(429, "content-type: application/json\r\n", body.to_owned())
}

fn broken() -> Say {
    Say::Answer(503, "", "upstream".to_owned())
}

fn plain() -> &'static str {
    Box::leak(BASE64.encode(format!("\0me\0{SECRET}").as_bytes()).into_boxed_str())
}

fn alert(number: usize, severity: Severity, at: Ts) -> Notice {
    let word = severity.name();
    let notice =
        Notice::new(at, Topic::Alert(AlertKind::DataHole), severity, format!("mark-{word}-{number:03}"));
    Notice { instrument: Some(format!("test:I{number}")), ..notice }
}

/// Deliveries of each alert, in the order of their first one.
fn delivered(texts: &[String]) -> (Vec<String>, BTreeMap<String, usize>) {
    let (mut order, mut counts) = (Vec::new(), BTreeMap::new());
    for name in texts.iter().filter_map(|text| mark(text)) {
        let count = counts.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count == 1 {
            order.push(name);
        }
    }
    (order, counts)
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_drill_of_hours_loses_nothing_doubles_nothing_and_keeps_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let services = [
        (ChannelKind::Telegram, Service::new(limited, telegram)),
        (ChannelKind::Slack, Service::new(broken, slack)),
        (ChannelKind::Discord, Service::new(|| Say::Half, discord)),
        (ChannelKind::Webhook, Service::new(broken, hooked)),
    ];
    let smtp = Smtp::new(plain());
    let mut settings = NotifySettings { collapse_after_minutes: 60, ..NotifySettings::default() };
    for (kind, service) in &services {
        let channel = at(*kind, &service.web.url(""));
        settings.channels.push(ChannelSettings { name: kind.name().to_owned(), ..channel });
    }
    let mail = at(ChannelKind::Email, &format!("http://{}", smtp.address));
    settings.channels.push(ChannelSettings { name: "email".to_owned(), severity_min: Least::Info, ..mail });
    assert_eq!(settings.check(), []);
    let url = |web: &Web| web.url("/hooks/hunter2-path");
    let names: Vec<(String, String)> =
        services.iter().map(|(kind, service)| (kind.name().to_owned(), url(&service.web))).collect();
    let hand = start(&folder, settings, &names);
    drill(hand, &services, &smtp);
}

fn start(folder: &tempfile::TempDir, settings: NotifySettings, urls: &[(String, String)]) -> Hand {
    let find = |name: &str| {
        let url = urls.iter().find(|(kind, _)| name == format!("NOTIFY_{}_URL", kind.to_uppercase()));
        let text = match (name.rsplit('_').next().unwrap(), url) {
            ("URL", Some((_, url))) => url.clone(),
            ("TOKEN", _) => "123456:hunter2-token".to_owned(),
            _ => SECRET.to_owned(),
        };
        Ok::<_, NotifyError>(Some(text))
    };
    let secrets = Secrets::load(&settings, &find).unwrap();
    let outbox = driver::outbox(&folder.path().join("notify.db")).unwrap();
    let (account, source) = ("live".to_owned(), "start-000001".to_owned());
    let clock = Clock::paced(from(), PACE);
    seawall_notify::start(Setup { settings, secrets, account, source, outbox, clock }).unwrap()
}

fn drill(mut hand: Hand, services: &[(ChannelKind, Service)], smtp: &Smtp) {
    let clock = Clock::paced(from(), PACE);
    // Before it all services work.
    hand.notice(alert(0, Severity::Critical, from()));
    hand.hand_over();
    wait_until("the first alert arrives everywhere", || {
        services.iter().all(|(_, service)| service.web.seen().len() == 1) && smtp.mails().len() == 1
    });
    // The outage: hours in which alerts come in, more of them than one answer takes.
    services.iter().for_each(|(_, service)| service.up.store(false, Ordering::SeqCst));
    smtp.down.store(true, Ordering::SeqCst);
    for number in 1..=30 {
        for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
            hand.notice(alert(number, severity, clock.now()));
        }
        hand.hand_over();
        std::thread::sleep(clock.wait(Span::from_secs(HOURS * 3_600 / 30)));
    }
    let during: Vec<usize> = services.iter().map(|(_, service)| service.web.seen().len()).collect();
    services.iter().for_each(|(_, service)| service.up.store(true, Ordering::SeqCst));
    smtp.down.store(false, Ordering::SeqCst);
    let texts = |index: usize| -> Vec<String> {
        let (_, service) = &services[index];
        let seen = service.web.seen();
        let after = seen.iter().skip(during[index]).map(text);
        seen.iter().take(1).map(text).chain(after).collect()
    };
    let criticals = |texts: &[String]| {
        let (_, counts) = delivered(texts);
        counts.keys().filter(|name| !name.contains("info")).count() == 61
    };
    wait_until("everything urgent arrives", || {
        (0..services.len()).all(|index| criticals(&texts(index))) && criticals(&smtp.mails())
    });
    hand.finish();
    for (index, (kind, _)) in services.iter().enumerate() {
        judge(kind.name(), &texts(index));
    }
    judge("email", &smtp.mails());
}

fn judge(channel: &str, texts: &[String]) {
    let (order, counts) = delivered(texts);
    for (name, count) in counts.iter().filter(|(name, _)| !name.contains("info")) {
        // One may be on its way while the service comes back: its answer is lost, and it is sent again.
        assert!(*count <= 1 || *name == "mark-critical-001", "{channel}: {name} {count} times");
    }
    let of = |word: &str| order.iter().filter(|name| name.contains(word)).cloned().collect::<Vec<_>>();
    for word in ["critical", "warning"] {
        let names = of(word);
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted, "{channel}: {word} in order");
        assert_eq!(names.len(), if word == "critical" { 31 } else { 30 }, "{channel}: {word}");
    }
    // The most urgent first.
    let last_critical = order.iter().rposition(|name| name.contains("critical")).unwrap();
    let first_warning = order.iter().position(|name| name.contains("warning")).unwrap();
    assert!(last_critical < first_warning, "{channel}: {order:?}");
    // Those of no urgency that waited for more than an hour are one message with their count.
    let collapsed: usize = texts.iter().filter_map(|text| collapsed_count(text)).sum();
    assert_eq!(collapsed + of("info").len(), 30, "{channel}: {collapsed} in one, and {:?}", of("info"));
    assert!(collapsed > 10, "{channel}: {collapsed}");
}

/// Of a message that stands for many: how many.
fn collapsed_count(text: &str) -> Option<usize> {
    let end = text.find(" messages of severity info")?;
    text[..end].rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn critical_alerts_leave_although_the_outbox_cannot_be_written_and_nothing_is_lost_or_doubled_after() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::new(broken, hooked);
    let channel = at(ChannelKind::Webhook, "");
    let settings = NotifySettings { channels: vec![channel], dedupe_s: 0, ..NotifySettings::default() };
    let outbox = driver::outbox(&folder.path().join("notify.db")).unwrap();
    let secrets = secrets(&settings, &service.web.url(""));
    let (account, source) = ("live".to_owned(), "start-000001".to_owned());
    let mut hand =
        seawall_notify::start(Setup { settings, secrets, account, source, outbox, clock: Clock::Wall })
            .unwrap();
    // Another connection holds the file, as a disk that takes nothing does.
    let lock = rusqlite::Connection::open(folder.path().join("notify.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 1..=3 {
        hand.notice(alert(number, Severity::Warning, from()));
        hand.notice(alert(number, Severity::Critical, from()));
        hand.hand_over();
    }
    wait_until("critical alerts leave without the outbox", || {
        let texts: Vec<String> = service.web.seen().iter().map(text).collect();
        delivered(&texts).0 == ["mark-critical-001", "mark-critical-002", "mark-critical-003"]
    });
    lock.execute_batch("ROLLBACK").unwrap();
    wait_until("the others leave with it", || service.web.seen().len() >= 6);
    hand.finish();
    let texts: Vec<String> = service.web.seen().iter().map(text).collect();
    let (_, counts) = delivered(&texts);
    assert!(counts.len() == 6 && counts.values().all(|count| *count == 1), "{counts:?}");
    let outbox = driver::outbox(&folder.path().join("notify.db")).unwrap();
    let standing = &outbox.standings().unwrap()[0];
    assert_eq!((standing.waiting, standing.sent), (0, 6));
    assert!(outbox.unfinished().unwrap().is_empty());
}

#[test]
fn the_outside_heartbeat_ends_with_the_engine_that_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(|_| Say::Answer(200, "", "OK".to_owned()));
    let settings = NotifySettings { heartbeat_every_s: Some(5), ..NotifySettings::default() };
    let secrets = secrets(&settings, &web.url(""));
    let outbox = driver::outbox(&folder.path().join("notify.db")).unwrap();
    let (account, source) = ("live".to_owned(), "start-000001".to_owned());
    // Five seconds take 50 ms, and the engine counts as hanging after 150 ms.
    let clock = Clock::paced(from(), 100);
    let mut hand =
        seawall_notify::start(Setup { settings, secrets, account, source, outbox, clock }).unwrap();
    for _ in 0..20 {
        hand.hand_over();
        std::thread::sleep(Duration::from_millis(20));
    }
    let alive = web.seen().len();
    assert!(alive >= 4, "{alive}");
    std::thread::sleep(Duration::from_millis(400));
    let silent = web.seen().len();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(web.seen().len(), silent, "a hanging engine gives no sign of life");
    hand.hand_over();
    wait_until("it goes on with the engine", || {
        hand.hand_over();
        web.seen().len() > silent
    });
    hand.finish();
}
