//! Commands over a chat, against a stand-in of Telegram's `getUpdates`.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::stand_ins::{Say, Seen, Web, telegram};
use seawall_notify::send::client;
use seawall_notify::{Asked, ChannelKind, ChannelSettings, Desk, Ear, NotifyError, NotifySettings, Secrets};
use serde_json::{Value, json};

const ME: i64 = 7;
const CHAT: i64 = -10_042;

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What is asked and by whom is kept; the answer says it again.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, Asked)>>>);

impl Desk for Kept {
    async fn answer(&self, who: String, asked: Asked) -> String {
        let answer = format!("{who} asked {asked:?}; 123456:hunter2-token is a secret");
        self.0.lock().unwrap().push((who, asked));
        answer
    }
}

/// A chat in which somebody writes: updates are given once, by their offset.
#[derive(Clone, Default)]
struct Chat(Arc<Mutex<Vec<Value>>>);

impl Chat {
    fn write(&self, from: i64, chat: i64, date: u64, text: &str) {
        let mut updates = self.0.lock().unwrap();
        let id = 500 + updates.len();
        updates.push(json!({
            "update_id": id,
            "message": {
                "message_id": id,
                "date": date,
                "from": { "id": from, "is_bot": false, "first_name": "A" },
                "chat": { "id": chat, "type": "supergroup" },
                "text": text,
            },
        }));
    }

    fn say(&self, seen: &Seen) -> Say {
        if seen.target.ends_with("/sendMessage") {
            return telegram(seen);
        }
        assert!(seen.target.ends_with("/bot123456:hunter2-token/getUpdates"), "{}", seen.target);
        let body = seen.json();
        assert_eq!(
            (&body["allowed_updates"], body["timeout"].as_u64().unwrap() >= 20),
            (&json!(["message"]), true)
        );
        let offset = body["offset"].as_i64().unwrap();
        let updates = self.0.lock().unwrap();
        let new = updates.iter().filter(|update| update["update_id"].as_i64().unwrap() >= offset);
        let new: Vec<&Value> = new.collect();
        if new.is_empty() {
            // As Telegram, only shorter: nobody writes for a while.
            std::thread::sleep(Duration::from_millis(20));
        }
        Say::Answer(200, "", json!({ "ok": true, "result": new }).to_string())
    }
}

struct Stage {
    chat: Chat,
    web: Web,
    kept: Kept,
    _ear: Ear,
}

impl Stage {
    fn open(commands_from: &[i64]) -> Stage {
        let chat = Chat::default();
        let writer = chat.clone();
        let web = Web::new(move |seen| writer.say(seen));
        let channel = ChannelSettings {
            address: Some(web.url("")),
            chat: Some(CHAT.to_string()),
            commands_from: commands_from.to_vec(),
            ..ChannelSettings::new("ops", ChannelKind::Telegram)
        };
        let settings = NotifySettings { channels: vec![channel.clone()], ..NotifySettings::default() };
        assert_eq!(settings.check(), []);
        let find = |_: &str| Ok::<_, NotifyError>(Some("123456:hunter2-token".to_owned()));
        let secrets = Secrets::load(&settings, &find).unwrap();
        let kept = Kept::default();
        let ear = seawall_notify::listen(&channel, &secrets, &client().unwrap(), kept.clone()).unwrap();
        Stage { chat, web, kept, _ear: ear }
    }

    fn answers(&self) -> Vec<String> {
        let seen = self.web.seen();
        let sent = seen.iter().filter(|seen| seen.target.ends_with("/sendMessage"));
        sent.map(|seen| {
            assert_eq!(seen.json()["chat_id"], CHAT.to_string());
            seen.json()["text"].as_str().unwrap().to_owned()
        })
        .collect()
    }

    fn wait(&self, count: usize) -> Vec<String> {
        for _ in 0..1_000 {
            let answers = self.answers();
            if answers.len() >= count {
                return answers;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no {count} answers: {:?}", self.answers());
    }

    fn ask(&self, text: &str) -> String {
        let before = self.answers().len();
        self.chat.write(ME, CHAT, now_s(), text);
        self.wait(before + 1)[before].clone()
    }

    fn asked(&self) -> Vec<(String, Asked)> {
        self.kept.0.lock().unwrap().clone()
    }
}

/// Effect of `notify.channels[].commands_from`.
#[test]
fn listed_people_are_answered_in_their_chat_and_everybody_else_is_ignored() {
    let stage = Stage::open(&[ME]);
    // commands_from, and other people, chats, words.
    stage.chat.write(8, CHAT, now_s(), "/status");
    stage.chat.write(ME, ME, now_s(), "/status");
    stage.chat.write(ME, CHAT, now_s(), "hello");
    stage.chat.write(ME, CHAT, now_s(), "/sell everything");
    assert_eq!(stage.ask("/s"), "telegram:7 asked Status; *** is a secret");
    assert_eq!(stage.ask("/why BTC"), "telegram:7 asked Why(\"BTC\"); *** is a secret");
    assert!(stage.ask("/help").contains("/positions"));
    assert_eq!(stage.asked().len(), 2, "{:?}", stage.asked());
    assert_eq!(stage.answers().len(), 3, "nobody else was answered");
    // With another list the same person is nobody.
    let other = Stage::open(&[8]);
    other.chat.write(ME, CHAT, now_s(), "/status");
    other.chat.write(8, CHAT, now_s(), "/pos");
    assert_eq!(other.wait(1), ["telegram:8 asked Positions; *** is a secret"]);
}

#[test]
fn the_kill_switch_wants_a_code_that_holds_once() {
    let stage = Stage::open(&[ME, 8]);
    let words = stage.ask("/kill");
    assert!(words.contains("no entries") && stage.asked().is_empty(), "{words}");
    let code = words.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(code.len(), 6, "{words}");
    // Somebody else's code is none, and a wrong one ends what was waited for.
    stage.chat.write(8, CHAT, now_s(), &format!("/kill {code}"));
    assert!(stage.wait(2)[1].contains("nothing was done"));
    assert!(stage.ask("/ack 000000").contains("nothing was done"));
    assert!(stage.ask(&format!("/kill {code}")).starts_with("telegram:7 asked Kill"));
    assert!(stage.ask(&format!("/kill {code}")).contains("nothing was done"));
    let code = stage.ask("/ack").rsplit(' ').next().unwrap().to_owned();
    assert!(stage.ask(&format!("/ack {code}")).starts_with("telegram:7 asked Acknowledge"));
    let asked: Vec<Asked> = stage.asked().into_iter().map(|(_, asked)| asked).collect();
    assert_eq!(asked, [Asked::Kill, Asked::Acknowledge]);
}

#[test]
fn what_was_written_long_ago_is_not_carried_out_and_nothing_is_taken_twice() {
    let stage = Stage::open(&[ME]);
    stage.chat.write(ME, CHAT, now_s() - 3_600, "/protect");
    assert!(stage.wait(1)[0].contains("not carried out"));
    stage.ask("/trades");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(stage.asked(), [("telegram:7".to_owned(), Asked::Trades)]);
    assert_eq!(stage.answers().len(), 2);
}

#[test]
fn failures_and_limits_are_waited_out_and_commands_are_heard_after_them() {
    let stage = Stage::open(&[ME]);
    let limit = r#"{"ok":false,"error_code":429,"parameters":{"retry_after":1}}"#;
    stage.web.say([Say::Answer(502, "", String::new()), Say::Answer(429, "", limit.to_owned()), Say::Half]);
    assert!(stage.ask("/positions").starts_with("telegram:7 asked Positions"));
    assert_eq!(stage.asked().len(), 1);
}
