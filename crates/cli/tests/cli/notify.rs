//! `seawall notify`: test messages over real protocols to stand-ins, and what an outbox says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use seawall_notify::outbox::Wish;
use serde_json::json;

use crate::common::{Answer, Sandbox};

/// A certificate of `localhost` and its key, which signs itself.
const IDENTITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/tests/data/identity.pem");

/// A mail server that speaks TLS from the first byte, for one connection; what it was told.
fn smtps() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(IDENTITY).unwrap().collect();
    let key = PrivateKeyDer::from_pem_file(IDENTITY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(certificates.unwrap(), key).unwrap());
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let stream = StreamOwned::new(connection, stream);
            // Whoever refuses the certificate says nothing.
            let _ = told.send(talk(BufReader::new(stream)).unwrap_or_default());
        }
    });
    (port, heard)
}

fn talk(mut stream: BufReader<impl Read + Write>) -> std::io::Result<String> {
    let mut heard = String::new();
    stream.get_mut().write_all(b"220 stand-in ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(heard);
        }
        heard.push_str(&line);
        let answer = match line.split([' ', '\r']).next().unwrap_or_default() {
            "EHLO" => "250-stand-in\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => "235 2.7.0 welcome\r\n",
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n")?;
                while !heard.ends_with("\r\n.\r\n") {
                    let mut line = String::new();
                    stream.read_line(&mut line)?;
                    heard.push_str(&line);
                }
                "250 2.0.0 queued\r\n"
            }
            "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n")?;
                return Ok(heard);
            }
            _ => "250 2.0.0 fine\r\n",
        };
        stream.get_mut().write_all(answer.as_bytes())?;
        stream.get_mut().flush()?;
    }
}

fn mail(port: u16) -> String {
    format!(
        "notify: {{channels: [{{name: mail, kind: email, address: 'smtps://localhost:{port}', user: me, \
         from: seawall@example.org, to: [me@example.org]}}]}}\n"
    )
}

fn test(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Answer {
    let mut command = sandbox.command("notify test --config n.yaml");
    command.env("NOTIFY_MAIL_PASSWORD", "hunter2-secret").envs(variables.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn mail_goes_over_tls_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let sandbox = Sandbox::new();
    let (port, heard) = smtps();
    sandbox.write("n.yaml", mail(port));
    let answer = test(&sandbox, &[]);
    assert_eq!((answer.code, answer.out.contains("mail: does not work")), (Some(1), true), "{answer:?}");
    assert!(!heard.recv().unwrap().contains("AUTH"), "no password goes to a server that nobody vouches for");
    let trusted = test(&sandbox, &[("SSL_CERT_FILE", IDENTITY)]);
    assert_eq!((trusted.code, trusted.out.as_str()), (Some(0), "mail: delivered\n"), "{trusted:?}");
    let heard = heard.recv().unwrap();
    for line in [
        "AUTH PLAIN ",
        "MAIL FROM:<seawall@example.org>",
        "RCPT TO:<me@example.org>",
        "[INFO] test: test message",
    ] {
        assert!(heard.contains(line), "{line}: {heard}");
    }
    for said in [&answer.out, &answer.err, &trusted.err] {
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_told_with_its_name() {
    let sandbox = Sandbox::new();
    sandbox.write("n.yaml", mail(1));
    let missing: Answer = sandbox.command("notify test --config n.yaml").output().unwrap().into();
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("NOTIFY_MAIL_PASSWORD is not set"), "{}", missing.err);
    let unknown: Answer =
        sandbox.command("notify test --config n.yaml --channel phone").output().unwrap().into();
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("there are: mail"), "{}", unknown.err);
    sandbox.write("none.yaml", "notify: {dedupe_s: 60}\n");
    let none: Answer = sandbox.command("notify test --config none.yaml").output().unwrap().into();
    assert!(none.code == Some(2) && none.err.contains("no channels"), "{}", none.err);
}

#[test]
fn an_outbox_says_what_waits_and_takes_an_acknowledgement() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("data/run/paper");
    std::fs::create_dir_all(&folder).unwrap();
    let status = |sandbox: &Sandbox, words: &str| -> Answer {
        sandbox.command(&format!("notify status --data-dir data {words}")).output().unwrap().into()
    };
    assert_eq!(status(&sandbox, "").text(), "no run has told anybody anything yet\n");
    let ack: Answer = sandbox.command("notify ack --data-dir data").output().unwrap().into();
    assert_eq!(ack.code, Some(2), "{}", ack.err);
    let outbox = seawall_notify::driver::outbox(&folder.join("notify.db")).unwrap();
    let none = json!({ "schema": "seawall.notify/1", "accounts": [{ "account": "paper", "channels": [] }] });
    assert_eq!(status(&sandbox, "--json").json(), none);
    let ack: Answer = sandbox.command("notify ack --data-dir data").output().unwrap().into();
    assert!(ack.text().starts_with("paper: "));
    assert_eq!(outbox.wishes().unwrap(), [Wish::Acknowledge { who: "`seawall notify ack`".to_owned() }]);
}
