//! Stand-ins of the real services on loopback sockets: they answer as those do, keep what they were sent, and
//! fail on demand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a service does with the next request.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// Answers with this status, header lines and body.
    Answer(u16, &'static str, String),
    /// Takes the request and never answers.
    Nothing,
    /// Promises more than it sends.
    Half,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap()
    }
}

#[derive(Default)]
struct Shared {
    /// What is said before the usual answer is.
    script: VecDeque<Say>,
    seen: Vec<Seen>,
}

/// An HTTP service with a thread of its own.
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Web {
    /// A service whose usual answer is `usual`.
    pub(crate) fn new(usual: impl Fn(&Seen) -> Say + Send + Sync + 'static) -> Web {
        Web::at("127.0.0.1:0".parse().unwrap(), usual)
    }

    /// A service at an address that was somebody's before.
    pub(crate) fn at(address: SocketAddr, usual: impl Fn(&Seen) -> Say + Send + Sync + 'static) -> Web {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (kept, usual) = (shared.clone(), Arc::new(usual));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let serve = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        let (kept, usual) = (kept.clone(), usual.clone());
                        tokio::spawn(async move { serve(stream, &kept, &*usual).await });
                    }
                };
                tokio::select! { () = serve => {}, _ = stopped => {} }
            });
        });
        Web { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What is said to the next requests, before the usual answer.
    pub(crate) fn say(&self, script: impl IntoIterator<Item = Say>) {
        self.shared.lock().unwrap().script.extend(script);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait(&self, count: usize) -> Vec<Seen> {
        let started = Instant::now();
        loop {
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{} of {count}: {seen:?}", seen.len());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}

async fn serve(stream: TcpStream, shared: &Mutex<Shared>, usual: &(dyn Fn(&Seen) -> Say + Send + Sync)) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream).await {
        let say = {
            let mut shared = shared.lock().unwrap();
            shared.seen.push(seen.clone());
            shared.script.pop_front()
        };
        match say.unwrap_or_else(|| usual(&seen)) {
            Say::Nothing => tokio::time::sleep(Duration::from_secs(600)).await,
            Say::Half => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"ok\":").await;
                return;
            }
            Say::Answer(status, headers, body) => {
                let length = body.len();
                let text =
                    format!("HTTP/1.1 {status} said\r\n{headers}content-length: {length}\r\n\r\n{body}");
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { method, target, headers, body: String::from_utf8(body).unwrap() })
}

/// An SMTP server that wants a password, with a thread of its own.
pub(crate) struct Smtp {
    pub(crate) address: SocketAddr,
    mails: Arc<Mutex<Vec<String>>>,
    /// Answers to the next `MAIL FROM`, before the usual one.
    pub(crate) script: Arc<Mutex<VecDeque<&'static str>>>,
    /// Whether it takes no mail for now.
    pub(crate) down: Arc<AtomicBool>,
}

impl Smtp {
    /// A server for a user (`AUTH PLAIN`, base64 of `\0user\0password`).
    pub(crate) fn new(plain: &'static str) -> Smtp {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(VecDeque::new()));
        let down = Arc::new(AtomicBool::new(false));
        let (kept, said, is_down) = (mails.clone(), script.clone(), down.clone());
        // The process ends it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, said, is_down) = (kept.clone(), said.clone(), is_down.clone());
                std::thread::spawn(move || talk(&stream, plain, &kept, (&said, &is_down)));
            }
        });
        Smtp { address, mails, script, down }
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    /// Waits until so many mails have come.
    pub(crate) fn wait(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        while self.mails().len() < count {
            assert!(started.elapsed() < Duration::from_secs(30), "{} of {count}", self.mails().len());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.mails()
    }
}

fn talk(
    stream: &std::net::TcpStream,
    plain: &str,
    mails: &Mutex<Vec<String>>,
    (script, is_down): (&Mutex<VecDeque<&'static str>>, &AtomicBool),
) {
    use std::io::{BufRead, Write};
    let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let mut say = |line: &str| stream.write_all(format!("{line}\r\n").as_bytes()).is_ok();
    let (mut signed_in, mut mail) = (false, String::new());
    if !say("220 stand-in ESMTP") {
        return;
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        let word = line.split(' ').next().unwrap_or_default().to_uppercase();
        let answered = match word.as_str() {
            "EHLO" => say("250-stand-in\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN"),
            "AUTH" => {
                signed_in = line == format!("AUTH PLAIN {plain}");
                say(if signed_in { "235 2.7.0 welcome" } else { "535 5.7.8 wrong password" })
            }
            "MAIL" if is_down.load(Ordering::SeqCst) => say("451 4.3.2 system not accepting mail"),
            "MAIL" if !signed_in => say("530 5.7.0 authentication required"),
            "MAIL" => {
                let next = script.lock().unwrap().pop_front();
                mail = format!("{line}\n");
                say(next.unwrap_or("250 2.1.0 sender"))
            }
            "RCPT" => {
                mail.push_str(&format!("{line}\n"));
                say("250 2.1.5 recipient")
            }
            "DATA" => {
                say("354 go on");
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    mail.push_str(&line);
                }
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                say("250 2.0.0 queued")
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            _ => say("250 2.0.0 fine"),
        };
        if !answered {
            return;
        }
    }
}

/// Telegram says that it has sent.
pub(crate) fn telegram(_: &Seen) -> Say {
    Say::Answer(
        200,
        "content-type: application/json\r\n",
        r#"{"ok":true,"result":{"message_id":1}}"#.to_owned(),
    )
}

/// Slack says `ok`.
pub(crate) fn slack(_: &Seen) -> Say {
    Say::Answer(200, "content-type: text/html\r\n", "ok".to_owned())
}

/// Discord says nothing.
pub(crate) fn discord(_: &Seen) -> Say {
    Say::Answer(204, "", String::new())
}
