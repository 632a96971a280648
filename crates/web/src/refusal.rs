//! What a client is told that does not get an answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

use crate::handler::Body;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed,
    TargetNotAPath,
    TargetTooLong { limit: usize },
    HeadTooLarge { limit: usize },
    HeadTooSlow { seconds: u64 },
    Method,
    HasBody,
    Expectation,
    NoHost,
    ManyHosts,
    BadHost,
    ForeignHost(String),
    NotHttps,
    NoCredentials,
    WrongCredentials,
    TooManyPasswords,
    TooManyRequests,
    Full,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed
            | Self::TargetNotAPath
            | Self::NoHost
            | Self::ManyHosts
            | Self::BadHost
            | Self::NotHttps => StatusCode::BAD_REQUEST,
            Self::NoCredentials | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::HasBody => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TargetTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::ForeignHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooManyPasswords | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One line: what is wrong, and what to do.
    fn text(&self) -> String {
        match self {
            Self::Malformed => "This is not an HTTP/1.1 request: send one.".to_owned(),
            Self::TargetNotAPath => "The request's target is not a path: ask for one that begins with '/'.".to_owned(),
            Self::TargetTooLong { limit } => {
                format!("The request's target is too long: at most {limit} bytes are read. Ask for less.")
            }
            Self::HeadTooLarge { limit } => {
                format!("The request's header fields are too large: at most {limit} bytes are read. Send fewer.")
            }
            Self::HeadTooSlow { seconds } => {
                format!("The request did not arrive within {seconds} s: send it at once.")
            }
            Self::Method => "Only GET and HEAD are answered here: nothing can be changed over HTTP.".to_owned(),
            Self::HasBody => "The request has a body, and none is read here: send it without.".to_owned(),
            Self::Expectation => "The request's Expect cannot be met: send it without.".to_owned(),
            Self::NoHost => "The request has no Host: HTTP/1.1 demands one.".to_owned(),
            Self::ManyHosts => "The request has more than one Host: send one.".to_owned(),
            Self::BadHost => "The request's Host is not NAME or NAME:PORT: send one that is.".to_owned(),
            Self::ForeignHost(name) => format!(
                "Requests for the host '{}' are not answered here: ask by address, as localhost or by this machine's \
                 name, or have the server started with --web.allowed-host={0}.",
                name.escape_debug()
            ),
            Self::NotHttps => "This is an HTTPS port: ask by https://.".to_owned(),
            Self::NoCredentials => "A user name and a password are needed here: send them.".to_owned(),
            Self::WrongCredentials => {
                "The user name or the password is wrong: see basic_auth_users in the server's web configuration."
                    .to_owned()
            }
            Self::TooManyPasswords => "Too many passwords wait to be checked: try again in a second.".to_owned(),
            Self::TooManyRequests => {
                "More requests arrive than rate_limit in the server's web configuration allows: ask less often."
                    .to_owned()
            }
            Self::Full => "All connections are busy: try again in a second.".to_owned(),
        }
    }

    /// Whether the connection ends with it: what comes next on it cannot be known, or is not wanted.
    fn closes(&self) -> bool {
        match self {
            Self::NoCredentials
            | Self::WrongCredentials
            | Self::TooManyPasswords
            | Self::TooManyRequests
            | Self::ForeignHost(_)
            | Self::TargetTooLong { .. } => false,
            Self::Malformed
            | Self::TargetNotAPath
            | Self::HeadTooLarge { .. }
            | Self::HeadTooSlow { .. }
            | Self::Method
            | Self::HasBody
            | Self::Expectation
            | Self::NoHost
            | Self::ManyHosts
            | Self::BadHost
            | Self::NotHttps
            | Self::Full => true,
        }
    }

    fn own_header(&self) -> Option<(hyper::header::HeaderName, HeaderValue)> {
        match self {
            Self::Method => Some((ALLOW, HeaderValue::from_static("GET, HEAD"))),
            Self::NoCredentials | Self::WrongCredentials => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"restricted\", charset=\"UTF-8\"")))
            }
            Self::TooManyPasswords | Self::TooManyRequests | Self::Full => {
                Some((RETRY_AFTER, HeaderValue::from_static("1")))
            }
            _ => None,
        }
    }

    /// As an answer, within HTTP.
    pub(crate) fn response(&self) -> Response<Body> {
        let text = Full::new(Bytes::from(self.text() + "\n"));
        let mut response = Response::new(text.boxed_unsync());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.extend(self.own_header());
        if self.closes() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// As bytes, where HTTP did not get as far as a request. It is the last thing on its connection.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let status = self.status();
        let text = self.text() + "\n";
        let mut head = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n\
             content-length: {}\r\nconnection: close\r\n",
            status.as_str(),
            status.canonical_reason().unwrap_or_default(),
            text.len()
        )
        .into_bytes();
        if let Some((name, value)) = self.own_header() {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        head.extend([b"\r\n", text.as_bytes()].concat());
        head
    }
}
