//! The interface between the server and what it serves.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::Response;
use hyper::http::request::Parts;

use crate::refusal::RefusalReason;

/// The body of a response: a text, or a stream. It cannot fail.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Returns the response to a request.
    ///
    /// The request is a GET or a HEAD from an authorized client, and its target is a path. The server omits the body
    /// of a response to HEAD.
    fn handle(&self, request: Parts) -> impl Future<Output = Response<Body>> + Send;

    /// Learns that the server refused a request or a connection by itself.
    fn refused(&self, reason: RefusalReason) {
        let _ = reason;
    }
}
