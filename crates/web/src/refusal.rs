//! The responses to requests that the server refuses by itself.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

/// The reason for a refusal, without its details: the label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The bytes are not an HTTP/1.1 request.
    Malformed,
    /// The target is not a path, or is too long.
    Target,
    /// The head of the request is too large.
    HeadTooLarge,
    /// The head of the request did not arrive in time.
    HeadTooSlow,
    /// The method is neither GET nor HEAD.
    Method,
    /// The request has a body.
    HasBody,
    /// The `Expect` field cannot be met.
    Expectation,
    /// The `Host` field is missing, repeated or malformed.
    InvalidHost,
    /// The host name is not allowed.
    ForbiddenHost,
    /// The client does not use TLS on a TLS port.
    NotHttps,
    /// The request has no user name and password.
    NoCredentials,
    /// The user name or the password is wrong.
    WrongCredentials,
    /// Too many passwords wait to be verified.
    PasswordQueueFull,
    /// The configured rate limit is exceeded.
    RateLimited,
    /// All connections are busy.
    Overloaded,
}

impl RefusalReason {
    /// All reasons.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::Target,
        Self::HeadTooLarge,
        Self::HeadTooSlow,
        Self::Method,
        Self::HasBody,
        Self::Expectation,
        Self::InvalidHost,
        Self::ForbiddenHost,
        Self::NotHttps,
        Self::NoCredentials,
        Self::WrongCredentials,
        Self::PasswordQueueFull,
        Self::RateLimited,
        Self::Overloaded,
    ];

    /// The value of the label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Target => "target",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadTooSlow => "head_too_slow",
            Self::Method => "method",
            Self::HasBody => "has_body",
            Self::Expectation => "expectation",
            Self::InvalidHost => "invalid_host",
            Self::ForbiddenHost => "forbidden_host",
            Self::NotHttps => "not_https",
            Self::NoCredentials => "no_credentials",
            Self::WrongCredentials => "wrong_credentials",
            Self::PasswordQueueFull => "password_queue_full",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
        }
    }
}

/// A refusal, with the details that its response mentions.
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
    SeveralHosts,
    InvalidHost,
    ForbiddenHost(String),
    NotHttps,
    NoCredentials,
    WrongCredentials,
    PasswordQueueFull,
    RateLimited,
    Overloaded,
}

impl Refusal {
    pub(crate) fn reason(&self) -> RefusalReason {
        match self {
            Self::Malformed => RefusalReason::Malformed,
            Self::TargetNotAPath | Self::TargetTooLong { .. } => RefusalReason::Target,
            Self::HeadTooLarge { .. } => RefusalReason::HeadTooLarge,
            Self::HeadTooSlow { .. } => RefusalReason::HeadTooSlow,
            Self::Method => RefusalReason::Method,
            Self::HasBody => RefusalReason::HasBody,
            Self::Expectation => RefusalReason::Expectation,
            Self::NoHost | Self::SeveralHosts | Self::InvalidHost => RefusalReason::InvalidHost,
            Self::ForbiddenHost(_) => RefusalReason::ForbiddenHost,
            Self::NotHttps => RefusalReason::NotHttps,
            Self::NoCredentials => RefusalReason::NoCredentials,
            Self::WrongCredentials => RefusalReason::WrongCredentials,
            Self::PasswordQueueFull => RefusalReason::PasswordQueueFull,
            Self::RateLimited => RefusalReason::RateLimited,
            Self::Overloaded => RefusalReason::Overloaded,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed
            | Self::TargetNotAPath
            | Self::NoHost
            | Self::SeveralHosts
            | Self::InvalidHost
            | Self::NotHttps => StatusCode::BAD_REQUEST,
            Self::NoCredentials | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::HasBody => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TargetTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::ForbiddenHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::PasswordQueueFull | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One line that says what is wrong and what to do.
    fn text(&self) -> String {
        match self {
            Self::Malformed => "This is not an HTTP/1.1 request: send one.".to_owned(),
            Self::TargetNotAPath => "The request's target is not a path: send one that begins with '/'.".to_owned(),
            Self::TargetTooLong { limit } => {
                format!("The request's target is too long: send at most {limit} bytes.")
            }
            Self::HeadTooLarge { limit } => {
                format!("The request's header fields are too large: send at most {limit} bytes.")
            }
            Self::HeadTooSlow { seconds } => {
                format!("The request did not arrive within {seconds} s: send it at once.")
            }
            Self::Method => "The server answers only GET and HEAD: it is read-only.".to_owned(),
            Self::HasBody => "The request has a body, which the server does not read: send it without.".to_owned(),
            Self::Expectation => "The request's Expect field cannot be met: send the request without it.".to_owned(),
            Self::NoHost => "The request has no Host field: HTTP/1.1 requires one.".to_owned(),
            Self::SeveralHosts => "The request has more than one Host field: send one.".to_owned(),
            Self::InvalidHost => "The request's Host field is invalid: send NAME or NAME:PORT.".to_owned(),
            Self::ForbiddenHost(name) => format!(
                "The server does not answer to the host name '{}': use an IP address, localhost or this machine's \
                 name, or start the server with --web.allowed-host={0}.",
                name.escape_debug()
            ),
            Self::NotHttps => "This is an HTTPS port: use https://.".to_owned(),
            Self::NoCredentials => "The server requires a user name and a password: send them.".to_owned(),
            Self::WrongCredentials => {
                "The user name or the password is wrong: see basic_auth_users in the server's web configuration."
                    .to_owned()
            }
            Self::PasswordQueueFull => "Too many passwords wait to be verified: try again in a second.".to_owned(),
            Self::RateLimited => {
                "The requests exceed rate_limit in the server's web configuration: send fewer.".to_owned()
            }
            Self::Overloaded => "All connections are busy: try again in a second.".to_owned(),
        }
    }

    /// Whether the connection is closed, because its next bytes are unknown or unwanted.
    fn closes_connection(&self) -> bool {
        match self {
            Self::NoCredentials
            | Self::WrongCredentials
            | Self::PasswordQueueFull
            | Self::RateLimited
            | Self::ForbiddenHost(_)
            | Self::TargetTooLong { .. } => false,
            Self::Malformed
            | Self::TargetNotAPath
            | Self::HeadTooLarge { .. }
            | Self::HeadTooSlow { .. }
            | Self::Method
            | Self::HasBody
            | Self::Expectation
            | Self::NoHost
            | Self::SeveralHosts
            | Self::InvalidHost
            | Self::NotHttps
            | Self::Overloaded => true,
        }
    }

    /// The header field that only this refusal has.
    fn header(&self) -> Option<(hyper::header::HeaderName, HeaderValue)> {
        match self {
            Self::Method => Some((ALLOW, HeaderValue::from_static("GET, HEAD"))),
            Self::NoCredentials | Self::WrongCredentials => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"restricted\", charset=\"UTF-8\"")))
            }
            Self::PasswordQueueFull | Self::RateLimited | Self::Overloaded => {
                Some((RETRY_AFTER, HeaderValue::from_static("1")))
            }
            _ => None,
        }
    }

    /// The response to a parsed request.
    pub(crate) fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.text() + "\n")));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.extend(self.header());
        if self.closes_connection() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The bytes of the response where hyper did not parse a request. The connection is closed afterwards.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
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
        if let Some((name, value)) = self.header() {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        head.extend([b"\r\n", text.as_bytes()].concat());
        head
    }
}
