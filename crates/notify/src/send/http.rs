//! Telegram, Slack, Discord and webhooks: one POST of JSON each.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::{RequestBuilder, Url};
use seawall_model::{Severity, Span, Ts};
use serde_json::{Value, json};

use super::TIMEOUT;
use crate::lane::Outcome;
use crate::notice::Message;
use crate::text::cut;

/// Bytes of an answer that are read.
const ANSWER_MAX: usize = 64 * 1024;
/// Characters that Telegram takes in one message.
const TELEGRAM_CHARS_MAX: usize = 4_096;
/// Characters that Discord takes as the title of an embed.
const DISCORD_TITLE_MAX: usize = 256;
/// Pause after a limit that says nothing of its length.
const LIMITED: Span = Span::from_secs(5);

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status, or why there is none.
    pub status: Result<u16, &'static str>,
    /// The pause that it asks for.
    pub retry_after: Option<Span>,
    /// The body as JSON, `null` where it is none.
    pub body: Value,
}

impl Reply {
    /// Sends a request and reads what comes back, all of it within a bound of time and size.
    pub async fn of(request: RequestBuilder) -> Reply {
        Self::within(request, TIMEOUT).await
    }

    /// As [`Self::of`], within another time.
    pub(crate) async fn within(request: RequestBuilder, patience: std::time::Duration) -> Reply {
        match tokio::time::timeout(patience, read(request)).await {
            Ok(reply) => reply,
            Err(_) => Reply::none("no answer in time"),
        }
    }

    fn none(why: &'static str) -> Reply {
        Reply { status: Err(why), retry_after: None, body: Value::Null }
    }
}

/// No error of the client is told as it is: it holds the address, and with that the secret.
async fn read(request: RequestBuilder) -> Reply {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() => return Reply::none("no connection"),
        Err(error) if error.is_builder() => return Reply::none("the address cannot be used"),
        Err(_) => return Reply::none("the connection broke"),
    };
    let status = response.status().as_u16();
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(|text| text.trim().parse::<f64>().ok()).and_then(seconds);
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) <= ANSWER_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Reply::none("the answer is too long"),
            Ok(None) => break,
            Err(_) => return Reply::none("the answer broke off"),
        }
    }
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Reply { status: Ok(status), retry_after, body }
}

/// A pause in seconds, rounded up to milliseconds.
fn seconds(seconds: f64) -> Option<Span> {
    if !(0.0..1e9).contains(&seconds) {
        return None;
    }
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|pause| i64::try_from(pause.as_nanos()).ok())
        .map(Span::from_nanos)
}

/// What a reply means.
pub(crate) fn outcome(reply: &Reply) -> Outcome {
    let status = match reply.status {
        Ok(status) => status,
        Err(why) => return Outcome::Down(why.to_owned()),
    };
    match status {
        200..=299 => Outcome::Delivered,
        429 => {
            let told = ["/parameters/retry_after", "/retry_after"];
            let told = told.iter().find_map(|path| reply.body.pointer(path)?.as_f64()).and_then(seconds);
            Outcome::Limited(reply.retry_after.max(told).unwrap_or(LIMITED))
        }
        // What is wrong with the message itself. Everything else concerns the channel.
        400 | 413 | 422 => Outcome::Refused(format!("status {status}{}", words(&reply.body))),
        _ => Outcome::Down(format!("status {status}{}", words(&reply.body))),
    }
}

/// What the answer says, where it says it in the venue's usual places.
fn words(body: &Value) -> String {
    let said = ["description", "message", "error"].iter().find_map(|name| body.get(name)?.as_str());
    said.map(|said| format!(": {}", cut(said, 200))).unwrap_or_default()
}

fn post(client: &reqwest::Client, url: Url, body: &Value) -> RequestBuilder {
    client.post(url).header("content-type", "application/json").body(body.to_string())
}

/// `sendMessage`. Success is a body that says so, not the status alone.
pub(super) async fn telegram(client: &reqwest::Client, url: Url, chat: &str, message: &Message) -> Outcome {
    telegram_text(client, url, chat, &message.plain()).await
}

/// `sendMessage` with a text.
pub(crate) async fn telegram_text(client: &reqwest::Client, url: Url, chat: &str, text: &str) -> Outcome {
    let text = cut(text, TELEGRAM_CHARS_MAX);
    let body = json!({ "chat_id": chat, "text": text, "link_preview_options": { "is_disabled": true } });
    let reply = Reply::of(post(client, url, &body)).await;
    let said_ok = reply.body.get("ok").and_then(Value::as_bool) == Some(true);
    let outcome = outcome(&reply);
    if outcome == Outcome::Delivered && !said_ok {
        return Outcome::Down("the answer is none of Telegram".to_owned());
    }
    outcome
}

const fn colour(severity: Severity) -> (&'static str, u32) {
    match severity {
        Severity::Info => ("#2f81f7", 0x2f_81f7),
        Severity::Warning => ("#d29922", 0xd2_9922),
        Severity::Critical => ("#da3633", 0xda_3633),
    }
}

