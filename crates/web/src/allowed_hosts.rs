//! By which names this server may be asked.
//!
//! A web page on the internet may let its own name lead to 127.0.0.1, and then ask, from within a browser, what only
//! this host should see (DNS rebinding). Such a request has that page's name as `Host`.

use std::net::{IpAddr, Ipv6Addr};

/// The host names under which the server answers: every address, `localhost`, this machine's names, and those that
/// were given.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    names: Vec<String>,
}

impl AllowedHosts {
    /// These names, and those that are always allowed.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = String>) -> Self {
        let uname = rustix::system::uname();
        Self::on(&uname.nodename().to_string_lossy(), given)
    }

    fn on(machine: &str, given: impl IntoIterator<Item = String>) -> Self {
        let machine = machine.to_ascii_lowercase();
        let short = machine.split('.').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> = given.into_iter().map(|name| without_dot(&name).to_ascii_lowercase()).collect();
        names.extend(["localhost".to_owned(), machine, short]);
        names.retain(|name| !name.is_empty());
        Self { names }
    }

    /// Whether a request for this host is for us.
    pub(crate) fn allow(&self, host: &str) -> bool {
        let name = without_dot(host);
        is_address(name) || self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// `fleet.example.` is `fleet.example`.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Nobody can let an address lead elsewhere.
fn is_address(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_our_own_names_are_allowed_and_nobody_elses() {
        let hosts = AllowedHosts::on("Box7.lan.example", ["Fleet.Example.".to_owned()]);
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
        assert!(!AllowedHosts::on("", []).allow(""));
    }
}
