//! A queued message is delivered once, as soon as the agent is ready, also after a boot.

mod deliverer_process;
mod queue_fixture;
mod sidecar_delivery;
mod unit_delivery;
