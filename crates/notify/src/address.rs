//! Which addresses may be spoken to: encrypted ones, and plain ones on this machine.
//!
//! No message shows an address that came as a secret.

use std::net::IpAddr;

use reqwest::Url;

use crate::settings::ChannelKind;

/// Where mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: MailTls,
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailTls {
    /// From the first byte.
    Whole,
    /// After `STARTTLS`, which is required.
    StartTls,
    /// Not at all: this machine alone.
    Plain,
}

/// Checks an address of the configuration.
pub(crate) fn check(kind: ChannelKind, address: &str) -> Result<(), String> {
    match kind {
        ChannelKind::Email => mail(address).map(|_| ()),
        ChannelKind::Telegram | ChannelKind::Slack | ChannelKind::Discord | ChannelKind::Webhook => {
            let url = web(address)?;
            if url.query().is_some() || !url.username().is_empty() || url.password().is_some() {
                return Err("allowed is a host and a path: secrets never sit in the configuration".to_owned());
            }
            Ok(())
        }
    }
}

/// An address for HTTP.
pub(crate) fn web(address: &str) -> Result<Url, String> {
    let url = Url::parse(address).map_err(|_| "it is no address; write https://host/path".to_owned())?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(url.host_str()) => Ok(url),
        _ => Err("it must begin with https:// (http:// is for this machine alone)".to_owned()),
    }
}

/// An address for SMTP.
pub(crate) fn mail(address: &str) -> Result<MailServer, String> {
    let form = "write smtps://host:465 (TLS) or smtp://host:587 (STARTTLS)";
    let url = Url::parse(address).map_err(|_| format!("it is no address; {form}"))?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(form)?.to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("user and password do not belong here; {form}"));
    }
    let (tls, port) = match url.scheme() {
        "smtps" => (MailTls::Whole, 465),
        "smtp" if is_loopback(Some(&host)) => (MailTls::Plain, 25),
        "smtp" => (MailTls::StartTls, 587),
        _ => return Err(form.to_owned()),
    };
    Ok(MailServer { host, port: url.port().unwrap_or(port), tls })
}

fn is_loopback(host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_connections_are_for_this_machine_alone() {
        for good in ["https://api.telegram.org", "http://127.0.0.1:8081", "http://[::1]:80/x"] {
            assert!(web(good).is_ok(), "{good}");
        }
        for bad in ["http://example.org", "ftp://example.org", "example.org", "http://127.0.0.1.example.org"]
        {
            assert!(web(bad).is_err(), "{bad}");
        }
        let tls = |address| mail(address).map(|server| (server.tls, server.port));
        assert_eq!(tls("smtps://mail.example.org"), Ok((MailTls::Whole, 465)));
        assert_eq!(tls("smtp://mail.example.org"), Ok((MailTls::StartTls, 587)));
        assert_eq!(tls("smtp://127.0.0.1:2525"), Ok((MailTls::Plain, 2525)));
        assert!(tls("mail.example.org").is_err());
        assert!(tls("smtps://me:hunter2@mail.example.org").is_err());
    }
}
