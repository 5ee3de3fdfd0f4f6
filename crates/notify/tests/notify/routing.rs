//! Who is told what and when: the router and the outbox together, in virtual time.

use seawall_model::{AlertKind, Money, Severity, Span, Ts};
use seawall_notify::memory::Memory;
use seawall_notify::outbox::{Reached, Step, collapsed_detail, cutoff};
use seawall_notify::{
    Cause, ChannelKind, ChannelSettings, Draft, Least, Notice, NotifySettings, Outbox, Router, Status, Topic,
};

fn at(seconds: i64) -> Ts {
    // 2026-01-01T00:00:00Z and so many seconds.
    Ts::from_millis(1_767_225_600_000 + seconds * 1_000)
}

fn channel(name: &str, severity_min: Least) -> ChannelSettings {
    ChannelSettings { severity_min, ..ChannelSettings::new(name, ChannelKind::Slack) }
}

fn settings(channels: Vec<ChannelSettings>) -> NotifySettings {
    NotifySettings { channels, daily_summary: false, ..NotifySettings::default() }
}

fn router(settings: &NotifySettings) -> Router {
    Router::new(settings, "live", "cafe", Memory::new(at(0)))
}

fn one() -> Router {
    router(&settings(vec![channel("ops", Least::Info)]))
}

fn alert(kind: AlertKind, severity: Severity, detail: &str) -> Notice {
    let instrument = Some("kraken-futures:BTC/USD:USD".to_owned());
    Notice { instrument, ..Notice::new(at(0), Topic::Alert(kind), severity, detail) }
}

fn told(drafts: &[Draft]) -> Vec<(String, Cause, String)> {
    let one = |draft: &Draft| (draft.channel.clone(), draft.message.cause, draft.message.detail.clone());
    drafts.iter().map(one).collect()
}

fn channels(drafts: &[Draft]) -> Vec<&str> {
    drafts.iter().map(|draft| draft.channel.as_str()).collect()
}

/// D-27: everything but four kinds was muted while the places that raised it still looked active.
#[test]
fn d_27_each_alert_of_the_model_reaches_a_channel_at_each_severity() {
    for kind in AlertKind::ALL {
        for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
            let drafts = one().take(at(0), &alert(kind, severity, "why"));
            assert_eq!(channels(&drafts), ["ops"], "{} {}", kind.name(), severity.name());
            let message = &drafts[0].message;
            assert_eq!((message.topic, message.title.as_str()), (Topic::Alert(kind), kind.text()));
            assert!(message.plain().contains("why") && message.plain().contains(&message.id));
        }
    }
    for topic in Topic::OTHERS {
        let drafts = one().take(at(0), &Notice::new(at(0), topic, Severity::Info, "why"));
        assert_eq!(channels(&drafts), ["ops"], "{topic}");
    }
}

/// D-27: no list, no window and no quiet hour mutes a critical alert.
#[test]
fn d_27_a_critical_alert_is_never_muted() {
    for kind in AlertKind::ALL {
        let mut nobody = channel("ops", Least::Critical);
        nobody.except = vec![kind.name().to_owned()];
        let mut other = channel("other", Least::Critical);
        other.only = vec!["test".to_owned()];
        let quiet = NotifySettings {
            quiet_from: Some("00:00".to_owned()),
            quiet_until: Some("23:59".to_owned()),
            ..settings(vec![nobody, other])
        };
        let mut router = router(&quiet);
        for _ in 0..3 {
            let drafts = router.take(at(10), &alert(kind, Severity::Critical, "again"));
            assert_eq!(channels(&drafts), ["ops", "other"], "{}", kind.name());
            assert!(drafts.iter().all(|draft| draft.not_before == at(10)), "{}", kind.name());
        }
    }
}

