//! What somebody says instead of the venue: its own words for a refusal, a gateway's pages, broken bytes.

use seawall_model::Ts;
use seawall_testnet::HttpReply;
use seawall_testnet::json::iso;
use serde_json::{Value, json};

/// An error in the venue's words.
pub(super) fn error(word: &str, at: Ts) -> HttpReply {
    HttpReply::json(200, &json!({ "result": "error", "error": word, "serverTime": iso(at) }))
}

/// Too many requests: in the venue's words, by status with and without a time to wait, as a page.
pub(super) fn too_many(which: i64, at: Ts) -> HttpReply {
    let mut reply = error("apiLimitExceeded", at);
    match which {
        0 => {}
        1 => reply.status = 429,
        2 => {
            reply.status = 429;
            reply.headers.push(("retry-after", "2".to_owned()));
        }
        _ => reply = HttpReply::html(429, "Too Many Requests"),
    }
    reply
}

/// The venue's servers are out of order: in JSON, as the pages of a gateway.
pub(super) fn server_error(which: i64) -> HttpReply {
    match which {
        0 => HttpReply::json(500, &json!({ "result": "error", "error": "Unavailable" })),
        1 => HttpReply::html(502, "Bad Gateway"),
        2 => HttpReply::html(503, "Service Unavailable"),
        _ => HttpReply::html(504, "Gateway Timeout"),
    }
}

/// A placement is refused.
pub(super) fn not_placed(which: i64, at: Ts) -> HttpReply {
    let word = match which {
        0 => "insufficientAvailableFunds",
        1 => "marketSuspended",
        2 => "invalidPrice",
        3 => "invalidSize",
        4 => "tooManySmallOrders",
        _ => "wouldNotReducePosition",
    };
    let status = json!({ "status": word, "receivedTime": iso(at) });
    HttpReply::json(200, &json!({ "result": "success", "serverTime": iso(at), "sendStatus": status }))
}

/// A change is refused.
pub(super) fn not_edited(at: Ts) -> HttpReply {
    let status = json!({ "status": "postWouldExecute", "receivedTime": iso(at) });
    HttpReply::json(200, &json!({ "result": "success", "serverTime": iso(at), "editStatus": status }))
}

/// Bytes that are no answer: cut off, a page of somebody else's, nothing.
pub(super) fn garbled(which: i64, reply: HttpReply) -> HttpReply {
    match which {
        0 => {
            let mut reply = reply;
            reply.body = cut(&reply.body);
            reply
        }
        1 => HttpReply::html(200, "Just a moment..."),
        _ => HttpReply { body: String::new(), ..reply },
    }
}

/// The first half of a text.
pub(super) fn cut(text: &str) -> String {
    let half = text.len() / 2;
    text.char_indices().take_while(|(place, _)| *place < half).map(|(_, character)| character).collect()
}

/// A list of open orders without any of them; `None` where there are none.
pub(super) fn emptied(reply: &HttpReply) -> Option<HttpReply> {
    let mut body: Value = serde_json::from_str(&reply.body).ok()?;
    let orders = body.get_mut("openOrders")?.as_array_mut()?;
    if orders.is_empty() {
        return None;
    }
    orders.clear();
    Some(HttpReply { body: body.to_string(), ..reply.clone() })
}
