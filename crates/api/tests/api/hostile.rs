//! What somebody sends who means no good, or cannot do better.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{Answer, Stage, raw};

#[test]
fn bodies_that_are_too_large_or_no_json_are_refused() {
    let stage = Stage::open(&[]);
    let post = |body: &str| {
        let ask = stage.ask("POST", "/api/commands").token(&stage.operator);
        ask.header("Content-Type", "application/json").text(body).send()
    };
    let huge = format!("{{\"why\":\"{}\"}}", "x".repeat(64 * 1024));
    assert_eq!((post(&huge).status, post(&huge).code()), (413, "body_too_large".to_owned()));
    let deep = "[".repeat(10_000);
    for bad in ["", "{", "null", "[]", "{\"command\":\"shutdown\"}", "{\"command\":1}", &deep, "\u{0}"] {
        let answer = post(bad);
        assert_eq!((answer.status, answer.code()), (400, "bad_json".to_owned()), "{bad:.20}");
    }
    let unknown = post("{\"command\":\"pause\",\"extra\":1}");
    assert!(unknown.code() == "bad_json" && unknown.body.contains("extra"), "{unknown:?}");
    let form = stage.ask("POST", "/api/commands").token(&stage.operator);
    let form = form.header("Content-Type", "text/plain").text("{\"command\":\"flatten\"}").send();
    assert_eq!((form.status, form.code()), (415, "content_type".to_owned()), "a page's form can send that");
    let claim = stage.ask("POST", "/api/session").header("Content-Type", "application/json");
    let claim = claim.header("Content-Length", "99999999999").text("{").send();
    assert!(matches!(claim.status, 400 | 413 | 0), "{claim:?}");
}

#[test]
fn paths_that_climb_or_hide_lead_nowhere() {
    let stage = Stage::open(&[]);
    let paths = [
        "/../etc/passwd",
        "/api/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/%2fstatus",
        "/api//status",
        "/api/status/",
        "/API/STATUS",
        "/api/status%00",
        "//evil.example/api/status",
        "/api/access.json",
    ];
    for path in paths {
        let nobody = stage.ask("GET", path).send();
        assert_eq!((nobody.status, nobody.code()), (401, "not_signed_in".to_owned()), "{path}");
        let known = stage.ask("GET", path).token(&stage.viewer).send();
        assert_eq!((known.status, known.code()), (404, "not_found".to_owned()), "{path}");
    }
    let method = stage.ask("PUT", "/api/status").token(&stage.operator).send();
    assert_eq!((method.status, method.code()), (405, "method".to_owned()));
    for query in
        ["limit=0", "limit=1001", "limit=x", "limit=-1", "since=yesterday", "colour=red", "limit=1&limit=2"]
    {
        let answer = stage.ask("GET", &format!("/api/orders?{query}")).token(&stage.viewer).send();
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        answer.code();
    }
    let long = format!("/api/orders?instrument={}", "x".repeat(4_000));
    assert_eq!(stage.ask("GET", &long).token(&stage.viewer).send().code(), "query");
    let sql = "/api/trades?instrument=%27%20OR%201%3D1%20--";
    assert_eq!(stage.get(sql)["rows"], json!([]));
}

/// Effect of `api.hosts`.
#[test]
fn it_answers_to_its_own_names_only_and_to_no_page_of_another_site() {
    let stage = Stage::open(&["api.hosts=[seawall.example.org]"]);
    let host = |name: &str| stage.ask("GET", "/api/status").token(&stage.viewer).header("Host", name).send();
    for foreign in ["evil.example", "127.0.0.1", "seawall.example.org.evil.example", ""] {
        let answer = host(foreign);
        assert_eq!((answer.status, answer.code()), (421, "unknown_host".to_owned()), "{foreign}");
    }
    assert_eq!(host("seawall.example.org").status, 200);
    assert_eq!(host(&format!("localhost:{}", stage.address.port())).status, 200);
    assert!(matches!(stage.ask("GET", "/livez").no_host().send().status, 400 | 421), "HTTP/1.1 wants a Host");
    let absolute = stage.ask("GET", "http://evil.example/livez").send();
    assert_eq!(absolute.code(), "unknown_host");

    let post = |name: &str, value: &str| {
        let ask = stage.ask("POST", "/api/commands/preview").token(&stage.operator);
        ask.header(name, value).json(&json!({ "command": "pause" })).send()
    };
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "https://seawall.example.org.evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let answer = post(name, value);
        assert_eq!((answer.status, answer.code()), (403, "foreign_origin".to_owned()), "{name}: {value}");
    }
    assert_eq!(post("Origin", &format!("http://{}", stage.address)).status, 200);
    assert_eq!(post("Origin", "https://seawall.example.org").status, 200);
    assert_eq!(post("Sec-Fetch-Site", "same-origin").status, 200);
}

