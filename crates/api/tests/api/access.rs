//! Who may do what: every path of the document, asked by everybody.

use std::collections::BTreeSet;

use seawall_api::access::Tokens;
use serde_json::{Value, json};

use crate::stage::{Answer, Ask, Stage, sign_in};

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    Anybody,
    Known,
    /// Everybody known, with the word of their session: it is about themselves.
    Own,
    Operator,
}

/// Every path. One that is missing here fails the test: say who may.
const TABLE: &[(&str, &str, May)] = &[
    ("get", "/", May::Anybody),
    ("get", "/livez", May::Anybody),
    ("get", "/readyz", May::Anybody),
    ("get", "/health", May::Known),
    ("get", "/metrics", May::Known),
    ("get", "/api/openapi.json", May::Anybody),
    ("post", "/api/session", May::Anybody),
    // Its body names who sends it.
    ("post", "/api/signals", May::Anybody),
    ("get", "/api/session", May::Known),
    ("delete", "/api/session", May::Own),
    ("get", "/api/status", May::Known),
    ("get", "/api/positions", May::Known),
    ("get", "/api/risk", May::Known),
    ("get", "/api/config", May::Known),
    ("get", "/api/candles", May::Known),
    ("get", "/api/markers", May::Known),
    ("get", "/api/overlays", May::Known),
    ("get", "/api/orders", May::Known),
    ("get", "/api/fills", May::Known),
    ("get", "/api/trades", May::Known),
    ("get", "/api/equity", May::Known),
    ("get", "/api/alerts", May::Known),
    ("get", "/api/incidents", May::Known),
    ("get", "/api/figures", May::Known),
    ("get", "/api/logs", May::Known),
    ("get", "/api/alerts/channels", May::Known),
    ("get", "/api/alerts/messages", May::Known),
    ("post", "/api/alerts/test", May::Operator),
    ("post", "/api/alerts/acknowledge", May::Operator),
    ("get", "/api/decisions", May::Known),
    ("get", "/api/decisions/one", May::Known),
    ("get", "/api/decisions/matrix", May::Known),
    ("get", "/api/stream", May::Known),
    ("get", "/api/demo", May::Known),
    ("post", "/api/demo/cut-network", May::Operator),
    ("post", "/api/demo/reject-my-stop", May::Operator),
    ("get", "/api/backtests", May::Known),
    ("get", "/api/backtests/data", May::Known),
    ("get", "/api/backtests/{id}", May::Known),
    ("get", "/api/backtests/{id}/report", May::Known),
    ("post", "/api/backtests", May::Operator),
    ("delete", "/api/backtests/{id}", May::Operator),
    ("post", "/api/commands/preview", May::Operator),
    ("post", "/api/commands", May::Operator),
];

fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(seawall_api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
        })
        .collect()
}

/// Passed the guard, whatever the path says then.
fn is_let_in(answer: &Answer) -> bool {
    answer.status != 0 && !matches!(answer.status, 401 | 403)
}

#[test]
fn every_path_lets_in_whom_it_should_and_nobody_else() {
    let listed: BTreeSet<(String, String)> =
        TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(listed, documented(), "each path of the document has a line in the table");
    let stage = Stage::open(&["api.sign_in_failures_per_minute=600"]);
    stage.until("/api/status", |status| status["ready"] == true);
    let over = sign_in(&stage, &stage.operator).0;
    let (gone, word) = (over.clone(), sign_in(&stage, &stage.operator));
    let ended = stage.ask("DELETE", "/api/session").session(&gone).send();
    assert_eq!((ended.status, ended.code()), (403, "csrf".to_owned()), "a session ends with its word only");
    let mut viewers = sign_in(&stage, &stage.viewer);
    let mut operators = sign_in(&stage, &stage.operator);
    for (method, path, may) in TABLE {
        let ask = || {
            let ask = stage.ask(&method.to_uppercase(), path);
            if *method == "get" { ask } else { ask.json(&json!({})) }
        };
        let check = |who: &str, ask: Ask, in_or_code: Result<(), &str>| {
            let answer = ask.send();
            match in_or_code {
                Ok(()) => {
                    assert!(
                        is_let_in(&answer),
                        "{who} at {method} {path}: {} {}",
                        answer.status,
                        answer.body
                    );
                }
                Err(code) => assert_eq!(answer.code(), code, "{who} at {method} {path}"),
            }
        };
        let writes = *method != "get";
        let public = *may == May::Anybody;
        let unless_public = |code: &'static str| if public { Ok(()) } else { Err(code) };
        check("nobody", ask(), unless_public("not_signed_in"));
        check("bad token", ask().token("swt_00000000_0"), unless_public("bad_token"));
        let viewer = if *may == May::Operator { Err("operator_only") } else { Ok(()) };
        check("viewer", ask().token(&stage.viewer), viewer);
        check("operator", ask().token(&stage.operator), Ok(()));
        let unknown = ask().session("0000");
        check("session over", unknown, unless_public("session_over"));
        let without_word = if writes && !public { Err("csrf") } else { Ok(()) };
        check("session without its word", ask().session(&over), without_word);
        let wrong = ask().session(&over).header("X-CSRF-Token", "0000");
        check("session with a wrong word", wrong, without_word);
        let session = ask().session(&viewers.0).header("X-CSRF-Token", &viewers.1);
        check("viewer's session", session, viewer);
        let session = &operators;
        check("operator's session", ask().session(&session.0).header("X-CSRF-Token", &session.1), Ok(()));
        if *may == May::Own {
            (viewers, operators) = (sign_in(&stage, &stage.viewer), sign_in(&stage, &stage.operator));
        }
    }
    assert!(is_let_in(&stage.ask("GET", "/api/status").session(&word.0).send()));
}

