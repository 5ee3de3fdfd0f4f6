//! Which addresses may be used: encrypted ones, and plain ones on this machine.

use std::net::IpAddr;

use reqwest::Url;
use seawall_venues::Hosts;
use seawall_venues::http::Host;

use super::NetError;

/// A table of hosts from addresses that were checked.
///
/// # Errors
/// [`NetError::Address`] for an address that is no address, that is neither encrypted nor on this machine, or
/// that holds more than a host and a path.
pub fn checked_hosts<'a>(addresses: impl IntoIterator<Item = (Host, &'a str)>) -> Result<Hosts, NetError> {
    let mut hosts = Hosts::default();
    for (host, address) in addresses {
        let (encrypted, plain) = match host {
            Host::Rest => ("https", "http"),
            Host::PublicStream | Host::PrivateStream => ("wss", "ws"),
        };
        check(host.name(), address, encrypted, plain)?;
        hosts = hosts.with(host, address);
    }
    Ok(hosts)
}

/// The address of an HTTP proxy: plain HTTP, as proxies are spoken to before the tunnel.
pub(super) fn proxy(address: &str) -> Result<Url, NetError> {
    let url = parse("proxy", address)?;
    let bad = |problem| NetError::Address { what: "proxy", address: address.to_owned(), problem };
    if url.scheme() != "http" {
        return Err(bad("is not an address of the form http://host:port"));
    }
    Ok(url)
}

fn check(what: &'static str, address: &str, encrypted: &str, plain: &str) -> Result<(), NetError> {
    let url = parse(what, address)?;
    let bad = |problem| NetError::Address { what, address: address.to_owned(), problem };
    if url.scheme() == encrypted || (url.scheme() == plain && is_loopback(&url)) {
        return Ok(());
    }
    Err(bad(match encrypted {
        "https" => "must begin with https:// (http:// is for this machine alone)",
        _ => "must begin with wss:// (ws:// is for this machine alone)",
    }))
}

fn parse(what: &'static str, address: &str) -> Result<Url, NetError> {
    let bad = |problem| NetError::Address { what, address: shown(address), problem };
    let url = Url::parse(address).map_err(|_| bad("is not an address"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("holds a user or a password: secrets never sit in the configuration"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("holds a query: only host and path belong here"));
    }
    Ok(url)
}

/// Without what stands before an `@`: it may be a password.
fn shown(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => address.to_owned(),
    }
}

/// Whether an address is one of this machine.
pub(crate) fn is_on_this_machine(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        for good in
            ["https://futures.kraken.com", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost:1"]
        {
            assert!(checked_hosts([(Host::Rest, good)]).is_ok(), "{good}");
        }
        for bad in
            ["http://futures.kraken.com", "wss://127.0.0.1", "127.0.0.1", "https://", "http://10.0.0.1"]
        {
            assert!(checked_hosts([(Host::Rest, bad)]).is_err(), "{bad}");
        }
        assert!(checked_hosts([(Host::PublicStream, "ws://127.0.0.1:1/ws/v1")]).is_ok());
        let error = checked_hosts([(Host::PrivateStream, "ws://example.com")]).unwrap_err();
        assert!(error.to_string().contains("private_stream"), "{error}");
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_shown() {
        let error = checked_hosts([(Host::Rest, "https://me:hunter2@example.com")]).unwrap_err().to_string();
        assert!(error.contains("password") && !error.contains("hunter2"), "{error}");
        assert!(proxy("socks5://127.0.0.1:1").is_err() && proxy("http://127.0.0.1:3128").is_ok());
    }
}
