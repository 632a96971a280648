//! Which requests may come in, by what they say: method, target, body, host.

use hyper::header::{EXPECT, HOST};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Uri, Version};

use crate::allowed_hosts::AllowedHosts;
use crate::refusal::Refusal;

/// What is checked of every request.
#[derive(Debug)]
pub(crate) struct Gate<'a> {
    /// The names that are answered; none is asked for where no web page can reach, or has no password.
    pub(crate) hosts: Option<&'a AllowedHosts>,
    pub(crate) target_bytes: usize,
}

impl Gate<'_> {
    /// Lets a request in, with its path as target, or says why not.
    pub(crate) fn admit(&self, request: &mut Parts, has_body: bool) -> Result<(), Refusal> {
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
        self.admit_host(request)?;
        // A handler sees a path, whichever way it was asked for.
        if let Some(path) = request.uri.path_and_query().filter(|_| request.uri.authority().is_some()).cloned() {
            request.uri = path_only(path)?;
        }
        Ok(())
    }

    fn admit_host(&self, request: &Parts) -> Result<(), Refusal> {
        let mut given = request.headers.get_all(HOST).iter();
        let header = match (given.next(), given.next()) {
            (_, Some(_)) => return Err(Refusal::ManyHosts),
            (None, None) if request.version > Version::HTTP_10 => return Err(Refusal::NoHost),
            (None, None) => None,
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| Refusal::BadHost)?;
                Some(text.parse::<Authority>().map_err(|_| Refusal::BadHost)?)
            }
        };
        // Both have to be ours: which one somebody before us went by is not known.
        for host in header.iter().chain(request.uri.authority()) {
            if host.as_str().contains('@') || !has_good_port(host) {
                return Err(Refusal::BadHost);
            }
            if self.hosts.is_some_and(|hosts| !hosts.allow(host.host())) {
                return Err(Refusal::ForeignHost(host.host().to_owned()));
            }
        }
        Ok(())
    }
}

/// `name`, `name:` and `name:80` are good.
fn has_good_port(host: &Authority) -> bool {
    let rest = &host.as_str()[host.host().len()..];
    rest.is_empty() || rest == ":" || host.port_u16().is_some()
}

fn path_only(path: PathAndQuery) -> Result<Uri, Refusal> {
    let mut parts = hyper::http::uri::Parts::default();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|_| Refusal::TargetNotAPath)
}
