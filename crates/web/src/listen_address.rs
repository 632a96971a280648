//! The addresses to listen on, as a flag gives them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// `HOST:PORT` or `[IPV6]:PORT`; `:PORT` stands for every address of this host.
    Tcp {
        /// A host name or an address; an empty text stands for every address of this host.
        host: String,
        /// The port; 0 lets the kernel choose a free one.
        port: u16,
    },
    /// `unix:/PATH`.
    Unix(PathBuf),
}

/// A text that is not an address to listen on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is not an address to listen on: {expected}; use HOST:PORT, :PORT, [IPV6]:PORT or unix:/absolute/path",
    .given.escape_debug()
)]
pub struct InvalidListenAddress {
    given: String,
    expected: &'static str,
}

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = |expected| InvalidListenAddress { given: given.to_owned(), expected };
        if let Some(path) = given.strip_prefix("unix:") {
            return match path {
                _ if !path.starts_with('/') => Err(invalid("the path has to begin with '/'")),
                _ if path.ends_with('/') => Err(invalid("the path has to end with a file name")),
                _ if path.contains('\0') => Err(invalid("the path must not contain a NUL byte")),
                _ => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let (host, port) = given.rsplit_once(':').ok_or_else(|| invalid("the port is missing"))?;
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number);
        let port = port.ok_or_else(|| invalid("the port has to be a number from 0 to 65535"))?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let address = rest.strip_suffix(']').ok_or_else(|| invalid("']' is missing before the port"))?;
                address
                    .parse::<std::net::Ipv6Addr>()
                    .map_err(|_| invalid("'[' and ']' have to enclose an IPv6 address"))?;
                address
            }
            None if host.contains(':') => return Err(invalid("an IPv6 address has to stand between '[' and ']'")),
            None if host.contains(|c: char| c.is_whitespace() || c == '/') => {
                return Err(invalid("the host has to be a name or an address, without a scheme or a path"));
            }
            None => host,
        };
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_and_displayed_alike() {
        for (text, host, port) in [
            ("127.0.0.1:27871", "127.0.0.1", 27871),
            (":27871", "", 27871),
            ("[::1]:0", "::1", 0),
            ("localhost:1", "localhost", 1),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address, ListenAddress::Tcp { host: host.to_owned(), port });
            assert_eq!(address.to_string(), text);
        }
        let unix: ListenAddress = "unix:/run/x:1.sock".parse().unwrap();
        assert_eq!(unix, ListenAddress::Unix("/run/x:1.sock".into()));
    }

    #[test]
    fn the_error_names_what_is_expected() {
        for (text, expected) in [
            ("", "port is missing"),
            ("localhost", "port is missing"),
            ("localhost:", "a number"),
            ("localhost:+1", "a number"),
            ("localhost:65536", "a number"),
            ("::1:80", "between '[' and ']'"),
            ("[::1:80", "']' is missing"),
            ("[localhost]:80", "an IPv6 address"),
            ("http://localhost:80", "between '['"),
            ("a/b:80", "without a scheme"),
            ("unix:run.sock", "begin with '/'"),
            ("unix:", "begin with '/'"),
            ("unix:/run/", "end with a file name"),
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
