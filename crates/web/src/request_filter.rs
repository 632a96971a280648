//! Refuses requests by method, target, body and host name.
//!
//! The check of the host name defends against DNS rebinding: a web page on the internet can point its own name at
//! 127.0.0.1 and then make a browser request what only this host should see. Such a request carries the page's name in
//! its `Host` field.

use std::net::{IpAddr, Ipv6Addr};

use hyper::header::{EXPECT, HOST};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Uri, Version};

use crate::refusal::Refusal;

/// The host names that the server answers to: every IP address, `localhost`, the machine's own names, and the names
/// that the operator allows.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    names: Vec<String>,
}

impl AllowedHosts {
    /// Allows `names` in addition to the names that are always allowed.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let uname = rustix::system::uname();
        Self::for_machine(&uname.nodename().to_string_lossy(), names)
    }

    fn for_machine(machine: &str, names: impl IntoIterator<Item = String>) -> Self {
        let machine = machine.to_ascii_lowercase();
        let short = machine.split('.').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> =
            names.into_iter().map(|name| without_trailing_dot(&name).to_ascii_lowercase()).collect();
        names.extend(["localhost".to_owned(), machine, short]);
        names.retain(|name| !name.is_empty());
        Self { names }
    }

    /// Whether a request for this host may be answered.
    pub(crate) fn allow(&self, host: &str) -> bool {
        let name = without_trailing_dot(host);
        is_ip_address(name) || self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// Turns `fleet.example.` into `fleet.example`, which is the same name.
fn without_trailing_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether the host is an IP address, which DNS cannot redirect.
fn is_ip_address(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()),
    }
}

/// The checks that every request has to pass.
#[derive(Debug)]
pub(crate) struct RequestFilter<'a> {
    /// The allowed host names; `None` where DNS rebinding is no danger.
    pub(crate) hosts: Option<&'a AllowedHosts>,
    /// The longest target in bytes.
    pub(crate) target_bytes: usize,
}

impl RequestFilter<'_> {
    /// Accepts a request and reduces its target to a path, or returns the reason to refuse it.
    pub(crate) fn check(&self, request: &mut Parts, has_body: bool) -> Result<(), Refusal> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Refusal::Method);
        }
        if request.uri.path_and_query().is_some_and(|target| target.as_str().len() > self.target_bytes) {
            return Err(Refusal::TargetTooLong { limit: self.target_bytes });
        }
        if has_body {
            return Err(Refusal::HasBody);
        }
        let unmet = |value: &hyper::header::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        if request.headers.get_all(EXPECT).iter().any(unmet) {
            return Err(Refusal::Expectation);
        }
        if !request.uri.path().starts_with('/') {
            return Err(Refusal::TargetNotAPath);
        }
        self.check_host(request)?;
        // The handler sees a path, even if the target is an absolute URI.
        if let Some(path) = request.uri.path_and_query().filter(|_| request.uri.authority().is_some()).cloned() {
            request.uri = path_only(path)?;
        }
        Ok(())
    }

    fn check_host(&self, request: &Parts) -> Result<(), Refusal> {
        let mut given = request.headers.get_all(HOST).iter();
        let header = match (given.next(), given.next()) {
            (_, Some(_)) => return Err(Refusal::SeveralHosts),
            (None, None) if request.version > Version::HTTP_10 => return Err(Refusal::NoHost),
            (None, None) => None,
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| Refusal::InvalidHost)?;
                Some(text.parse::<Authority>().map_err(|_| Refusal::InvalidHost)?)
            }
        };
        // Both names have to be allowed: a proxy may have gone by either of them.
        for host in header.iter().chain(request.uri.authority()) {
            if host.as_str().contains('@') || !has_valid_port(host) {
                return Err(Refusal::InvalidHost);
            }
            if self.hosts.is_some_and(|hosts| !hosts.allow(host.host())) {
                return Err(Refusal::ForbiddenHost(host.host().to_owned()));
            }
        }
        Ok(())
    }
}

/// Whether the port is absent, empty or a number: `name`, `name:` and `name:80`.
fn has_valid_port(host: &Authority) -> bool {
    let rest = &host.as_str()[host.host().len()..];
    rest.is_empty() || rest == ":" || host.port_u16().is_some()
}

fn path_only(path: PathAndQuery) -> Result<Uri, Refusal> {
    let mut parts = hyper::http::uri::Parts::default();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|_| Refusal::TargetNotAPath)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_own_names_are_allowed_and_other_names_are_not() {
        let hosts = AllowedHosts::for_machine("Box7.lan.example", ["Fleet.Example.".to_owned()]);
        for (host, allowed) in [
            ("127.0.0.1", true),
            ("192.168.1.7", true),
            ("[::1]", true),
            ("localhost", true),
            ("LOCALHOST", true),
            ("localhost.", true),
            ("box7", true),
            ("box7.lan.example", true),
            ("fleet.example", true),
            ("fleet.example.", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("lan.example", false),
            ("::1", false),
            ("[127.0.0.1]", false),
            ("[evil.example]", false),
            ("", false),
            (".", false),
        ] {
            assert_eq!(hosts.allow(host), allowed, "{host}");
        }
    }

    #[test]
    fn a_machine_without_a_name_allows_no_empty_host() {
        assert!(!AllowedHosts::for_machine("", []).allow(""));
    }
}
