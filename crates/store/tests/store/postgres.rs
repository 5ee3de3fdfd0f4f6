//! What only a server can do to a writer: go away, come back, give the right to write to somebody else.

#![cfg(all(unix, feature = "postgres"))]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::databases::{Scratch, batch, contents, minute, money, run_header, writer};
use crate::common::server::{self, PASSWORD, Server};
use crate::common::{fill, instruments};
use seawall_store::StoreError;
use seawall_store::db::{Batch, Database, DatabaseUrl, EquityPoint, Filter, Place, Reader, Writer};

/// The place of a run that begins in a new folder `name`.
fn place(scratch: &Scratch, name: &str, url: &str) -> Place {
    let folder = scratch.0.join(name);
    let _ = std::fs::create_dir(&folder);
    Place::for_run(&folder, "test", Some(&DatabaseUrl::parse(url).unwrap())).unwrap()
}

fn one_fill(number: u64) -> Batch {
    Batch { fills: vec![fill(number)], ..Batch::default() }
}

/// Tells the batch until it is recorded, as the thread of a run does.
fn told(writer: &mut Writer, batch: &Batch) -> u32 {
    let until = Instant::now() + Duration::from_secs(30);
    let mut outages = 0;
    loop {
        match writer.record_batch(batch) {
            Ok(()) => return outages,
            Err(error) if error.is_outage() && Instant::now() < until => outages += 1,
            Err(error) => panic!("{error}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_account_has_one_writer_and_the_second_is_told_who_has_it() {
    let Some(url) = server::database("one_writer") else { return };
    let scratch = Scratch::new("pg-one-writer");
    let ours = place(&scratch, "a", &url);
    let first = writer(&ours, 7);
    let error = Database::open(&ours).unwrap().writer(8, &run_header(), &instruments()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::DatabaseLocked { .. }), "{text}");
    assert!(
        text.contains(&format!("seawall pid {}", std::process::id())) && !text.contains("hunter2"),
        "{text}"
    );
    let busy = Database::recreate(&ours).unwrap_err();
    assert!(
        matches!(busy, StoreError::DatabaseLocked { .. }),
        "a run is not rebuilt while it writes: {busy}"
    );
    drop(first);
    drop(writer(&ours, 8));
}

#[test]
fn a_cut_connection_is_made_again_and_nothing_is_lost_or_doubled() {
    let (Some(url), Some(server)) = (server::database("cut"), server::shared()) else { return };
    let scratch = Scratch::new("pg-cut");
    let ours = place(&scratch, "a", &url);
    let undisturbed = place(&scratch, "b", &server::database("undisturbed").unwrap());
    let mut writer_of_ours = writer(&ours, 7);
    writer_of_ours.record_batch(&batch()).unwrap();
    server
        .sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'cut_%'");
    assert!(told(&mut writer_of_ours, &batch()) >= 1);
    told(&mut writer_of_ours, &one_fill(9));
    let mut other = writer(&undisturbed, 7);
    other.record_batch(&batch()).unwrap();
    other.record_batch(&one_fill(9)).unwrap();
    assert_eq!(contents(&ours), contents(&undisturbed));
}

#[test]
fn who_took_the_right_to_write_during_a_cut_keeps_it() {
    let (Some(url), Some(server)) = (server::database("taken"), server::shared()) else { return };
    let scratch = Scratch::new("pg-taken");
    let ours = place(&scratch, "a", &url);
    let mut first = writer(&ours, 7);
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'taken_%'",
    );
    let mut second = writer(&ours, 8);
    assert!(first.record_batch(&one_fill(1)).unwrap_err().is_outage(), "it learns that it was cut");
    let error = first.record_batch(&one_fill(1)).unwrap_err();
    assert!(matches!(error, StoreError::DatabaseLocked { .. }), "{error}");
    second.record_batch(&one_fill(2)).unwrap();
    let fills = Reader::open(&ours).unwrap().fills(&Filter::default()).unwrap();
    assert_eq!(
        fills.iter().map(|row| row.run).collect::<Vec<_>>(),
        [8],
        "the one without the right wrote nothing"
    );
}

#[test]
fn what_happens_while_the_server_is_down_is_recorded_when_it_is_back() {
    let Some(mut server) = Server::start() else { return server::skip() };
    let scratch = Scratch::new("pg-down");
    let ours = place(&scratch, "a", &server.url(&server.create("down")));
    let mut writer_of_ours = writer(&ours, 7);
    writer_of_ours.record_batch(&batch()).unwrap();
    server.stop();
    for _ in 0..3 {
        let error = writer_of_ours.record_batch(&one_fill(9)).unwrap_err();
        assert!(error.is_outage() && !format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let header = run_header();
    let begun = Database::writer_even_if_away(&ours, 7, &header, &instruments()).unwrap();
    let (mut started_without, outage) = begun;
    assert!(outage.unwrap().is_outage());
    server.run();
    told(&mut writer_of_ours, &one_fill(9));
    drop(writer_of_ours);
    told(&mut started_without, &one_fill(10));
    let fills = Reader::open(&ours).unwrap().fills(&Filter::default()).unwrap();
    assert_eq!(fills.len(), 4);
}

/// Passes bytes between a writer and the server, until it loses the writer's side without the server
/// noticing.
struct Proxy {
    port: u16,
    clients: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let clients = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&clients);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
                kept.lock().unwrap().push(client.try_clone().unwrap());
                let (from, into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || pass(from, into));
                thread::spawn(move || pass(server, client));
            }
        });
        Proxy { port, clients }
    }

    fn lose_clients(&self) {
        for client in self.clients.lock().unwrap().drain(..) {
            client.shutdown(Shutdown::Both).unwrap();
        }
    }
}

