//! What each key of the section changes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use seawall_config::Loader;
use seawall_live::Board;
use serde_json::json;

use crate::stage::{Answer, Ask, Stage, face, load};

/// Effect of `api.enabled`.
#[test]
fn a_face_that_is_off_listens_nowhere() {
    let (board, folder) = (Arc::new(Board::new()), tempfile::tempdir().unwrap());
    let loaded = load(&["api.enabled=false"]);
    let options = seawall_api::FaceOptions {
        config: loaded.config.clone(),
        explained: loaded.explain_all(),
        board,
        data_dir: folder.path().to_owned(),
        database: None,
        may_show_token: true,
        logs: Arc::default(),
        program: None,
        drills: None,
        now: seawall_model::Ts::EPOCH,
    };
    assert!(seawall_api::Face::open(options).unwrap().is_none());
    assert!(!folder.path().join("api").exists(), "no token is made for it");
}

/// Effect of `api.listen`.
#[test]
fn it_listens_where_it_is_told_and_a_taken_port_is_tried_again() {
    let (board, folder) = (Arc::new(Board::new()), tempfile::tempdir().unwrap());
    let first = face(&load(&["api.listen=[::1]:0"]), &board, &folder);
    // A machine may have no IPv6; then the error says which address.
    match first {
        Ok(face) => {
            assert!(face.listens_at.unwrap().ip().is_loopback() && face.listens_at.unwrap().is_ipv6());
        }
        Err(error) => assert!(error.to_string().contains("[::1]:0"), "{error}"),
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let second = face(&load(&[&format!("api.listen={address}")]), &board, &folder).unwrap();
    assert!(second.listens_at.is_none() && second.waits.as_ref().unwrap().contains("taken"));
    drop(taken);
    let started = std::time::Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(started.elapsed() < std::time::Duration::from_secs(30));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(Ask::new(address, "GET", "/livez").send().status, 200);
}

/// Effect of `api.plain_http_acknowledged`.
#[test]
fn other_machines_reach_it_in_plain_text_only_where_that_is_acknowledged() {
    let check = |changes: &[&str]| Loader::new().set(changes.iter().copied()).load();
    let refused = check(&["api.listen=0.0.0.0:8787"]).unwrap_err().to_string();
    assert!(refused.contains("api.tls_identity") && refused.contains("plain text"), "{refused}");
    check(&["api.listen=0.0.0.0:8787", "api.plain_http_acknowledged=true"]).unwrap();
    check(&["api.listen=0.0.0.0:8787", "api.tls_identity=identity.pem"]).unwrap();
    assert!(check(&["api.listen=localhost:8787"]).is_err(), "a name may mean any address");
    assert!(check(&["api.hosts=[\"http://x\"]"]).is_err());
}

/// Effect of `api.session_hours`.
#[test]
fn a_session_lasts_as_long_as_configured() {
    let stage = Stage::open(&["api.session_hours=3"]);
    let answer = stage.ask("POST", "/api/session").json(&json!({ "token": stage.viewer })).send();
    assert_eq!(answer.json()["ends_in_s"], 3 * 3_600);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=10800;"), "{answer:?}");
}

/// Effect of `api.tls_identity`.
#[test]
fn with_an_identity_it_speaks_tls_and_nothing_else() {
    let identity = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/identity.pem");
    let (board, folder) = (Arc::new(Board::new()), tempfile::tempdir().unwrap());
    let face = face(&load(&[&format!("api.tls_identity={identity}")]), &board, &folder).unwrap();
    let address = face.listens_at.unwrap();
    assert!(face.tls);
    let pem = std::fs::read(identity).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(client, TcpStream::connect(address).unwrap());
    stream.write_all(Ask::new(address, "GET", "/livez").bytes().as_bytes()).unwrap();
    let mut text = Vec::new();
    // The end may come without a goodbye.
    let _ = stream.read_to_end(&mut text);
    let answer = Answer::read(&text);
    assert_eq!(answer.status, 200);
    assert!(answer.header("strict-transport-security").is_some());
    assert_eq!(Ask::new(address, "GET", "/livez").send().status, 0, "plain HTTP gets no answer");

    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nnonsense").unwrap();
    let error =
        crate::stage::face(&load(&[&format!("api.tls_identity={}", broken.display())]), &board, &folder);
    assert!(error.err().unwrap().to_string().contains("broken.pem"));
}