/// Effect of `notify.channels[].severity_min`.
/// Effect of `notify.channels[].only`.
/// Effect of `notify.channels[].except`.
#[test]
fn a_channel_takes_what_its_settings_say() {
    // severity_min, only, except.
    let mut only = channel("only", Least::Info);
    only.only = vec!["stream".to_owned(), "transfer".to_owned()];
    let mut except = channel("except", Least::Info);
    except.except = vec!["stream".to_owned()];
    let all =
        [channel("all", Least::Info), channel("worse", Least::Warning), channel("worst", Least::Critical)];
    let mut router = router(&settings(all.into_iter().chain([only, except]).collect()));
    let mut to = |kind, severity| {
        let drafts = router.take(at(0), &alert(kind, severity, ""));
        channels(&drafts).join(" ")
    };
    assert_eq!(to(AlertKind::Stream, Severity::Info), "all only");
    assert_eq!(to(AlertKind::Transfer, Severity::Warning), "all worse only except");
    assert_eq!(to(AlertKind::Ghost, Severity::Critical), "all worse worst except");
}

/// Effect of `notify.dedupe_s`.
/// I-55: one limit for all kinds lost entries and the daily summary; here a key is kind and instrument.
#[test]
fn i_55_the_same_again_is_held_back_and_counted_and_nothing_else_is() {
    let mut router = one();
    let drift = |detail: &str| alert(AlertKind::BalanceDrift, Severity::Warning, detail);
    assert_eq!(router.take(at(0), &drift("1")).len(), 1);
    assert_eq!(router.take(at(10), &drift("2")).len(), 0);
    assert_eq!(router.take(at(299), &drift("3")).len(), 0);
    // Another kind, another instrument, a worse one, and what is no alert.
    assert_eq!(router.take(at(10), &alert(AlertKind::Ghost, Severity::Warning, "")).len(), 1);
    let elsewhere = Notice { instrument: None, ..drift("elsewhere") };
    assert_eq!(router.take(at(10), &elsewhere).len(), 1);
    assert_eq!(router.take(at(11), &alert(AlertKind::BalanceDrift, Severity::Critical, "")).len(), 1);
    for _ in 0..3 {
        let opened = Notice::new(at(12), Topic::PositionOpened, Severity::Info, "long");
        assert_eq!(router.take(at(12), &opened).len(), 1);
    }
    assert_eq!(router.next_at(), at(300));
    let counted = router.on_time(at(300), None);
    assert_eq!(told(&counted), [("ops".to_owned(), Cause::Repeated, "3".to_owned())]);
    assert_eq!(counted[0].message.count, 2);
    // It goes on: another window, another count; then it is quiet, and the next one is told at once.
    assert_eq!(router.take(at(301), &drift("4")).len(), 0);
    assert_eq!(router.on_time(at(600), None)[0].message.count, 1);
    assert_eq!(router.on_time(at(900), None).len(), 0);
    assert_eq!(router.take(at(901), &drift("5")).len(), 1);
    // dedupe_s: another window, and none.
    for (dedupe_s, expected) in [(60, 1), (0, 2)] {
        let settings = NotifySettings { dedupe_s, ..settings(vec![channel("ops", Least::Info)]) };
        let mut router = self::router(&settings);
        let told = router.take(at(0), &drift("a")).len() + router.take(at(30), &drift("b")).len();
        assert_eq!(told, expected, "dedupe_s {dedupe_s}");
    }
}

#[test]
fn whoever_was_told_of_a_beginning_is_told_of_its_end() {
    let pairs = [
        (AlertKind::PositionUnprotected, AlertKind::PositionUnprotected, "covered again after 812 ms"),
        (AlertKind::StopRefused, AlertKind::PositionUnprotected, "covered again after 812 ms"),
        (AlertKind::StopMissing, AlertKind::PositionUnprotected, "covered again after 812 ms"),
        (AlertKind::OutcomeUnknown, AlertKind::OutcomeResolved, "absent"),
        (AlertKind::Stream, AlertKind::Stream, "back"),
        (AlertKind::DataState, AlertKind::DataState, "healthy: passed often enough"),
        (AlertKind::ReportFailing, AlertKind::ReportFailing, "they come again"),
        (AlertKind::NotReady, AlertKind::NotReady, "ready again"),
        (AlertKind::KillSwitch, AlertKind::KillSwitch, "off: released"),
    ];
    for (begins, ends, words) in pairs {
        // This channel takes nothing of severity info by itself.
        let mut router = router(&settings(vec![channel("ops", Least::Critical)]));
        assert_eq!(router.take(at(0), &alert(begins, Severity::Critical, "began")).len(), 1);
        let severity = if begins == AlertKind::KillSwitch { Severity::Warning } else { Severity::Info };
        let drafts = router.take(at(5), &alert(ends, severity, words));
        assert_eq!(drafts.len(), 1, "{}", begins.name());
        let message = &drafts[0].message;
        assert_eq!((message.cause, message.topic), (Cause::Resolved, Topic::Alert(begins)));
        assert!(message.detail.contains(words) && message.detail.contains("began"), "{}", message.detail);
        // Once: a second end ends nothing.
        assert!(router.take(at(6), &alert(ends, severity, words)).is_empty(), "{}", begins.name());
    }
}