fn pass(mut from: TcpStream, mut into: TcpStream) {
    let mut bytes = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if into.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // The other side stays open, as it does when a machine on the way is gone.
    std::mem::forget(into);
}

#[test]
fn a_session_of_ours_that_the_server_has_not_missed_yet_does_not_keep_us_out() {
    let (Some(url), Some(server)) = (server::database("ghost"), server::shared()) else { return };
    let proxy = Proxy::start(server.port());
    let scratch = Scratch::new("pg-ghost");
    let url = url.replace(&server.port().to_string(), &proxy.port.to_string());
    let ours = place(&scratch, "a", &url);
    let mut writer_of_ours = writer(&ours, 7);
    proxy.lose_clients();
    assert!(writer_of_ours.record_batch(&one_fill(1)).unwrap_err().is_outage());
    told(&mut writer_of_ours, &one_fill(1));
    assert_eq!(Reader::open(&ours).unwrap().fills(&Filter::default()).unwrap().len(), 1);
}

#[test]
fn runs_of_two_folders_with_one_number_are_not_mixed() {
    let Some(url) = server::database("folders") else { return };
    let scratch = Scratch::new("pg-folders");
    let (ours, theirs) = (place(&scratch, "a", &url), place(&scratch, "b", &url));
    writer(&ours, 7).record_batch(&batch()).unwrap();
    let before = contents(&ours);
    let error = Database::open(&theirs).unwrap().writer(7, &run_header(), &instruments()).unwrap_err();
    assert!(matches!(error, StoreError::RunTaken { run: 7, .. }), "{error}");
    let error = Reader::of_run(&theirs, 7).unwrap_err();
    assert!(matches!(error, StoreError::RunTaken { run: 7, .. }), "{error}");
    let rebuild = Database::recreate(&theirs).unwrap();
    drop(rebuild.database().writer(7, &run_header(), &instruments()).unwrap());
    let error = rebuild.finish().unwrap_err();
    assert!(matches!(error, StoreError::RunTaken { run: 7, .. }), "{error}");
    assert_eq!(contents(&ours), before);
    assert_eq!(
        Place::of_run(&scratch.0.join("a"), None).unwrap_err().to_string().matches("DATABASE_URL").count(),
        1
    );
    let again = Place::of_run(&scratch.0.join("a"), Some(&DatabaseUrl::parse(&url).unwrap())).unwrap();
    assert_eq!(again, ours, "a run keeps its identity");
}

#[test]
fn a_rebuild_replaces_its_run_and_leaves_the_others() {
    let Some(url) = server::database("rebuilds") else { return };
    let scratch = Scratch::new("pg-rebuilds");
    let ours = place(&scratch, "a", &url);
    writer(&ours, 6).record_batch(&batch()).unwrap();
    writer(&ours, 7).record_batch(&one_fill(50)).unwrap();
    let rebuild = Database::recreate(&ours).unwrap();
    rebuild.database().writer(7, &run_header(), &instruments()).unwrap().record_batch(&batch()).unwrap();
    rebuild.finish().unwrap();
    let of = |run| Reader::of_run(&ours, run).unwrap();
    let ids = |run| -> Vec<_> {
        of(run).fills(&Filter::default()).unwrap().into_iter().map(|row| row.fill_id).collect()
    };
    assert_eq!(
        (ids(6), ids(7)),
        (vec!["1".to_owned(), "2".to_owned()], vec!["1".to_owned(), "2".to_owned()])
    );
    assert_eq!(of(7).alerts(&Filter::default()).unwrap().len(), 2);
    assert_eq!(Reader::open(&ours).unwrap().runs(&Filter::default()).unwrap().len(), 2);
}

