//! The driver against a server on this machine: what is proven not to have been sent, what is unknown, who
//! may be spoken to, how connections come back.
#![allow(clippy::wildcard_enum_match_arm, reason = "tests may")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::net_common::{BTC, Say, Server, markets, ok, order};
use futures_util::{SinkExt, StreamExt};
use seawall_live::net::{
    Client, Delivery, Http, Inbox, NetSettings, VenueHandle, VenueSetup, checked_hosts, venue,
};
use seawall_live::wall_clock::WallClock;
use seawall_model::{
    Coverage, Input, OrderRole, RejectReason, Span, SubmitOutcome, Ts, VenueEvent, VenueRequest,
};
use seawall_venues::http::{Host, Method};
use seawall_venues::session::Feed;
use seawall_venues::{Hosts, Markets, News, Query, SignedRequest, TransportFailure, Venue, WantedData};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

fn hosts(rest: &str) -> Hosts {
    checked_hosts([(Host::Rest, format!("http://{rest}").as_str())]).unwrap()
}

fn quick() -> NetSettings {
    NetSettings {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(600),
        proxy: None,
    }
}

fn request(host: Host) -> SignedRequest {
    SignedRequest {
        method: Method::Get,
        host,
        target: "/x?y=1".to_owned(),
        headers: [].into_iter().collect(),
        body: String::new(),
    }
}

fn http(hosts: Hosts, net: &NetSettings) -> Http {
    Http::new(hosts, net, Arc::new(WallClock::new())).unwrap()
}

/// An address at which nobody listens.
async fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn no_request_reaches_a_host_that_is_not_configured() {
    let other = Server::start(|_| ok("{}")).await;
    let location: &'static str = format!("location: http://{}/stolen\r\n", other.address).leak();
    let named = Server::start(move |_| Say::Answer(307, location, String::new())).await;
    let http = http(hosts(&named.address), &quick());
    assert_eq!(http.send(request(Host::PublicStream)).await, Err(TransportFailure::NotSent));
    let reply = http.send(request(Host::Rest)).await.unwrap();
    assert_eq!(reply.status, 307, "the answer is a redirect, and it is not followed");
    assert_eq!((named.targets().len(), other.targets().len()), (1, 0));
}