#[test]
fn a_session_ends_when_it_is_ended_and_when_its_token_is_taken_back() {
    let stage = Stage::open(&[]);
    let (id, csrf) = sign_in(&stage, &stage.operator);
    let who = stage.ask("GET", "/api/session").session(&id).send().json();
    assert_eq!(who["role"], "operator");
    assert_eq!(who["csrf"].as_str(), Some(csrf.as_str()), "a second page does not end the word of the first");
    let end =
        |word: &str| stage.ask("DELETE", "/api/session").session(&id).header("X-CSRF-Token", word).send();
    assert_eq!(end("0000").code(), "csrf");
    let ended = end(&csrf);
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").unwrap().contains("Max-Age=0"), "{ended:?}");
    assert_eq!(stage.ask("GET", "/api/session").session(&id).send().code(), "session_over");

    let (id, _) = sign_in(&stage, &stage.viewer);
    let token_id = stage.viewer.split('_').nth(1).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(Tokens::revoke(stage.folder.path(), token_id).unwrap());
    std::thread::sleep(seawall_api::access::LOOK_EVERY);
    assert_eq!(stage.ask("GET", "/api/session").session(&id).send().code(), "session_over");
    assert_eq!(stage.ask("GET", "/api/status").token(&stage.viewer).send().code(), "bad_token");
}

#[test]
fn the_cookie_is_for_this_site_and_no_script() {
    let stage = Stage::open(&[]);
    let answer = stage.ask("POST", "/api/session").json(&json!({ "token": stage.viewer })).send();
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "it would not come back over plain HTTP: {cookie}");
}

/// Effect of `api.sign_in_failures_per_minute`.
#[test]
fn who_fails_too_often_waits_and_a_known_token_goes_on() {
    let stage = Stage::open(&["api.sign_in_failures_per_minute=3"]);
    let known = || stage.ask("GET", "/api/session").token(&stage.viewer).send().status;
    assert_eq!(known(), 200);
    let mut wrong = stage.viewer.clone();
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('0') { "1" } else { "0" });
    let fail = || stage.ask("GET", "/api/session").token(&wrong).send();
    let codes: Vec<String> = (0..4).map(|_| fail().code()).collect();
    assert_eq!(codes, ["bad_token", "bad_token", "bad_token", "too_many_failures"]);
    let limited = fail();
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().unwrap() <= 20));
    assert_eq!(known(), 200, "a token that was found right is not held up");
}

#[test]
fn no_answer_holds_a_secret() {
    let stage = Stage::open(&["venue.proxy=http://me:hunter2@127.0.0.1:3128"]);
    stage.until("/api/status", |status| status["ready"] == true);
    let file = std::fs::read_to_string(Tokens::path(stage.folder.path())).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let mut secrets = vec!["hunter2".to_owned()];
    for token in [&stage.operator, &stage.viewer] {
        secrets.push(token.split('_').nth(2).unwrap().to_owned());
    }
    for entry in file["tokens"].as_array().unwrap() {
        secrets.extend(["salt", "hash"].map(|field| entry[field].as_str().unwrap().to_owned()));
    }
    for (method, path, _) in TABLE.iter().filter(|(method, ..)| *method == "get") {
        let answer = stage.ask(&method.to_uppercase(), path).token(&stage.operator).send();
        for secret in &secrets {
            assert!(!answer.body.contains(secret.as_str()), "{path} shows a secret");
        }
    }
}
