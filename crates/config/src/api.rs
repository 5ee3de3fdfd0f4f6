//! The `api` section: how a run is looked at and commanded over HTTP, and by whom it can be reached.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::refused;
use crate::error::Problem;

/// The `api` section: how a run is looked at and commanded over HTTP. Who may is kept apart, as hashes in the
/// data folder; `seawall api token` makes a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// Whether a run answers over HTTP at all.
    pub enabled: bool,
    /// Address and port. One that other machines reach needs `tls_identity` or `plain_http_acknowledged`.
    pub listen: String,
    /// Names under which it is asked for besides its address and `localhost`, like `seawall.example.org` or
    /// `seawall.lan:8443`; requests for any other name are refused.
    pub hosts: Vec<String>,
    /// File with the chain of certificates and its private part, both as PEM. `off`: plain HTTP.
    pub tls_identity: Option<String>,
    /// Whether other machines may reach it without TLS, for instance because a proxy before it has that.
    pub plain_http_acknowledged: bool,
    /// After this a session of a browser ends, in hours.
    #[schemars(range(min = 1, max = 720))]
    pub session_hours: u32,
    /// How many times a minute an address may fail to sign in.
    #[schemars(range(min = 1, max = 600))]
    pub sign_in_failures_per_minute: u32,
    /// A command that raises risk must be confirmed within this time, in seconds.
    #[schemars(range(min = 5, max = 600))]
    pub confirm_within_s: u32,
    /// After this a request is given up, in seconds.
    #[schemars(range(min = 1, max = 120))]
    pub request_timeout_s: u32,
    /// Market data that are older than this are reported as stale, in seconds.
    #[schemars(range(min = 5, max = 86_400))]
    pub tick_age_max_s: u32,
    /// Signals from outside that are older than this when they come in are refused, in seconds.
    #[schemars(range(min = 1, max = 3_600))]
    pub signal_max_lag_s: u32,
}

impl Default for ApiSettings {
    fn default() -> Self {
        ApiSettings {
            enabled: true,
            listen: "127.0.0.1:8787".to_owned(),
            hosts: Vec::new(),
            tls_identity: None,
            plain_http_acknowledged: false,
            session_hours: 12,
            sign_in_failures_per_minute: 6,
            confirm_within_s: 60,
            request_timeout_s: 15,
            tick_age_max_s: 120,
            signal_max_lag_s: 30,
        }
    }
}

impl ApiSettings {
    /// The address to listen at; none where [`Self::listen`] is no address.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        let numbers = [
            ("api.session_hours", self.session_hours, (1, 720)),
            ("api.sign_in_failures_per_minute", self.sign_in_failures_per_minute, (1, 600)),
            ("api.confirm_within_s", self.confirm_within_s, (5, 600)),
            ("api.request_timeout_s", self.request_timeout_s, (1, 120)),
            ("api.tick_age_max_s", self.tick_age_max_s, (5, 86_400)),
            ("api.signal_max_lag_s", self.signal_max_lag_s, (1, 3_600)),
        ];
        let outside = numbers.into_iter().filter(|(_, value, (least, most))| value < least || value > most);
        let mut problems: Vec<Problem> = outside
            .map(|(key, value, (least, most))| {
                refused(key, &value, &format!("allowed are {least} to {most}"))
            })
            .collect();
        match self.address() {
            None => problems.push(refused(
                "api.listen",
                &self.listen,
                "it must be an address of this machine with a port, like 127.0.0.1:8787 or [::1]:8787",
            )),
            Some(address)
                if !address.ip().is_loopback()
                    && self.tls_identity.is_none()
                    && !self.plain_http_acknowledged =>
            {
                problems.push(refused(
                    "api.listen",
                    &self.listen,
                    "other machines reach it and everything would go there in plain text: set \
                     api.tls_identity, or api.plain_http_acknowledged where a proxy before it has TLS",
                ));
            }
            Some(_) => {}
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
            if host.is_empty() || !host.chars().all(fits) {
                let rule = "it must be a name without a scheme or a path, like seawall.example.org";
                problems.push(refused(&format!("api.hosts[{index}]"), host, rule));
            }
        }
        problems
    }
}