#[tokio::test]
async fn only_a_connection_that_never_stood_proves_that_nothing_was_sent() {
    let refused = http(hosts(&nobody().await), &quick());
    assert_eq!(refused.send(request(Host::Rest)).await, Err(TransportFailure::NotSent));
    let rude = Server::start(|_| Say::HangUp).await;
    let sent = http(hosts(&rude.address), &quick()).send(request(Host::Rest)).await;
    assert_eq!(sent, Err(TransportFailure::MaybeSent));
    assert_eq!(rude.targets(), ["/x?y=1"], "it is not repeated by itself");
    let silent = Server::start(|_| Say::Silence).await;
    let started = Instant::now();
    let sent = http(hosts(&silent.address), &quick()).send(request(Host::Rest)).await;
    assert_eq!(sent, Err(TransportFailure::MaybeSent));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_comes_with_its_pause_and_the_instant_it_arrived() {
    let server = Server::start(|_| Say::Answer(429, "Retry-After: 7\r\n", "slow".to_owned())).await;
    let before = WallClock::new().now();
    let reply = http(hosts(&server.address), &quick()).send(request(Host::Rest)).await.unwrap();
    assert_eq!((reply.status, reply.retry_after_s, reply.body), (429, Some(7), b"slow".to_vec()));
    assert!(reply.received_at >= before);
}

#[tokio::test]
async fn requests_go_through_the_proxy_that_is_named_and_no_other() {
    let proxy = Server::start(|_| ok("through the proxy")).await;
    let net = NetSettings { proxy: Some(format!("http://{}", proxy.address)), ..quick() };
    let reply = http(hosts("127.0.0.1:9"), &net).send(request(Host::Rest)).await.unwrap();
    assert_eq!(reply.body, b"through the proxy");
    assert_eq!(proxy.targets(), ["http://127.0.0.1:9/x?y=1"]);
}

#[tokio::test]
async fn a_client_asks_and_an_unsigned_private_question_is_not_sent() {
    let server =
        Server::start(|_| ok(r#"{"result":"success","serverTime":"2026-01-02T03:04:05.000Z","ticker":{}}"#))
            .await;
    let clock = Arc::new(WallClock::new());
    let mut client =
        Client::new(Venue::KrakenFutures, hosts(&server.address), None, &quick(), clock).unwrap();
    let markets = Markets::default();
    let answer = client.ask(&Query::ServerTime, &markets).await.unwrap();
    let expected = Ts::from_millis(1_767_323_045_000);
    assert_eq!(answer, seawall_venues::Answer::ServerTime(expected));
    let failure = client.ask(&Query::Permissions, &markets).await.unwrap_err();
    assert!(failure.words.contains("credentials") || failure.words.contains("key"), "{failure:?}");
    assert_eq!(server.targets().len(), 1);
}

struct Run {
    handle: VenueHandle,
    inbox: Arc<Inbox>,
    clock: Arc<WallClock>,
}

fn run(hosts: Hosts, net: NetSettings, with_session: bool) -> Run {
    let (inbox, clock) = (Arc::new(Inbox::new()), Arc::new(WallClock::new()));
    let credentials = Venue::KrakenFutures.credentials("key", "c2VjcmV0", "secret").unwrap();
    let wanted = WantedData { quotes: vec![BTC], candles: Vec::new() };
    let handle = venue::start(VenueSetup {
        venue: Venue::KrakenFutures,
        hosts,
        net,
        credentials: Some(credentials),
        markets: markets(),
        sessions: if with_session { vec![Venue::KrakenFutures.market_session(wanted, 1)] } else { vec![] },
        clock: clock.clone(),
        inbox: inbox.clone(),
    })
    .unwrap();
    Run { handle, inbox, clock }
}

impl Run {
    fn send(&self, request: VenueRequest) {
        self.handle.send(self.clock.now(), request).unwrap();
    }

    /// Deliveries until one of them is wanted; that one is the last.
    async fn until(&self, wanted: impl Fn(&Delivery) -> bool) -> Vec<Delivery> {
        let mut all = Vec::new();
        let started = Instant::now();
        loop {
            let mut batch = Vec::new();
            self.inbox.take(Duration::ZERO, &mut batch);
            for delivery in batch {
                all.push(delivery);
                if wanted(all.last().unwrap()) {
                    return all;
                }
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{all:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn input(&self) -> Input {
        let all = self.until(|delivery| matches!(delivery, Delivery::News(News::Engine(_)))).await;
        match all.into_iter().next_back() {
            Some(Delivery::News(News::Engine(input))) => input,
            other => panic!("{other:?}"),
        }
    }
}

const OPEN_ORDERS: &str = r#"{"result":"success","serverTime":"2026-01-02T03:04:05.000Z","openOrders":[{
    "order_id":"2ce038ae-c144-4de7-a0f1-82f7f4fca864","cliOrdId":"CLIENT","symbol":"PF_XBTUSD","side":"buy",
    "orderType":"lmt","limitPrice":60000.0,"unfilledSize":1.0,"filledSize":0,"reduceOnly":false,
    "receivedTime":"2026-01-02T03:04:05.000Z","lastUpdateTime":"2026-01-02T03:04:05.000Z","status":"untouched"}]}"#;

/// The reply to a placement is lost after the venue took it: unknown, never repeated, known again by asking.
#[tokio::test]
async fn a_lost_reply_is_unknown_and_resolved_by_asking() {
    let placed = order(1, OrderRole::Entry);
    let body = OPEN_ORDERS.replace("CLIENT", &placed.order.id.wire());
    let server = Server::start(move |seen| match seen.target.contains("sendorder") {
        true => Say::HangUp,
        false => ok(&body),
    })
    .await;
    let run = run(hosts(&server.address), quick(), false);
    run.send(VenueRequest::Place(placed));
    let told = run.input().await;
    assert_eq!(told, Input::Submission { order: placed.order, outcome: SubmitOutcome::Unknown });
    run.send(VenueRequest::QueryOrder { order: placed.order });
    let Input::Venue(VenueEvent::Order { report, .. }) = run.input().await else { panic!() };
    assert_eq!((report.coverage, report.rows.len()), (Coverage::Complete, 1));
    let placements = server.targets().iter().filter(|target| target.contains("sendorder")).count();
    assert_eq!(placements, 1);
}

/// Found by storm (seed 2008810): a slow disk kept an order for seconds, and the time until which the venue
/// may take it counted from its leaving: it was still on its way when the engine took it for absent.
#[tokio::test]
async fn the_venue_may_take_a_placement_for_so_long_after_it_was_decided() {
    let server = Server::start(|_| Say::HangUp).await;
    let run = run(hosts(&server.address), quick(), false);
    let decided_at = run.clock.now().minus(Span::from_secs(7));
    run.handle.send(decided_at, VenueRequest::Place(order(1, OrderRole::Entry))).unwrap();
    let _ = run.input().await;
    let body = server.bodies().remove(0).replace("%3A", ":");
    let until: String = decided_at.plus(Span::from_secs(10)).to_string().chars().take(19).collect();
    assert!(body.contains(&format!("processBefore={until}")), "{until}: {body}");
}

#[tokio::test]
async fn a_placement_without_a_connection_is_tried_again_and_then_known_not_to_have_been_sent() {
    let run = run(hosts(&nobody().await), quick(), false);
    let placed = order(1, OrderRole::Entry);
    run.send(VenueRequest::Place(placed));
    let told = run.input().await;
    assert_eq!(told, Input::Submission { order: placed.order, outcome: SubmitOutcome::NotSent });
    run.send(VenueRequest::QueryPositions);
    let Input::Venue(VenueEvent::Positions(report)) = run.input().await else { panic!() };
    assert_eq!(report.coverage, Coverage::Failed, "a failed query is never an empty account");
}

#[tokio::test]
async fn at_the_venues_limit_entries_end_and_other_requests_rest_but_stops_go() {
    let server = Server::start(|seen| match seen.body.contains("reduceOnly=false") {
        true => {
            ok(r#"{"result":"error","error":"apiLimitExceeded","serverTime":"2026-01-02T03:04:05.000Z"}"#)
        }
        false => Say::HangUp,
    })
    .await;
    let run = run(hosts(&server.address), quick(), false);
    let entry = order(1, OrderRole::Entry);
    run.send(VenueRequest::Place(entry));
    let told = run.input().await;
    let limited = VenueEvent::Rejected { order: entry.order, reason: RejectReason::RateLimited };
    assert_eq!(told, Input::Venue(limited));
    let started = Instant::now();
    run.send(VenueRequest::QueryBalance);
    let mut stop = order(2, OrderRole::Stop);
    stop.reduce_only = true;
    run.send(VenueRequest::Place(stop));
    let told = run.input().await;
    assert!(matches!(told, Input::Submission { order, .. } if order == stop.order), "{told:?}");
    assert!(started.elapsed() < Duration::from_millis(1_500));
    assert!(matches!(run.input().await, Input::Venue(VenueEvent::Balance { .. })));
    assert!(started.elapsed() >= Duration::from_millis(1_900), "the venue asked for two seconds");
}

/// A server of WebSockets that acknowledges, quotes once and then does as it is told.
async fn stream(connections: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                let mut asked = 0;
                while asked < 2 {
                    asked += usize::from(socket.next().await.unwrap().unwrap().is_text());
                }
                let quote = format!(
                    r#"{{"feed":"ticker","product_id":"PF_XBTUSD","bid":{0}.0,"ask":{0}.5,"markPrice":{0}.2}}"#,
                    60_000 + number
                );
                let said = r#"{"event":"subscribed","feed":"ticker","product_ids":["PF_XBTUSD"]}"#;
                for text in [said.to_owned(), quote] {
                    socket.send(Message::text(text)).await.unwrap();
                }
                if number > 0 {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address
}

fn is_quote(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::News(News::Engine(Input::Quote { .. })))
}

#[tokio::test]
async fn a_connection_that_ends_is_said_and_comes_back_with_its_subscriptions() {
    let connections = Arc::new(AtomicUsize::new(0));
    let address = stream(connections.clone()).await;
    let hosts = checked_hosts([(Host::PublicStream, format!("ws://{address}/ws/v1").as_str())]).unwrap();
    let run = run(hosts, quick(), true);
    run.until(is_quote).await;
    let after = run.until(is_quote).await;
    let ended = after.iter().position(|one| matches!(one, Delivery::Disconnected { session: 0, .. }));
    let live = |wanted: bool| {
        after.iter().position(|one| match one {
            Delivery::News(News::Feed { feed: Feed::Quotes, live, .. }) => *live == wanted,
            _ => false,
        })
    };
    assert!(ended < live(true) && live(false) < live(true), "{after:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let run = run(checked_hosts([(Host::PublicStream, address.as_str())]).unwrap(), quick(), true);
    let all = run.until(|one| matches!(one, Delivery::Disconnected { .. })).await;
    let Some(Delivery::Disconnected { reason, .. }) = all.last() else { panic!() };
    assert_eq!(reason, "no connection in time");
}

#[tokio::test]
async fn sockets_go_through_the_proxy_too() {
    let connections = Arc::new(AtomicUsize::new(0));
    let target = stream(connections.clone()).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let net = NetSettings { proxy: Some(format!("http://{}", proxy.local_addr().unwrap())), ..quick() };
    let (named, to) = (target.clone(), target.clone());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut client, _)) = proxy.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            assert!(String::from_utf8(head).unwrap().starts_with(&format!("CONNECT {to} HTTP/1.1\r\n")));
            client.write_all(b"HTTP/1.1 200 fine\r\n\r\n").await.unwrap();
            let mut server = tokio::net::TcpStream::connect(&to).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let hosts = checked_hosts([(Host::PublicStream, format!("ws://{named}").as_str())]).unwrap();
    let run = run(hosts, net, true);
    run.until(is_quote).await;
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}