#[test]
fn a_closed_position_ends_what_was_wrong_with_its_stop_and_a_second_alarm_is_told_again() {
    let mut router = one();
    let refused = alert(AlertKind::StopRefused, Severity::Critical, "refused");
    router.take(at(0), &refused);
    let closed = Notice { topic: Topic::PositionClosed, severity: Severity::Info, ..refused.clone() };
    let causes: Vec<Cause> = router.take(at(1), &closed).iter().map(|draft| draft.message.cause).collect();
    assert_eq!(causes, [Cause::Resolved, Cause::Happened]);
    assert_eq!(router.take(at(2), &refused).len(), 1);
}

/// Effect of `notify.escalate_after_minutes`.
/// Effect of `notify.escalate_to`.
#[test]
fn what_nobody_acknowledges_and_what_does_not_end_is_repeated_once_elsewhere() {
    let escalating = |minutes: u32, to: Option<&str>| NotifySettings {
        escalate_after_minutes: minutes,
        escalate_to: to.map(str::to_owned),
        ..settings(vec![channel("ops", Least::Info), channel("boss", Least::Critical)])
    };
    let naked = || alert(AlertKind::PositionUnprotected, Severity::Critical, "naked");
    // escalate_after_minutes, escalate_to.
    for (minutes, to, expected) in [(15, Some("boss"), 900), (2, Some("ops"), 120)] {
        let mut router = router(&escalating(minutes, to));
        router.take(at(0), &naked());
        assert_eq!(router.next_at(), at(expected));
        assert!(router.on_time(at(expected - 1), None).is_empty());
        let drafts = router.on_time(at(expected), None);
        assert_eq!((channels(&drafts), drafts[0].message.cause), (vec![to.unwrap()], Cause::Escalated));
        assert!(router.on_time(at(expected + 9_000), None).is_empty(), "once");
    }
    let mut none = router(&escalating(15, None));
    none.take(at(0), &naked());
    assert!(none.on_time(at(9_000), None).is_empty());
    // Acknowledged, or ended: nothing is repeated.
    let mut seen = router(&escalating(15, Some("boss")));
    seen.take(at(0), &naked());
    assert_eq!(seen.acknowledge(at(60), "me").0, 1);
    assert!(seen.on_time(at(9_000), None).is_empty());
    assert_eq!(seen.acknowledge(at(61), "me").0, 0);
    let mut ended = router(&escalating(15, Some("boss")));
    ended.take(at(0), &naked());
    ended.take(at(1), &alert(AlertKind::PositionUnprotected, Severity::Info, "covered again"));
    assert!(ended.on_time(at(9_000), None).is_empty());
    // Many at once are one message.
    let mut many = router(&escalating(15, Some("boss")));
    for kind in [AlertKind::Ghost, AlertKind::Liquidated, AlertKind::StopRefused] {
        many.take(at(0), &alert(kind, Severity::Critical, "bad"));
    }
    let drafts = many.on_time(at(900), None);
    assert_eq!((drafts.len(), drafts[0].message.count), (1, 3));
}

#[test]
fn quiet_hours_hold_back_all_but_what_is_critical_and_the_ends_of_that() {
    let night = NotifySettings {
        quiet_from: Some("00:00".to_owned()),
        quiet_until: Some("06:00".to_owned()),
        ..settings(vec![channel("ops", Least::Info)])
    };
    let mut router = router(&night);
    let morning = at(6 * 3_600);
    assert_eq!(router.take(at(60), &alert(AlertKind::Ghost, Severity::Warning, ""))[0].not_before, morning);
    let naked = |severity| alert(AlertKind::PositionUnprotected, severity, "");
    assert_eq!(router.take(at(60), &naked(Severity::Critical))[0].not_before, at(60));
    assert_eq!(router.take(at(61), &naked(Severity::Info))[0].not_before, at(61));
}

