//! Under which names the API may be asked for: what keeps a page of another site from reaching it through a
//! name that points here, and from having a browser send for it.

use std::net::SocketAddr;

use seawall_config::ApiSettings;

/// The names with their ports.
#[derive(Debug, Clone)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// The address itself, this machine's own names where it is a loopback or any address, and `api.hosts`.
    pub(crate) fn new(settings: &ApiSettings, bound: SocketAddr) -> Self {
        let port = bound.port();
        let mut names = vec![bound.to_string()];
        if bound.ip().is_loopback() || bound.ip().is_unspecified() {
            names.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
        }
        for host in &settings.hosts {
            let host = host.to_ascii_lowercase();
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            if !has_port {
                names.push(format!("{host}:{port}"));
            }
            names.push(host);
        }
        Names(names)
    }

    /// Whether a `Host` is one of them.
    pub(crate) fn has(&self, host: &str) -> bool {
        self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether an `Origin` is one of them.
    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.has(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered() {
        let hosts = vec!["Seawall.Example.org".to_owned(), "lan:9".to_owned()];
        let settings = ApiSettings { hosts, ..ApiSettings::default() };
        let names = Names::new(&settings, "127.0.0.1:8787".parse().unwrap());
        let ours = [
            "127.0.0.1:8787",
            "localhost:8787",
            "LOCALHOST:8787",
            "seawall.example.org",
            "lan:9",
            "[::1]:8787",
        ];
        ours.iter().for_each(|name| assert!(names.has(name), "{name}"));
        let others = ["", "evil.example", "localhost", "127.0.0.1:80", "127.0.0.1:8787.evil.example", "lan"];
        others.iter().for_each(|name| assert!(!names.has(name), "{name}"));
        assert!(names.has_origin("http://localhost:8787") && names.has_origin("https://seawall.example.org"));
        for origin in ["null", "http://evil.example", "file://", "http://localhost:8787/x", ""] {
            assert!(!names.has_origin(origin), "{origin}");
        }
        let lan = Names::new(&ApiSettings::default(), "192.168.0.2:8787".parse().unwrap());
        assert!(lan.has("192.168.0.2:8787") && !lan.has("localhost:8787"));
    }
}