#[test]
fn a_large_batch_and_a_text_with_a_zero_byte_are_recorded() {
    let Some(url) = server::database("large") else { return };
    let scratch = Scratch::new("pg-large");
    let ours = place(&scratch, "a", &url);
    let points = (0..5_000).map(|number| EquityPoint { at: minute(number), equity: money("1.50") });
    let mut large = Batch { equity: points.collect(), ..batch() };
    large.alerts[0].detail = "a\0b".to_owned();
    writer(&ours, 7).record_batch(&large).unwrap();
    let reader = Reader::open(&ours).unwrap();
    let all = Filter { limit: 10_000, ..Filter::default() };
    assert_eq!(reader.equity(&all).unwrap().len(), 5_000);
    assert_eq!(reader.alerts(&all).unwrap()[0].detail, "a\u{fffd}b");
}

#[test]
fn a_wrong_password_and_a_missing_database_are_no_outages_and_show_no_password() {
    let Some(server) = server::shared() else { return };
    let scratch = Scratch::new("pg-wrong");
    let wrong = server.url("postgres").replace(PASSWORD, "wr0ng-hunter2");
    for (name, url, words) in [("a", wrong, "password"), ("b", server.url("nowhere"), "does not exist")] {
        let error = Database::open(place(&scratch, name, &url)).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!error.is_outage() && text.contains(words), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("p@ss"), "{text}");
    }
}

#[test]
fn the_socket_of_the_machine_is_a_way_too() {
    let Some(server) = server::shared() else { return };
    let scratch = Scratch::new("pg-socket");
    let url = server.socket_url(&server.create("socket"));
    writer(&place(&scratch, "a", &url), 7).record_batch(&batch()).unwrap();
}

/// A certificate for `localhost`, signed by an authority of its own; `None` where there is no openssl.
fn certificate(folder: &Path, name: &str) -> Option<()> {
    let openssl = |words: &str| {
        let mut command = std::process::Command::new("openssl");
        let output = command.args(words.split(' ')).current_dir(folder).output().ok()?;
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        Some(())
    };
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout {name}-ca.key -out {name}-ca.crt"
    ))?;
    openssl(&format!("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {name}.key -out {name}.csr"))?;
    openssl(&format!(
        "x509 -req -in {name}.csr -CA {name}-ca.crt -CAkey {name}-ca.key -CAcreateserial -days 2 -extfile names -out \
         {name}.crt"
    ))
}

#[test]
fn where_encryption_is_asked_for_nothing_goes_in_plain_and_the_server_is_verified() {
    let scratch = Scratch::new("pg-tls");
    if certificate(&scratch.0, "ours").and_then(|()| certificate(&scratch.0, "foreign")).is_none() {
        return server::skip();
    }
    let key = std::fs::read(scratch.0.join("ours.key")).unwrap();
    let crt = std::fs::read(scratch.0.join("ours.crt")).unwrap();
    let Some(mut server) = Server::start() else { return server::skip() };
    let secured = |server: &Server, host: &str, query: &str| {
        let url = server.url("postgres").replace("127.0.0.1", host);
        Database::open(place(&scratch, "run", &format!("{url}?{query}"))).map(drop)
    };
    let ca = |name: &str| format!("sslmode=require&sslrootcert={}/{name}-ca.crt", scratch.0.display());
    let plain = secured(&server, "localhost", &ca("ours")).unwrap_err().to_string();
    assert!(plain.contains("TLS"), "a server without TLS is refused: {plain}");
    server.stop();
    for (name, bytes) in [("server.key", key), ("server.crt", crt)] {
        server.install(name, &bytes);
    }
    server.set("ssl=on");
    server.run();
    secured(&server, "localhost", &ca("ours")).unwrap();
    let url = format!("{}?{}", server.url("postgres").replace("127.0.0.1", "localhost"), ca("ours"));
    let reader = Reader::open(place(&scratch, "run", &url)).unwrap();
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM pg_stat_ssl WHERE ssl"), "1", "it is encrypted");
    drop(reader);
    let foreign = secured(&server, "localhost", &ca("foreign")).unwrap_err();
    assert!(!foreign.is_outage() && foreign.to_string().contains("certificate"), "{foreign}");
    let misnamed = secured(&server, "127.0.0.1", &ca("ours")).unwrap_err();
    assert!(misnamed.to_string().contains("certificate"), "{misnamed}");
}
