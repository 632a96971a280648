//! Where to listen, as a flag says it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// `HOST:PORT`, `[IPV6]:PORT`; `:PORT` is every address of this host.
    Tcp {
        /// A name or an address; empty is every address of this host.
        host: String,
        /// The port; 0 is any that is free.
        port: u16,
    },
    /// `unix:/path`.
    Unix(PathBuf),
}

/// A text that is not an address to listen on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is not an address to listen on: write HOST:PORT, :PORT, [IPV6]:PORT or unix:/absolute/path ({wrong})",
    .given.escape_debug()
)]
pub struct BadListenAddress {
    given: String,
    wrong: &'static str,
}

impl FromStr for ListenAddress {
    type Err = BadListenAddress;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let bad = |wrong| BadListenAddress { given: given.to_owned(), wrong };
        if let Some(path) = given.strip_prefix("unix:") {
            return match path {
                _ if !path.starts_with('/') => Err(bad("the path begins with '/'")),
                _ if path.ends_with('/') => Err(bad("the path ends with a file name")),
                _ if path.contains('\0') => Err(bad("the path has a NUL")),
                _ => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let (host, port) = given.rsplit_once(':').ok_or_else(|| bad("there is no port"))?;
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number);
        let port = port.ok_or_else(|| bad("the port is a number from 0 to 65535"))?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let address = rest.strip_suffix(']').ok_or_else(|| bad("']' is missing before the port"))?;
                address.parse::<std::net::Ipv6Addr>().map_err(|_| bad("between '[' and ']' is an IPv6 address"))?;
                address
            }
            None if host.contains(':') => return Err(bad("an IPv6 address is written in '[' and ']'")),
            None if host.contains(|c: char| c.is_whitespace() || c == '/') => {
                return Err(bad("the host is a name or an address, without a scheme or a path"));
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
    fn addresses_are_read_and_written_the_same() {
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
    fn what_is_wrong_is_said() {
        for (text, wrong) in [
            ("", "no port"),
            ("localhost", "no port"),
            ("localhost:", "a number"),
            ("localhost:+1", "a number"),
            ("localhost:65536", "a number"),
            ("::1:80", "in '[' and ']'"),
            ("[::1:80", "']' is missing"),
            ("[localhost]:80", "an IPv6 address"),
            ("http://localhost:80", "in '['"),
            ("a/b:80", "without a scheme"),
            ("unix:run.sock", "begins with '/'"),
            ("unix:", "begins with '/'"),
            ("unix:/run/", "ends with a file name"),
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains(wrong), "{text}: {error}");
        }
    }
}
