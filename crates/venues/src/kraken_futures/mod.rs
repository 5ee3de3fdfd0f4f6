//! Kraken Futures: REST v3, charts v1, history v3, WebSocket v1.
//!
//! Only linear perpetuals (`PF_`) on the multi-collateral account. Choices where the venue leaves some:
//! requests carry no nonce (the venue allows it, and a nonce can only go wrong); parameters of `POST` go into
//! the body; every placement carries the instant after which the venue must not take it, so that what it has
//! not shown after [`crate::profile::Profile::acceptance_horizon`] was never taken; executions are booked
//! from executions alone, never from the answer to a placement, which has no fee.

pub mod account_session;
mod answers;
mod decode;
mod encode;
mod listing;
pub mod market_session;
mod records;
mod rows;
pub mod sign;
pub mod stream;
pub mod tables;
mod wire;

use seawall_model::Ts;

pub use self::account_session::AccountSession;
pub use self::answers::enrich;
pub use self::listing::unlisted;
pub use self::market_session::MarketSession;
use crate::codec::{Codec, Operation, Progress, Tables};
use crate::error::VenueError;
use crate::http::{Body, Header, Method, Reply, Request, SignedRequest};
use crate::market::Markets;
use crate::outcome::Failure;
use crate::profile::{KRAKEN_FUTURES, Profile};
use crate::query::{Answer, Query};
use crate::secret::Credentials;

/// The codec.
#[derive(Debug, Clone, Copy, Default)]
pub struct KrakenFutures;

impl Codec for KrakenFutures {
    fn profile(&self) -> &'static Profile {
        &KRAKEN_FUTURES
    }

    fn encode(&self, at: Ts, operation: &Operation, tables: Tables<'_>) -> Result<Request, VenueError> {
        encode::operation(at, operation, tables)
    }

    fn decode(&self, operation: &mut Operation, reply: &Reply, tables: Tables<'_>) -> Progress {
        decode::operation(operation, reply, tables)
    }

    fn ask(&self, at: Ts, query: &Query, markets: &Markets) -> Result<Request, VenueError> {
        encode::query(at, query, markets)
    }

    fn answer(&self, query: &Query, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
        answers::answer(query, reply, tables)
    }

    fn sign(
        &self,
        request: &Request,
        credentials: Option<&Credentials>,
        _nonce: u64,
    ) -> Result<SignedRequest, VenueError> {
        let (body, form) = match &request.body {
            Body::Form(text) => (text.clone(), true),
            Body::None => (String::new(), false),
        };
        let mut headers = arrayvec::ArrayVec::new();
        if form {
            headers.push(header("Content-Type", "application/x-www-form-urlencoded"));
        }
        if request.signed {
            let credentials =
                credentials.ok_or_else(|| VenueError::NoCredentials { path: request.path.to_string() })?;
            let post_data = match request.method {
                Method::Post if form => body.as_str(),
                Method::Post | Method::Get | Method::Put | Method::Delete => request.query.as_str(),
            };
            let authent = sign::authent(&credentials.secret, post_data, "", &request.path);
            headers.push(header("APIKey", &credentials.key));
            headers.push(header("Authent", &authent));
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
