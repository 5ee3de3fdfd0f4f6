//! The address of a PostgreSQL server, as in `DATABASE_URL`. It holds a password, so nothing here shows it:
//! not the errors, which never quote the text, and not `Debug`.

use core::fmt;
use std::path::PathBuf;

use crate::error::StoreError;

/// What may follow the `?`; everything else is refused rather than ignored.
const PARAMETERS: &[&str] = &[
    "host",
    "port",
    "user",
    "password",
    "dbname",
    "connect_timeout",
    "channel_binding",
    "target_session_attrs",
    "sslmode",
    "sslrootcert",
];

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Nothing was said: not on this machine, verified to any other.
    Unsaid,
    /// `sslmode=disable`.
    Off,
    /// `sslmode=require` or stricter: the server's certificate and name are always checked.
    Verified,
}

/// The address of a PostgreSQL server, with user, password and database.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    /// The address without our own parameters.
    text: String,
    /// The address without password and parameters.
    shown: String,
    pub(crate) encryption: Encryption,
    /// Certificates to trust instead of the machine's.
    pub(crate) root_certificates: Option<PathBuf>,
}

fn refuse<T>(what: &str) -> Result<T, StoreError> {
    Err(StoreError::DatabaseUrl { what: what.to_owned() })
}

impl DatabaseUrl {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`.
    ///
    /// # Errors
    /// [`StoreError::DatabaseUrl`], which never quotes the address; [`StoreError::NoPostgres`] in a build
    /// without the feature `postgres`.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if cfg!(not(feature = "postgres")) {
            return Err(StoreError::NoPostgres);
        }
        let text = text.trim();
        let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"))
        else {
            return refuse("it must begin with postgres:// or postgresql://");
        };
        let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = location.split_once('/').unwrap_or((location, ""));
        let (credentials, hosts) = match authority.split_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, authority),
        };
        // A raw `@`, `/` or `?` in a password would make a part of it look like a host or a database.
        if hosts.contains('@') || database.contains(['@', '/']) || query.contains('@') {
            return refuse("write `@`, `/`, `?` and `:` of a user or a password as %40, %2F, %3F and %3A");
        }
        if !hosts.split(',').all(good_host) {
            return refuse("the port is not a number from 1 to 65535, or the host is not a name");
        }
        let mut url = DatabaseUrl {
            text: format!("postgres://{location}"),
            shown: String::new(),
            encryption: Encryption::Unsaid,
            root_certificates: None,
        };
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => url.encryption = encryption(value)?,
                "sslrootcert" => url.root_certificates = Some(PathBuf::from(decoded(value)?)),
                known if PARAMETERS.contains(&known) => kept.push(pair),
                _ => {
                    return refuse(&format!(
                        "it has an unknown parameter; known are {}",
                        PARAMETERS.join(", ")
                    ));
                }
            }
        }
        if !kept.is_empty() {
            url.text = format!("{}?{}", url.text, kept.join("&"));
        }
        let user = credentials.and_then(|text| text.split(':').next()).filter(|user| !user.is_empty());
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        url.shown = format!("postgres://{user}{hosts}/{database}");
        #[cfg(feature = "postgres")]
        url.config()?;
        Ok(url)
    }

    /// The address for the driver.
    #[cfg(feature = "postgres")]
    pub(crate) fn config(&self) -> Result<tokio_postgres::Config, StoreError> {
        // The driver's own message may quote what it does not understand.
        self.text.parse().or_else(|_| refuse("it cannot be understood; see docs/database.md for its form"))
    }
}

/// `NAME`, `NAME:PORT`, `[V6]:PORT` or nothing.
fn good_host(host: &str) -> bool {
    let port = match host.rsplit_once(']') {
        Some((_, rest)) => rest.strip_prefix(':'),
        None => host.split_once(':').map(|(_, port)| port),
    };
    port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn encryption(mode: &str) -> Result<Encryption, StoreError> {
    match mode {
        "disable" => Ok(Encryption::Off),
        "require" | "verify-ca" | "verify-full" => Ok(Encryption::Verified),
        _ => refuse(
            "sslmode must be disable, require, verify-ca or verify-full; those that may fall back to an \
             unencrypted connection are not supported",
        ),
    }
}

/// `%XX` as bytes.
fn decoded(text: &str) -> Result<String, StoreError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return refuse("`%` must be followed by two hexadecimal digits");
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).or_else(|_| refuse("sslrootcert is not a text"))
}

/// Without the password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Without the password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn neither_errors_nor_debug_show_a_part_of_the_password() {
        let passwords = [
            "hunter2",
            "hun@ter2",
            "hun/ter2",
            "12/hunter2",
            "12?hunter2",
            "hun?ter2",
            "hun:ter2",
            "%zzhunter2",
            "hunter2#",
            "hun&ter2=",
        ];
        for password in passwords {
            for tail in
                ["@db.example:5432/seawall", "@db.example/seawall?sslmode=require", "@h/d?sslmode=prefer"]
            {
                let text = format!("postgres://trader:{password}{tail}");
                let seen = match DatabaseUrl::parse(&text) {
                    Ok(url) => format!("{url} {url:?}"),
                    Err(error) => format!("{error} {error:?}"),
                };
                assert!(!seen.contains("hun") && !seen.contains("ter2"), "{password}: {seen}");
            }
        }
        let url = DatabaseUrl::parse("postgres://trader@/seawall?host=/run/pg&password=hunter2").unwrap();
        assert!(!format!("{url}{url:?}").contains("hunter2"));
    }

    #[test]
    fn what_the_url_says_about_encryption_is_never_weakened() {
        let of = |query: &str| DatabaseUrl::parse(&format!("postgres://u@h/d{query}"));
        assert_eq!(of("").unwrap().encryption, Encryption::Unsaid);
        assert_eq!(of("?sslmode=disable").unwrap().encryption, Encryption::Off);
        for mode in ["require", "verify-ca", "verify-full"] {
            assert_eq!(of(&format!("?sslmode={mode}")).unwrap().encryption, Encryption::Verified);
        }
        for mode in ["prefer", "allow", "Require", ""] {
            assert!(of(&format!("?sslmode={mode}")).is_err(), "{mode}");
        }
        let own = of("?sslmode=require&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=3").unwrap();
        assert_eq!(own.root_certificates, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(own.text, "postgres://u@h/d?connect_timeout=3");
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_do() {
        for (text, words) in [
            ("sqlite:seawall.db", "postgres://"),
            ("host=localhost user=x", "postgres://"),
            ("postgres://u@h:port/d", "port"),
            ("postgres://u@h:0/d", "port"),
            ("postgres://u@h/d?pool_size=3", "known are host"),
        ] {
            let error = DatabaseUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("DATABASE_URL"), "{text}: {error}");
        }
    }
}
