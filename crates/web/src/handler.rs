//! Who answers requests.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::Response;
use hyper::http::request::Parts;

/// What an answer carries: a text, or what becomes of a stream. It never fails half-way.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The answer. The request is a GET or a HEAD of somebody who may ask; its target is a path. To a HEAD the body
    /// is left away by the server.
    fn handle(&self, request: Parts) -> impl Future<Output = Response<Body>> + Send;
}
