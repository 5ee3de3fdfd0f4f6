//! A demo within the process with its face on a free port, and a client that says exactly what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_api::access::{Role, Tokens};
use seawall_api::logs::LogBook;
use seawall_api::{Face, FaceOptions};
use seawall_config::{Loaded, Loader};
use seawall_live::{Board, Demo, DemoOptions, LiveError, StopSwitch, Summary};
use seawall_model::Ts;
use serde_json::Value;
use tempfile::TempDir;

const DEMO: &str = include_str!("../../../../config/demo.yaml");

pub(crate) fn load(changes: &[&str]) -> Loaded {
    let changes = ["api.listen=127.0.0.1:0", "demo.speed=200"].iter().chain(changes);
    Loader::new().file("demo.yaml", DEMO).set(changes.map(|change| (*change).to_owned())).load().unwrap()
}

/// A running demo with its face.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) operator: String,
    pub(crate) viewer: String,
    pub(crate) board: Arc<Board>,
    pub(crate) logs: Arc<LogBook>,
    pub(crate) folder: TempDir,
    pub(crate) run: std::path::PathBuf,
    switch: StopSwitch,
    engine: Option<JoinHandle<Result<Summary, LiveError>>>,
    _face: Face,
}

impl Stage {
    pub(crate) fn open(changes: &[&str]) -> Self {
        let loaded = load(changes);
        let folder = tempfile::tempdir().unwrap();
        let token = |role| Tokens::make(folder.path(), role, Ts::EPOCH).unwrap().token;
        let (operator, viewer) = (token(Role::Operator), token(Role::Viewer));
        let board = Arc::new(Board::new());
        let logs = Arc::<LogBook>::default();
        let face = face_with(&loaded, &board, &folder, logs.clone()).unwrap();
        let options = DemoOptions {
            config: loaded.config,
            data_dir: folder.path().to_owned(),
            duration: None,
            database: None,
        };
        let mut demo = Demo::prepare(options, None).unwrap();
        demo.attach(board.clone());
        let run = demo.folder().to_owned();
        let switch = StopSwitch::new();
        let stop = switch.clone();
        let engine = std::thread::spawn(move || demo.run(&stop));
        let address = face.listens_at.unwrap();
        Stage {
            address,
            operator,
            viewer,
            board,
            logs,
            folder,
            run,
            switch,
            engine: Some(engine),
            _face: face,
        }
    }

    /// Ends the run.
    pub(crate) fn end(&mut self) -> Summary {
        self.switch.stop();
        self.engine.take().unwrap().join().unwrap().unwrap()
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(self.address, method, path)
    }

    /// A GET by the viewer that has to succeed.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path).token(&self.viewer).send();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// A command of the operator.
    pub(crate) fn command(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).token(&self.operator).json(body).send()
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let answer = self.ask("GET", path).token(&self.viewer).send();
            if answer.status == 200 && wanted(&answer.json()) {
                return answer.json();
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{path}: {} {}", answer.status, answer.body);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.switch.stop();
        if let Some(engine) = self.engine.take() {
            // What went wrong there is told by the test that looks at it.
            let _ = engine.join();
        }
    }
}

pub(crate) fn face(
    loaded: &Loaded,
    board: &Arc<Board>,
    folder: &TempDir,
) -> Result<Face, seawall_api::ApiError> {
    face_with(loaded, board, folder, Arc::default())
}

fn face_with(
    loaded: &Loaded,
    board: &Arc<Board>,
    folder: &TempDir,
    logs: Arc<LogBook>,
) -> Result<Face, seawall_api::ApiError> {
    let options = FaceOptions {
        config: loaded.config.clone(),
        explained: loaded.explain_all(),
        board: board.clone(),
        data_dir: folder.path().to_owned(),
        database: None,
        may_show_token: false,
        logs,
        program: None,
        drills: None,
        now: Ts::EPOCH,
    };
    Face::open(options).map(|face| face.expect("it is enabled"))
}

/// A request, as it will stand on the wire.
#[derive(Clone)]
pub(crate) struct Ask {
    address: SocketAddr,
    line: String,
    headers: Vec<(String, String)>,
    body: String,
    host: bool,
}

impl Ask {
    pub(crate) fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let line = format!("{method} {path} HTTP/1.1");
        Ask { address, line, headers: Vec::new(), body: String::new(), host: true }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn session(self, id: &str) -> Self {
        self.header("Cookie", &format!("seawall_session={id}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.header("Content-Type", "application/json")
    }

    pub(crate) fn text(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub(crate) fn no_host(mut self) -> Self {
        self.host = false;
        self
    }

    pub(crate) fn bytes(&self) -> String {
        let mut text = format!("{}\r\nConnection: close\r\n", self.line);
        if self.host && !self.headers.iter().any(|(name, _)| name == "Host") {
            text.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() && !self.headers.iter().any(|(name, _)| name == "Content-Length") {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text + "\r\n" + &self.body
    }

    pub(crate) fn send(&self) -> Answer {
        raw(self.address, self.bytes().as_bytes())
    }
}

/// Sends bytes and reads what comes until the connection ends.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // The server may have answered and closed before it has read everything.
    let _ = stream.write_all(bytes);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    Answer::read(&text)
}

/// What came back; status 0 where nothing did.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Answer { status: status.unwrap_or(0), headers: headers.collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The stable word of an error, which has the one form.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "fix", "message"], "{body}");
        assert!(body["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{body}");
        body["code"].as_str().unwrap().to_owned()
    }
}

/// A session of a browser: its id and its word.
pub(crate) fn sign_in(stage: &Stage, token: &str) -> (String, String) {
    let answer = stage.ask("POST", "/api/session").json(&serde_json::json!({ "token": token })).send();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let cookie = answer.header("set-cookie").unwrap();
    let id = cookie.split([';', '=']).nth(1).unwrap().to_owned();
    (id, answer.json()["csrf"].as_str().unwrap().to_owned())
}