/// Effect of `notify.daily_summary`.
#[test]
fn a_day_is_summed_up_five_seconds_after_its_end() {
    for daily_summary in [true, false] {
        let settings = NotifySettings {
            daily_summary,
            ..settings(vec![channel("ops", Least::Warning), channel("pager", Least::Critical)])
        };
        let mut router = router(&settings);
        for pnl in [3, -1] {
            let pnl = Some(Money::new(pnl.into()));
            let closed = Notice { pnl, ..Notice::new(at(60), Topic::PositionClosed, Severity::Info, "long") };
            router.take(at(60), &closed);
        }
        router.take(at(61), &alert(AlertKind::Ghost, Severity::Critical, ""));
        let status = Status { mode: "normal", equity: Money::new(10_012.into()), held: 2, naked: 1 };
        let midnight = 86_400;
        assert!(router.on_time(at(midnight + 4), Some(&status)).is_empty());
        let drafts = router.on_time(at(midnight + 5), Some(&status));
        if !daily_summary {
            assert!(drafts.is_empty());
            continue;
        }
        assert_eq!(channels(&drafts), ["ops"]);
        let detail = &drafts[0].message.detail;
        for words in [
            "2026-01-01",
            "2 closed (1 with profit), profit 2;",
            "1 critical",
            "equity 10012",
            "1 of them without",
        ] {
            assert!(detail.contains(words), "{words}: {detail}");
        }
        // The next day begins with nothing.
        let next = router.on_time(at(2 * midnight + 5), None);
        assert!(next[0].message.detail.contains("2026-01-02: 0 positions opened, 0 closed"), "{next:?}");
    }
}

#[test]
fn the_same_message_has_one_id_on_all_channels_and_ids_go_on_after_a_restart() {
    let settings = settings(vec![channel("a", Least::Info), channel("b", Least::Info)]);
    let mut first = router(&settings);
    let ids = |drafts: &[Draft]| drafts.iter().map(|draft| draft.message.id.clone()).collect::<Vec<_>>();
    assert_eq!(
        ids(&first.take(at(0), &alert(AlertKind::Ghost, Severity::Critical, ""))),
        ["cafe-1", "cafe-1"]
    );
    let text = serde_json::to_string(first.memory()).unwrap();
    let mut again = Router::new(&settings, "live", "cafe", serde_json::from_str(&text).unwrap());
    assert_eq!(ids(&again.take(at(1), &alert(AlertKind::Ghost, Severity::Critical, "")))[0], "cafe-2");
}

fn outbox(folder: &tempfile::TempDir) -> Outbox {
    Outbox::open(&folder.path().join("notify.db"), "cafe").unwrap()
}

fn record(outbox: &mut Outbox, router: &Router, now: Ts, drafts: &[Draft]) {
    outbox.record(now, &Step { reached: &[], drafts, memory: router.memory() }).unwrap();
}

#[test]
fn the_most_urgent_leaves_first_and_what_left_never_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, mut router) = (outbox(&folder), one());
    let kinds = [
        (AlertKind::Transfer, Severity::Info),
        (AlertKind::Ghost, Severity::Warning),
        (AlertKind::Liquidated, Severity::Critical),
    ];
    for (kind, severity) in kinds {
        let drafts = router.take(at(0), &alert(kind, severity, ""));
        record(&mut outbox, &router, at(0), &drafts);
    }
    let mut order = Vec::new();
    while let Some(waiting) = outbox.next("ops", at(1), &[]).unwrap() {
        order.push(waiting.message.severity.name());
        outbox.sent("ops", waiting.number, at(1)).unwrap();
    }
    assert_eq!(order, ["critical", "warning", "info"]);
    let standing = &outbox.standings().unwrap()[0];
    assert_eq!((standing.waiting, standing.sent), (0, 3));
}

