//! Kraken spot: REST 0, WebSocket v2.
//!
//! Orders go over REST, data come over the stream. There are no positions: balances stand for them. Client
//! ids are unique among open orders only, so a placement carries the instant after which the venue must not
//! take it, and a question about an order looks among the ended ones too before it says that there is none.

pub mod account_session;
mod answers;
mod decode;
mod encode;
pub mod market_session;
mod records;
mod rows;
pub mod sign;
pub mod stream;
pub mod tables;
mod wire;

use seawall_model::{InstrumentName, InstrumentSpec, Ts};

pub use self::account_session::AccountSession;
pub use self::market_session::MarketSession;

use crate::codec::{Codec, Operation, Progress, Tables};
use crate::error::VenueError;
use crate::http::{Body, Header, Reply, Request, SignedRequest};
use crate::market::{ListedInstrument, Markets, Remains};
use crate::outcome::Failure;
use crate::profile::{KRAKEN_SPOT, Profile};
use crate::query::{Answer, Query};
use crate::secret::Credentials;

/// A market that is not listed any more, under the spellings that its name had, on a grid that represents
/// what is held. It takes no orders as far as anybody knows.
#[must_use]
pub fn unlisted(name: &InstrumentName, remains: Remains) -> Option<ListedInstrument> {
    let ours = name.as_str().strip_prefix(KRAKEN_SPOT.venue)?.starts_with(':');
    let coin = name.base();
    let base = if coin.code() == "BTC" { "XBT" } else { coin.code() };
    let (tick, lot) = (remains.tick(), remains.lot());
    let mut spec = InstrumentSpec::spot(name.clone());
    (spec.tick, spec.lot, spec.min_qty) = (Some(tick), lot, Some(lot));
    (ours && name.settle() == name.quote()).then(|| ListedInstrument {
        symbol: format!("{base}{}", name.quote()),
        stream_symbol: format!("{}/{}", name.base(), name.quote()),
        aliases: Vec::new(),
        spec,
        tradeable: false,
        post_only: false,
        price_decimals: tick.get().scale(),
        qty_decimals: lot.get().scale(),
    })
}

/// The codec.
#[derive(Debug, Clone, Copy, Default)]
pub struct KrakenSpot;

impl Codec for KrakenSpot {
    fn profile(&self) -> &'static Profile {
        &KRAKEN_SPOT
    }

    fn encode(&self, at: Ts, operation: &Operation, tables: Tables<'_>) -> Result<Request, VenueError> {
        encode::operation(at, operation, tables)
    }

    fn decode(&self, operation: &mut Operation, reply: &Reply, tables: Tables<'_>) -> Progress {
        decode::operation(operation, reply, tables)
    }

    fn ask(&self, _at: Ts, query: &Query, markets: &Markets) -> Result<Request, VenueError> {
        encode::query(query, markets)
    }

    fn answer(&self, query: &Query, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
        answers::answer(query, reply, tables)
    }

    fn sign(
        &self,
        request: &Request,
        credentials: Option<&Credentials>,
        nonce: u64,
    ) -> Result<SignedRequest, VenueError> {
        let mut headers = arrayvec::ArrayVec::new();
        let mut body = String::new();
        if request.signed {
            let credentials =
                credentials.ok_or_else(|| VenueError::NoCredentials { path: request.path.to_string() })?;
            let nonce = nonce.to_string();
            body = match &request.body {
                Body::Form(form) if !form.is_empty() => format!("nonce={nonce}&{form}"),
                Body::Form(_) | Body::None => format!("nonce={nonce}"),
            };
            let signature = sign::api_sign(&credentials.secret, &request.path, &nonce, &body);
            headers.push(header("Content-Type", "application/x-www-form-urlencoded"));
            headers.push(header("API-Key", &credentials.key));
            headers.push(header("API-Sign", &signature));
        }
        Ok(SignedRequest {
            method: request.method,
            host: request.host,
            target: request.target(),
            headers,
            body,
        })
    }
}

fn header(name: &'static str, value: &str) -> Header {
    Header { name, value: value.to_owned() }
}
