//! A folder of its own for each test, and the built binary run in it.

pub(crate) mod candles;
pub(crate) mod refusals;
pub(crate) mod relay;
pub(crate) mod running;
pub(crate) mod scene;
pub(crate) mod venue;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long a command may take, far beyond what any needs.
const RUN_MAX: Duration = Duration::from_secs(60);

/// A folder that is gone after the test.
pub(crate) struct Sandbox(TempDir);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Answer {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Answer {
    /// The printed text of a command that succeeded without a word on standard error.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// The printed JSON of a command that succeeded and printed nothing else.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Sandbox(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The JSON in a file.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    /// The binary with `line` split at spaces; `~` stands for a space within an argument.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
        command.env_clear().env("RUST_BACKTRACE", "0").current_dir(self.0.path()).stdin(Stdio::null());
        command.args(line.split(' ').filter(|part| !part.is_empty()).map(|part| part.replace('~', " ")));
        command
    }

    /// Runs the binary to its end; one that does not come to an end is killed, and the test fails.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> Answer {
        let mut command = self.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap()));
        let begun = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if begun.elapsed() > RUN_MAX {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("seawall {line}: not done after {RUN_MAX:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Answer { code, out: out.join().unwrap(), err: err.join().unwrap() }
    }

    /// Every folder and file with its content.
    pub(crate) fn listing(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        collect(self.0.path(), &mut all);
        all
    }
}

/// Reads a stream to its end on a thread of its own, so that the writer never waits.
fn drain(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
}

fn collect(folder: &Path, all: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, all);
            all.insert(path, None);
        } else {
            let content = std::fs::read(&path).unwrap();
            all.insert(path, Some(content));
        }
    }
}