/// Effect of `notify.collapse_after_minutes`.
#[test]
fn after_an_outage_old_infos_are_one_message_and_nothing_critical_is_lost() {
    for (collapse_after_minutes, expected) in [(60, 4), (600, 23)] {
        let folder = tempfile::tempdir().unwrap();
        let (mut outbox, mut router) = (outbox(&folder), one());
        for minute in 0..20 {
            let now = at(minute * 60);
            let opened = Notice::new(now, Topic::PositionOpened, Severity::Info, "long");
            let drafts = router.take(now, &opened);
            record(&mut outbox, &router, now, &drafts);
        }
        for kind in [AlertKind::Ghost, AlertKind::Liquidated] {
            let drafts = router.take(at(30), &alert(kind, Severity::Critical, ""));
            record(&mut outbox, &router, at(30), &drafts);
        }
        let drafts = router.take(at(30), &Notice::new(at(30), Topic::DailySummary, Severity::Info, "day"));
        record(&mut outbox, &router, at(30), &drafts);
        // The channel was down for five hours. The process was restarted meanwhile.
        drop(outbox);
        let mut outbox = Outbox::open(&folder.path().join("notify.db"), "other").unwrap();
        assert_eq!(outbox.instance(), "cafe");
        let now = at(5 * 3_600);
        let cutoff = cutoff(now, collapse_after_minutes);
        let old = outbox.old("ops", cutoff, now).unwrap();
        if let Some((count, from, detail)) = collapsed_detail(&old) {
            assert!(detail.contains("20 position_opened"), "{detail}");
            let draft = router.collapsed(now, "ops", from, count, detail);
            outbox.collapse(cutoff, now, (&draft, &old), router.memory()).unwrap();
        }
        let mut left = Vec::new();
        while let Some(waiting) = outbox.next("ops", now, &[]).unwrap() {
            outbox.sent("ops", waiting.number, now).unwrap();
            left.push(waiting.message);
        }
        assert_eq!(left.len(), expected, "collapse_after_minutes {collapse_after_minutes}");
        assert_eq!(left.iter().filter(|message| message.severity == Severity::Critical).count(), 2);
        assert_eq!(
            left.iter()
                .map(|message| if message.cause == Cause::Collapsed { message.count } else { 1 })
                .sum::<u64>(),
            23
        );
    }
}

#[test]
fn what_a_start_has_not_written_is_known_to_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, router) = (outbox(&folder), one());
    outbox.begin("start-000001").unwrap();
    let mut reach = |reached: &[Reached]| {
        outbox.record(at(0), &Step { reached, drafts: &[], memory: router.memory() }).unwrap();
        outbox.unfinished().unwrap()
    };
    let source = "start-000001".to_owned();
    reach(&[Reached::Taken { source: source.clone(), upto: 7, gap: None }]);
    reach(&[Reached::Taken { source: source.clone(), upto: 20, gap: Some((8, 11)) }]);
    // In order, but for what was lost on the way.
    let unfinished = reach(&[Reached::Ended(source.clone())]);
    let lacking: Vec<u64> = (1..=22).filter(|number| unfinished[0].lacks(*number)).collect();
    assert_eq!(lacking, [8, 9, 10, 11, 21, 22]);
    assert!(reach(&[Reached::Complete(source)]).is_empty());
}

#[test]
fn a_message_that_is_held_back_leaves_at_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, mut router) = (outbox(&folder), one());
    let mut drafts = router.take(at(0), &alert(AlertKind::Ghost, Severity::Warning, ""));
    drafts[0].not_before = at(100);
    record(&mut outbox, &router, at(0), &drafts);
    assert_eq!(outbox.next("ops", at(99), &[]).unwrap(), None);
    assert_eq!(outbox.next_at("ops", &[]).unwrap(), Some(at(100)));
    let waiting = outbox.next("ops", at(100), &[]).unwrap().unwrap();
    outbox.failed_once("ops", waiting.number, at(200), "no connection").unwrap();
    assert_eq!(outbox.next("ops", at(199), &[]).unwrap(), None);
    assert_eq!(outbox.next("ops", at(100).plus(Span::from_secs(100)), &[]).unwrap().unwrap().attempts, 1);
    assert_eq!(outbox.next("ops", at(1_000), &[waiting.number]).unwrap(), None, "it is not as it says");
    assert_eq!(outbox.next_at("ops", &[waiting.number]).unwrap(), None);
    assert_eq!(outbox.standings().unwrap()[0].problem.as_deref(), Some("no connection"));
}
