//! What the servers of the tests answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use mosaic_web::{Body, Handler};
use tokio::sync::Semaphore;

use super::endless::Endless;

/// More than the buffers of both ends hold.
pub(crate) const BIG: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Routes {
    asked: AtomicUsize,
    held: Semaphore,
}

impl Default for Routes {
    fn default() -> Self {
        Self { asked: AtomicUsize::new(0), held: Semaphore::new(0) }
    }
}

impl Routes {
    /// How many requests came through.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Lets one request for `/held` go.
    pub(crate) fn release(&self) {
        self.held.add_permits(1);
    }
}

impl Handler for Routes {
    async fn handle(&self, request: Parts) -> Response<Body> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let text = match request.uri.path() {
            "/big" => Bytes::from(vec![b'x'; BIG]),
            "/held" => {
                self.held.acquire().await.unwrap().forget();
                Bytes::from_static(b"held")
            }
            "/events" => {
                let mut response = Response::new(Endless::default().boxed_unsync());
                response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().unwrap());
                return response;
            }
            _ => Bytes::from(format!("{} {}", request.method, request.uri)),
        };
        Response::new(Full::new(text).boxed_unsync())
    }
}