/// An incoming webhook. The text is escaped: nothing in it mentions anybody.
pub(super) async fn slack(client: &reqwest::Client, url: Url, message: &Message) -> Outcome {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let rest = [message.detail_shown(), message.advice.clone()];
    let rest = rest.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let body = json!({
        "text": escaped(&message.subject()),
        "attachments": [{
            "color": colour(message.severity).0,
            "text": escaped(&rest),
            "footer": escaped(&message.foot()),
            "mrkdwn_in": [],
        }],
    });
    outcome(&Reply::of(post(client, url, &body)).await)
}

/// A webhook with an embed. Nothing in it mentions anybody.
pub(super) async fn discord(client: &reqwest::Client, url: Url, message: &Message) -> Outcome {
    let mut fields = Vec::new();
    if !message.advice.is_empty() {
        fields.push(json!({ "name": "What to do", "value": message.advice }));
    }
    let body = json!({
        "embeds": [{
            "title": cut(&message.subject(), DISCORD_TITLE_MAX),
            "description": message.detail_shown(),
            "color": colour(message.severity).1,
            "fields": fields,
            "footer": { "text": message.foot() },
        }],
        "allowed_mentions": { "parse": [] },
    });
    outcome(&Reply::of(post(client, url, &body)).await)
}

/// The signature of a webhook: HMAC-SHA256 over `<timestamp>.<body>`, in hexadecimal.
#[must_use]
pub fn signature(key: &hmac::Key, timestamp: &str, body: &str) -> String {
    HEXLOWER.encode(hmac::sign(key, format!("{timestamp}.{body}").as_bytes()).as_ref())
}

/// JSON `seawall.alert/1`, signed. The headers: `x-seawall-id` (equal for the same message),
/// `x-seawall-timestamp` (seconds since 1970 when it was signed), `x-seawall-signature` (`v1=` and
/// [`signature`]).
pub(super) async fn webhook(
    client: &reqwest::Client,
    url: Url,
    key: &hmac::Key,
    message: &Message,
    now: Ts,
) -> Outcome {
    let body = json!({
        "schema": "seawall.alert/1",
        "id": message.id,
        "account": message.account,
        "cause": message.cause,
        "at": message.at.to_string(),
        "severity": message.severity,
        "topic": message.topic,
        "instrument": message.instrument,
        "title": message.title,
        "detail": message.detail_shown(),
        "advice": message.advice,
        "count": message.count,
    });
    let timestamp = (now.millis() / 1_000).to_string();
    let request = post(client, url, &body)
        .header("x-seawall-id", &message.id)
        .header("x-seawall-timestamp", &timestamp)
        .header("x-seawall-signature", format!("v1={}", signature(key, &timestamp, &body.to_string())));
    outcome(&Reply::of(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, retry_after: Option<Span>, body: Value) -> Outcome {
        outcome(&Reply { status: Ok(status), retry_after, body })
    }

    /// The example of RFC 4231, case 2, with its text split at the dot that is put in between.
    #[test]
    fn the_signature_is_that_of_timestamp_and_body() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        // printf '1767225600.{"a":1}' | openssl dgst -sha256 -hmac Jefe
        let expected = HEXLOWER.encode(hmac::sign(&key, br#"1767225600.{"a":1}"#).as_ref());
        assert_eq!(signature(&key, "1767225600", r#"{"a":1}"#), expected);
        let rfc = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(
            HEXLOWER.encode(rfc.as_ref()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_limit_says_how_long_in_its_header_or_its_body() {
        let limited = |outcome: Outcome| match &outcome {
            Outcome::Limited(pause) => pause.millis(),
            Outcome::Delivered | Outcome::Down(_) | Outcome::Refused(_) => panic!("{outcome:?}"),
        };
        let telegram = json!({ "ok": false, "error_code": 429, "parameters": { "retry_after": 7 } });
        assert_eq!(limited(reply(429, None, telegram)), 7_000);
        assert_eq!(limited(reply(429, None, json!({ "retry_after": 0.75 }))), 750);
        assert_eq!(limited(reply(429, Some(Span::from_secs(30)), Value::Null)), 30_000);
        assert_eq!(limited(reply(429, None, json!({ "retry_after": -3 }))), 5_000);
    }

    #[test]
    fn only_what_is_wrong_with_the_message_itself_is_refused() {
        for status in [400, 413, 422] {
            assert!(matches!(reply(status, None, Value::Null), Outcome::Refused(_)), "{status}");
        }
        for status in [301, 401, 403, 404, 500, 502, 503] {
            assert!(matches!(reply(status, None, Value::Null), Outcome::Down(_)), "{status}");
        }
        let told = reply(401, None, json!({ "ok": false, "description": "Unauthorized" }));
        assert_eq!(told, Outcome::Down("status 401: Unauthorized".to_owned()));
    }
}
