//! Queries a Prometheus server for the state of all fleets that it scrapes.
//!
//! [`Endpoint`] is the address and the credentials of the server, [`fetch_hosts`] runs a fixed set of instant
//! queries, and `assemble` joins their results into a [`HostsSnapshot`]; that part is pure. TLS and the
//! certificates of the host are loaded only for an `https` endpoint.

mod assemble;
mod client;
mod endpoint;
mod hosts;
mod instant_vector;
mod prometheus_error;
mod query;

use client::Client;
use query::Query;

pub use endpoint::Endpoint;
pub use hosts::{DriftCount, HostSnapshot, HostsSnapshot, RemoteActivity, RemoteAgent, RemoteSource, Urgency};
pub use prometheus_error::PrometheusError;

/// Fetches the state of every fleet that the server scrapes.
///
/// # Errors
/// The server cannot be reached, refuses the request, or is not a Prometheus.
pub fn fetch_hosts(endpoint: Endpoint) -> Result<HostsSnapshot, PrometheusError> {
    let client = Client::new(endpoint)?;
    let mut results = assemble::QueryResults::default();
    for query in Query::ALL {
        results.add(query, client.query(query.promql())?);
    }
    Ok(results.assemble(client.url(), jiff::Timestamp::now()))
}
