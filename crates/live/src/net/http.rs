//! Requests over HTTP: one reply for each, and the proof of what was not sent.

use std::sync::Arc;

use reqwest::{Client, Method, Proxy, redirect, retry};
use seawall_venues::http::Method as Verb;
use seawall_venues::{Hosts, Reply, Response, SignedRequest, TransportFailure};

use super::{NetError, NetSettings, address};
use crate::wall_clock::WallClock;

/// Bytes of an answer, unpacked. A longer one counts as no answer. The longest that the venues give (a list
/// of all instruments) has about 2 MB.
pub const BODY_MAX: usize = 32 * 1024 * 1024;
/// Idle connections to a host that are kept.
const IDLE_MAX: usize = 16;
/// An idle connection is closed before the venue closes it under a request.
const IDLE: std::time::Duration = std::time::Duration::from_secs(20);

/// A client for the hosts of one venue.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    hosts: Hosts,
    clock: Arc<WallClock>,
}

impl Http {
    /// A client. It sends to `hosts` alone, follows no redirect, repeats nothing by itself and takes no proxy
    /// from the environment.
    ///
    /// # Errors
    /// [`NetError`] where the proxy's address is wrong or the system has no certificates.
    pub fn new(hosts: Hosts, settings: &NetSettings, clock: Arc<WallClock>) -> Result<Self, NetError> {
        install_crypto();
        let mut builder = Client::builder()
            .user_agent(concat!("seawall/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_MAX)
            .tcp_nodelay(true);
        if let Some(proxy) = &settings.proxy {
            let url = address::proxy(proxy)?;
            builder = builder.proxy(Proxy::all(url).map_err(|error| NetError::Client(error.to_string()))?);
        }
        let client = builder.build().map_err(|error| NetError::Client(error.to_string()))?;
        Ok(Http { client, hosts, clock })
    }

    /// The addresses that it may use.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Sends a request and brings its one reply.
    ///
    /// # Errors
    /// [`TransportFailure::NotSent`] where the host is not configured, or no connection came to stand;
    /// [`TransportFailure::MaybeSent`] for everything else that is no answer.
    pub async fn send(&self, request: SignedRequest) -> Reply {
        let url = self.hosts.url(request.host, &request.target).map_err(|_| TransportFailure::NotSent)?;
        let (method, has_body) = match request.method {
            Verb::Get => (Method::GET, false),
            Verb::Post => (Method::POST, true),
            Verb::Put => (Method::PUT, true),
            Verb::Delete => (Method::DELETE, false),
        };
        let mut call = self.client.request(method, url);
        for header in &request.headers {
            call = call.header(header.name, &header.value);
        }
        if has_body || !request.body.is_empty() {
            call = call.body(request.body);
        }
        let answer = call.send().await.map_err(|error| failure(&error))?;
        self.read(answer).await
    }

    async fn read(&self, mut answer: reqwest::Response) -> Reply {
        let status = answer.status().as_u16();
        let retry_after_s = ["retry-after", "rate-limit-reset"]
            .into_iter()
            .find_map(|name| answer.headers().get(name)?.to_str().ok()?.trim().parse::<u32>().ok());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| TransportFailure::MaybeSent)? {
            if body.len().saturating_add(chunk.len()) > BODY_MAX {
                return Err(TransportFailure::MaybeSent);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, retry_after_s, body, received_at: self.clock.now() })
    }
}

/// The one implementation of cryptography in the process; the first caller installs it.
pub(super) fn install_crypto() {
    // It fails if one is installed already, and then that one is used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Only a request that could not be built and a connection that never stood prove that nothing was sent.
fn failure(error: &reqwest::Error) -> TransportFailure {
    if error.is_builder() || error.is_connect() {
        // A wrong name, a refused port and a certificate that nobody vouches for are told apart here alone.
        tracing::warn!(cause = %root_cause(error), "no connection");
        TransportFailure::NotSent
    } else {
        tracing::debug!(cause = %root_cause(error), "no answer");
        TransportFailure::MaybeSent
    }
}

/// What is at the bottom of an error, without the address, which may name what was asked.
fn root_cause(error: &dyn core::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use core::time::Duration;

    /// “No answer came” hid that a certificate was not to be trusted.
    #[tokio::test]
    async fn the_cause_of_a_connection_that_never_stood_is_named() {
        install_crypto();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build().unwrap();
        drop(listener);
        let refused = client.get(format!("http://{address}/secret?key=1")).send().await.unwrap_err();
        assert_eq!(failure(&refused), TransportFailure::NotSent);
        let words = root_cause(&refused);
        assert!(words.contains("refused") && !words.contains("secret"), "{words}");
    }
}