#[test]
fn headers_that_come_twice_or_too_many_are_refused() {
    let stage = Stage::open(&[]);
    let twice =
        |name: &str, a: &str, b: &str| stage.ask("GET", "/api/status").header(name, a).header(name, b).send();
    let (viewer, operator) = (format!("Bearer {}", stage.viewer), format!("Bearer {}", stage.operator));
    assert_eq!(twice("Authorization", &viewer, &operator).code(), "duplicate_header");
    assert_eq!(twice("Origin", "http://a", "http://b").code(), "duplicate_header");
    assert_eq!(twice("X-CSRF-Token", "a", "b").code(), "duplicate_header");
    let hosts =
        format!("GET /livez HTTP/1.1\r\nHost: {0}\r\nHost: {0}\r\nConnection: close\r\n\r\n", stage.address);
    assert_eq!(raw(stage.address, hosts.as_bytes()).status, 400);
    let smuggled = format!(
        "POST /api/session HTTP/1.1\r\nHost: {}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
         0\r\n\r\n",
        stage.address
    );
    let answer = raw(stage.address, (smuggled + "Connection: close\r\n").as_bytes());
    assert!((400..500).contains(&answer.status), "{answer:?}");
    let cookies = "a=1; seawall_session=x; seawall_session=y";
    let two = stage.ask("GET", "/api/status").header("Cookie", cookies).send();
    assert_eq!(two.code(), "not_signed_in", "one of both was put there by somebody else");
    let mut many = stage.ask("GET", "/livez");
    for number in 0..200 {
        many = many.header(&format!("X-{number}"), "x");
    }
    assert_eq!(many.send().status, 431);
    let long = stage.ask("GET", "/livez").header("X-Long", &"x".repeat(64 * 1024)).send();
    assert!(matches!(long.status, 431 | 0), "{long:?}");
    for nonsense in ["\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}", "GET / HTTP/9.9\r\n\r\n"] {
        let answer = raw(stage.address, nonsense.as_bytes());
        assert!(matches!(answer.status, 400 | 0), "{nonsense:?}: {answer:?}");
    }
}

/// Effect of `api.request_timeout_s`.
#[test]
fn who_sends_slowly_is_let_go() {
    let stage = Stage::open(&["api.request_timeout_s=1"]);
    let started = Instant::now();
    let mut slow = TcpStream::connect(stage.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    slow.write_all(format!("GET /livez HTTP/1.1\r\nHost: {}\r\n", stage.address).as_bytes()).unwrap();

    let mut body = TcpStream::connect(stage.address).unwrap();
    body.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let ask = stage.ask("POST", "/api/session").header("Content-Type", "application/json");
    body.write_all(ask.header("Content-Length", "100").text("{").bytes().as_bytes()).unwrap();
    let mut text = Vec::new();
    body.read_to_end(&mut text).unwrap();
    let answer = Answer::read(&text);
    assert_eq!((answer.status, answer.code()), (408, "timeout".to_owned()));
    let waited = started.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(5), "{waited:?}");

    let mut rest = Vec::new();
    // A reset is as good as an end.
    let _ = slow.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(20), "headers have a deadline of their own");
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[test]
fn every_answer_has_the_strict_headers() {
    let stage = Stage::open(&[]);
    let asked = [
        stage.ask("GET", "/").send(),
        stage.ask("GET", "/livez").send(),
        stage.ask("GET", "/api/status").send(),
        stage.ask("GET", "/api/status").token(&stage.viewer).send(),
        stage.ask("GET", "/nowhere").token(&stage.viewer).send(),
        stage.ask("GET", "/livez").header("Host", "evil.example").send(),
    ];
    for answer in asked {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        // Where the dashboard was built its first page is kept, and asked after by its tag each time.
        let kept = if answer.header("etag").is_some() { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), Some(kept));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(answer.header("access-control-allow-origin").is_none());
        assert!(answer.header("strict-transport-security").is_none(), "it is plain HTTP");
    }
}
