//! A run that is asked and commanded over a chat, against a stand-in of Telegram.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::net_common::{Seen, Server, ok};
use crate::run::{Venues, now_ms, options};
use seawall_live::run::secrets::channels;
use seawall_live::{Board, Mode, Run, RunOptions, StopSwitch};
use seawall_notify::{ChannelKind, ChannelSettings};
use seawall_store::KillSwitch;
use seawall_store::journal::{Journal, OperatorNote, Record};
use serde_json::{Value, json};

const ME: i64 = 7;

/// What is written into the chat, and what the bot says there.
#[derive(Clone, Default)]
struct Chat {
    written: Arc<Mutex<Vec<Value>>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Chat {
    fn answer(&self, seen: &Seen) -> crate::net_common::Say {
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        if seen.target.ends_with("/sendMessage") {
            self.said.lock().unwrap().push(body["text"].as_str().unwrap().to_owned());
            return ok(r#"{"ok":true,"result":{"message_id":1}}"#);
        }
        let offset = body["offset"].as_i64().unwrap();
        let written = self.written.lock().unwrap();
        let new = written.iter().filter(|update| update["update_id"].as_i64().unwrap() >= offset);
        let new: Vec<&Value> = new.collect();
        std::thread::sleep(Duration::from_millis(10));
        ok(&json!({ "ok": true, "result": new }).to_string())
    }

    /// Writes and waits for what is said to it. Alerts are told in the same chat.
    fn ask(&self, text: &str, sign: &str) -> String {
        let before = self.said.lock().unwrap().len();
        {
            let mut written = self.written.lock().unwrap();
            let id = written.len() + 1;
            let (date, me) = (now_ms() / 1_000, json!({ "id": ME }));
            let message = json!({ "date": date, "from": me, "chat": me, "text": text });
            written.push(json!({ "update_id": id, "message": message }));
        }
        for _ in 0..1_500 {
            let said = self.said.lock().unwrap();
            if let Some(answer) = said.iter().skip(before).find(|said| said.contains(sign)) {
                return answer.clone();
            }
            drop(said);
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{text}: no answer with `{sign}` in {:?}", self.said.lock().unwrap());
    }
}

fn notes(folder: &Path) -> Vec<OperatorNote> {
    let entries = Journal::read(&folder.join("journal")).unwrap();
    let records = entries.map(|entry| entry.unwrap().record);
    records.filter_map(|record| if let Record::Operator(note) = record { Some(note) } else { None }).collect()
}

#[test]
fn a_run_answers_in_its_chat_and_what_is_commanded_there_is_in_the_journal_with_who_and_why() {
    let venues = Venues::start(0);
    let folder = tempfile::tempdir().unwrap();
    let chat = Chat::default();
    let heard = chat.clone();
    let web = venues.runtime.block_on(Server::start(move |seen| heard.answer(seen)));
    let mut config = venues.config(&[]);
    config.notify.channels.push(ChannelSettings {
        address: Some(format!("http://{}", web.address)),
        chat: Some(ME.to_string()),
        commands_from: vec![ME],
        ..ChannelSettings::new("ops", ChannelKind::Telegram)
    });
    let variables = |name: &str| (name == "NOTIFY_OPS_TOKEN").then(|| "1:token".to_owned());
    let notify = channels(&config.notify, &variables).unwrap();
    let switch = StopSwitch::new();
    let options =
        RunOptions { notify, duration: None, switch: switch.clone(), ..options(config, folder.path()) };
    let mut run = Run::prepare(options, None, &|_, _| {}).unwrap();
    let place = run.folder().to_owned();
    let board = Arc::new(Board::new());
    run.attach(board.clone(), Mode::Paper);
    run.listen(&board, folder.path(), None).unwrap();
    let engine = std::thread::spawn(move || run.run(&|_, _| {}));

    for _ in 0..300 {
        if chat.ask("/s", "paper: mode").contains("mode normal, ready") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let status = chat.ask("/status", "paper: mode");
    assert!(status.contains("mode normal, ready") && status.contains("equity "), "{status}");
    let why = chat.ask("/why btc", "BTC/USD:USD");
    assert!(
        why.contains("no decision yet") || why.contains("refused by") || why.contains("entered"),
        "{why}"
    );
    assert!(chat.ask("/why doge", "No instrument").contains("`doge`"));
    chat.ask("/trades", "rades");
    chat.ask("/positions", "positions");
    assert!(chat.ask("/protect the news", "Done at").contains("mode protect_only"));
    assert!(chat.ask("/protect", "Not done").contains("change nothing"));
    let code = chat.ask("/kill", "To do it");
    assert!(!KillSwitch::in_folder(folder.path()).read().is_on(), "it was only asked about");
    let code = code.rsplit(' ').next().unwrap().to_owned();
    assert!(chat.ask(&format!("/kill {code}"), "Done at").contains("kill switch on"));
    assert!(KillSwitch::in_folder(folder.path()).read().is_on());
    let code = chat.ask("/ack", "To do it").rsplit(' ').next().unwrap().to_owned();
    chat.ask(&format!("/ack {code}"), "Done: critical");
    switch.stop();
    engine.join().unwrap().unwrap();
    let notes = notes(&place);
    let note = |command: &str, why: &str| OperatorNote {
        who: "telegram:7".to_owned(),
        command: command.to_owned(),
        why: why.to_owned(),
    };
    assert_eq!(notes, [note("mode protect_only", "the news"), note("kill switch", "kill over the chat")]);
    drop(venues.runtime);
}
