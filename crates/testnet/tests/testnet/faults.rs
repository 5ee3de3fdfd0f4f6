//! Every fault happens as its row in the book says.

use crate::common::{Bench, settings};
use seawall_model::Span;
use seawall_testnet::faults::{FaultKind, FaultRule, read};
use seawall_testnet::{Answer, Down, Protocol};
use serde_json::json;

fn bench(change: impl FnOnce(&mut FaultRule), fault: FaultKind) -> Bench {
    let mut rule = FaultRule::new(fault);
    change(&mut rule);
    Bench::with(settings(), vec![rule])
}

fn order(bench: &mut Bench) -> Answer {
    let body = "orderType=mkt&symbol=PF_XBTUSD&side=buy&size=0.1";
    let request = bench.signed("POST", "/derivatives/api/v3/sendorder", "", body, "");
    bench.answer(&request)
}

fn filled(bench: &Bench) -> usize {
    bench.testnet.world().account().fills().count()
}

fn target(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[test]
fn drop_reply_carries_the_order_out_and_says_nothing() {
    let mut bench = bench(
        |rule| {
            rule.target = target("sendorder");
            rule.count = Some(1);
        },
        FaultKind::DropReply,
    );
    assert!(matches!(order(&mut bench), Answer::Nothing { .. }));
    assert_eq!(filled(&bench), 1);
    assert!(matches!(order(&mut bench), Answer::Reply { .. }));
    assert_eq!(bench.testnet.faults().counts()[&FaultKind::DropReply], 1);
}

#[test]
fn delay_holds_the_answer_back() {
    let mut bench = bench(|rule| rule.delay_ms = Some(1_500), FaultKind::Delay);
    let Answer::Reply { hold, .. } = order(&mut bench) else { panic!("no answer") };
    assert_eq!((hold, filled(&bench)), (Span::from_millis(1_500), 1));
}

#[test]
fn errors_come_before_the_order_or_after_it() {
    for (fault, after, status, fills) in [
        (FaultKind::ErrorJson, false, 500, 0),
        (FaultKind::ErrorJson, true, 500, 1),
        (FaultKind::ErrorHtml, false, 503, 0),
        (FaultKind::ErrorHtml, true, 503, 1),
    ] {
        let mut bench = bench(|rule| rule.after_acceptance = after, fault);
        let Answer::Reply { reply, .. } = order(&mut bench) else { panic!("no answer") };
        assert_eq!((reply.status, filled(&bench)), (status, fills), "{fault:?} {after}");
        assert_eq!(reply.content_type == "text/html", fault == FaultKind::ErrorHtml);
    }
}

#[test]
fn rate_limit_is_said_in_the_venues_words() {
    let mut bench = bench(|rule| rule.every = Some(2), FaultKind::RateLimit);
    assert!(matches!(order(&mut bench), Answer::Reply { .. }));
    let Answer::Reply { reply, .. } = order(&mut bench) else { panic!("no answer") };
    assert!(reply.body.contains("apiLimitExceeded"));
    assert_eq!(filled(&bench), 1);
}

#[test]
fn stops_are_refused_for_a_while() {
    let mut bench = bench(
        |rule| {
            rule.after_s = 10;
            rule.duration_s = Some(20);
        },
        FaultKind::RejectStops,
    );
    bench.send("orderType=mkt&symbol=PF_XBTUSD&side=buy&size=0.1");
    let price = bench.near(-9.0);
    let stop = format!("orderType=stp&symbol=PF_XBTUSD&side=sell&size=0.1&stopPrice={price}&reduceOnly=true");
    let mut words = Vec::new();
    for _ in 0..4 {
        words.push(bench.send(&stop).0);
        bench.wait(11);
    }
    assert_eq!(words, ["placed", "invalidOrderType", "invalidOrderType", "placed"]);
}

#[test]
fn sockets_are_closed_by_the_clock() {
    let mut bench = bench(
        |rule| {
            rule.after_s = 5;
            rule.every = Some(10);
        },
        FaultKind::CloseSockets,
    );
    bench.connect(1);
    bench.wait(4);
    assert!(!bench.hear().iter().any(|(_, value)| *value == json!("close")));
    bench.wait(2);
    assert_eq!(bench.hear().last().unwrap().1, json!("close"));
    bench.connect(2);
    bench.wait(10);
    assert_eq!(bench.hear().last().unwrap().1, json!("close"));
}

#[test]
fn silence_keeps_the_connection_and_says_nothing() {
    let mut bench = bench(
        |rule| {
            rule.after_s = 10;
            rule.duration_s = Some(10);
        },
        FaultKind::Silence,
    );
    let connection = bench.connect(1);
    bench.say(connection, &json!({ "event": "subscribe", "feed": "heartbeat" }));
    bench.wait(9);
    assert!(!bench.hear().is_empty());
    bench.wait(2);
    bench.hear();
    bench.wait(5);
    assert!(bench.hear().is_empty());
    assert!(matches!(order(&mut bench), Answer::Nothing { .. }));
    assert_eq!(filled(&bench), 0);
    bench.wait(10);
    assert!(!bench.hear().is_empty());
}

#[test]
fn messages_come_twice_or_in_another_order() {
    for fault in [FaultKind::Duplicate, FaultKind::Reorder] {
        let mut bench = bench(|rule| rule.target = target("trade"), fault);
        let connection = bench.connect(1);
        bench
            .say(connection, &json!({ "event": "subscribe", "feed": "trade", "product_ids": ["PF_XBTUSD"] }));
        bench.wait(60);
        let heard = bench.hear();
        let numbers: Vec<u64> = heard
            .iter()
            .filter(|(_, value)| value["feed"] == "trade" && value["event"].is_null())
            .map(|(_, value)| value["seq"].as_u64().unwrap())
            .collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        match fault {
            FaultKind::Duplicate => assert_eq!(numbers.len(), sorted.len() * 2),
            _ => assert!(numbers.len() == sorted.len() && numbers != sorted, "{numbers:?}"),
        }
    }
}

#[test]
fn a_stale_snapshot_is_the_one_of_before() {
    let mut bench = bench(
        |rule| {
            rule.target = target("openpositions");
            rule.after_s = 10;
        },
        FaultKind::StaleSnapshot,
    );
    let empty = bench.get("openpositions", "");
    assert!(empty["openPositions"].as_array().unwrap().is_empty());
    bench.wait(11);
    order(&mut bench);
    assert_eq!(bench.get("openpositions", ""), empty);
    assert_eq!(bench.get("fills", "")["fills"].as_array().unwrap().len(), 1);
}

#[test]
fn a_killed_venue_comes_back_with_everything_it_knew_or_never() {
    let mut back = bench(
        |rule| {
            rule.after_s = 10;
            rule.duration_s = Some(30);
        },
        FaultKind::Kill,
    );
    order(&mut back);
    back.connect(1);
    back.wait(11);
    assert!(matches!(back.testnet.is_down(), Some(Down::Until(_))));
    assert_eq!(back.hear().last().unwrap().1, json!("close"));
    assert!(matches!(order(&mut back), Answer::Nothing { .. }));
    assert!(!back.testnet.open(back.at, seawall_testnet::ConnectionId(2), "/ws/v1"));
    back.wait(31);
    assert_eq!(back.testnet.is_down(), None);
    assert_eq!(back.get("openpositions", "")["openPositions"].as_array().unwrap().len(), 1);
    let mut gone = bench(|rule| rule.after_s = 10, FaultKind::Kill);
    gone.wait(11);
    assert_eq!(gone.testnet.is_down(), Some(Down::ForGood));
}

#[test]
fn chance_follows_from_the_seed() {
    let run = |seed| {
        let mut rule = FaultRule::new(FaultKind::RateLimit);
        rule.probability = Some(0.5);
        let mut world = settings();
        world.seed = seed;
        let mut bench = Bench::with(world, vec![rule]);
        (0..40)
            .map(|_| {
                let Answer::Reply { reply, .. } = order(&mut bench) else { panic!("no answer") };
                bench.wait(1);
                reply.body.contains("apiLimitExceeded")
            })
            .collect::<Vec<_>>()
    };
    let first = run(1);
    assert_eq!(first, run(1));
    assert_ne!(first, run(2));
    let struck = first.iter().filter(|struck| **struck).count();
    assert!((8..32).contains(&struck), "{struck}");
}

#[test]
fn rules_are_read_from_yaml_and_json_and_a_wrong_word_is_named() {
    let yaml = "- fault: drop_reply\n  target: sendorder\n  probability: 0.1\n- fault: kill\n  after_s: 60\n";
    let rules = read("faults.yaml", yaml).unwrap();
    assert_eq!(rules.len(), 2);
    assert_eq!(read("faults.json", &serde_json::to_string(&rules).unwrap()).unwrap(), rules);
    let error = read("faults.yaml", "- fault: explode\n").unwrap_err().to_string();
    assert!(error.contains("faults.yaml") && error.contains("explode"), "{error}");
    for fault in FaultKind::ALL {
        let text = serde_json::to_string(&[FaultRule::new(fault)]).unwrap();
        assert_eq!(read("one", &text).unwrap()[0].fault, fault);
    }
}
