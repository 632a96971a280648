use super::exchange::Exchange;
use std::sync::Arc;

/// While this exists, a [`ModelServer`](crate::ModelServer) answers nobody; then all who wait.
#[derive(Debug)]
pub struct HeldAnswers(Arc<Exchange>);

impl HeldAnswers {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        exchange.hold();
        Self(exchange)
    }
}

impl Drop for HeldAnswers {
    fn drop(&mut self) {
        self.0.release();
    }
}
