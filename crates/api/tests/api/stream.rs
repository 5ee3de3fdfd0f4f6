//! The event stream, over a real WebSocket.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::stage::Stage;

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn connect(stage: &Stage, query: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/api/stream{query}", stage.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(stage.address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn open(stage: &Stage, query: &str) -> Socket {
    let token = format!("Bearer {}", stage.viewer);
    connect(stage, query, &[("authorization", &token)]).await.unwrap()
}

/// The next message; none where the stream has ended.
async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(30), socket.next()).await.unwrap();
        match message {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
        }
    }
}

async fn until(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = next(socket).await.expect("the stream goes on");
        if wanted(&message) {
            return message;
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_client_gets_a_snapshot_what_changes_and_each_event_and_resumes_after_its_last_one() {
    let stage = Stage::open(&[]);
    stage.until("/api/status", |status| status["ready"] == true);
    runtime().block_on(async {
        let mut socket = open(&stage, "").await;
        let hello = next(&mut socket).await.unwrap();
        assert_eq!(hello["type"], "hello");
        let snapshot = next(&mut socket).await.unwrap();
        assert_eq!(snapshot["type"], "snapshot");
        assert_eq!(snapshot["state"]["status"]["run_mode"], "demo");
        assert_eq!(snapshot["state"]["positions"].as_object().unwrap().len(), 5);
        let delta = until(&mut socket, |message| message["type"] == "delta").await;
        assert!(delta["patch"]["status"]["at"].is_string(), "{delta}");
        assert!(delta["patch"]["status"]["run"].is_null(), "only what has changed");
        let event = until(&mut socket, |message| message["type"] == "event").await;
        let seq = event["seq"].as_u64().unwrap();
        assert!(seq > hello["seq"].as_u64().unwrap() && event["event"]["kind"].is_string(), "{event}");
        drop(socket);
        // Something happens meanwhile.
        let pause = json!({ "command": "pause", "why": "a look" });
        assert_eq!(stage.command("/api/commands", &pause).status, 200);

        let stream = hello["stream"].as_str().unwrap();
        let mut socket = open(&stage, &format!("?stream={stream}&after={seq}")).await;
        assert_eq!(next(&mut socket).await.unwrap()["seq"], seq);
        let mut expected = seq;
        loop {
            let message = next(&mut socket).await.unwrap();
            assert_ne!(message["type"], "missed");
            if message["type"] != "event" {
                continue;
            }
            expected += 1;
            assert_eq!(message["seq"], expected, "each one once and in order");
            if message["event"]["kind"] == "command" {
                let body = &message["event"]["body"];
                assert_eq!((&body["command"], &body["why"]), (&json!("mode reduce_only"), &json!("a look")));
                break;
            }
        }
    });
}

#[test]
fn a_client_of_another_process_or_from_too_long_ago_is_told_that_it_missed_something() {
    let stage = Stage::open(&[]);
    stage.until("/api/status", |status| status["ready"] == true && status["seq"].as_u64() > Some(3));
    runtime().block_on(async {
        for query in ["?stream=0123&after=2", "?after=999999999"] {
            let mut socket = open(&stage, query).await;
            let hello = next(&mut socket).await.unwrap();
            let missed = next(&mut socket).await.unwrap();
            assert_eq!((&missed["type"], &missed["newest"]), (&json!("missed"), &hello["seq"]), "{query}");
            assert_eq!(next(&mut socket).await.unwrap()["type"], "snapshot");
        }
    });
}

#[test]
fn a_page_of_another_site_and_somebody_unknown_get_no_stream() {
    let stage = Stage::open(&[]);
    let token = format!("Bearer {}", stage.viewer);
    runtime().block_on(async {
        let foreign = [("authorization", token.as_str()), ("origin", "http://evil.example")];
        assert_eq!(connect(&stage, "", &foreign).await.err(), Some(403));
        assert_eq!(connect(&stage, "", &[]).await.err(), Some(401));
        let own = format!("http://{}", stage.address);
        let own = [("authorization", token.as_str()), ("origin", own.as_str())];
        stage.until("/api/status", |status| status["ready"] == true);
        assert!(connect(&stage, "", &own).await.is_ok());
    });
    let plain = stage.ask("GET", "/api/stream").token(&stage.viewer).send();
    assert_eq!((plain.status, plain.code()), (426, "websocket".to_owned()));
}

#[test]
fn streams_are_bounded_and_one_that_is_signed_out_ends() {
    let stage = Stage::open(&[]);
    stage.until("/api/status", |status| status["ready"] == true);
    runtime().block_on(async {
        let token = format!("Bearer {}", stage.operator);
        let mut streams = Vec::new();
        for _ in 0..32 {
            streams.push(connect(&stage, "", &[("authorization", &token)]).await.unwrap());
        }
        assert_eq!(connect(&stage, "", &[("authorization", &token)]).await.err(), Some(429));
        streams.truncate(1);
        let mut last = streams.pop().unwrap();
        last.send(Message::Text("x".repeat(100_000).into())).await.unwrap();
        while next(&mut last).await.is_some() {}

        let mut signed_out = open(&stage, "").await;
        let id = stage.viewer.split('_').nth(1).unwrap();
        seawall_api::access::Tokens::revoke(stage.folder.path(), id).unwrap();
        let started = Instant::now();
        while next(&mut signed_out).await.is_some() {
            assert!(started.elapsed() < Duration::from_secs(30));
        }
    });
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_holds_nobody_up() {
    let stage = Stage::open(&["demo.speed=20000"]);
    stage.until("/api/status", |status| status["ready"] == true);
    runtime().block_on(async {
        let _slow = open(&stage, "").await;
        let started = Instant::now();
        loop {
            let figures = stage.ask("GET", "/metrics").token(&stage.viewer).send();
            assert_eq!(figures.status, 200);
            if figures.body.contains("seawall_api_streams_cut_total 1\n") {
                assert!(figures.body.contains("seawall_api_streams 0.0\n"), "its place is free again");
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(90), "it was not cut off");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
}

#[test]
fn a_stream_says_every_few_seconds_that_it_lives_and_how_old_its_look_at_the_engine_is() {
    let stage = Stage::open(&[]);
    stage.until("/api/status", |status| status["ready"] == true);
    runtime().block_on(async {
        let mut socket = open(&stage, "").await;
        let (began, is_beat) = (Instant::now(), |message: &Value| message["type"] == "heartbeat");
        let beat = until(&mut socket, is_beat).await;
        assert!(beat["seq"].is_u64() && beat["view_age_s"].as_f64().unwrap() < 2.0, "{beat}");
        assert!(began.elapsed() < Duration::from_secs(20));
    });
}
