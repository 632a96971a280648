//! All hosts' fleets, as a Prometheus has them: what is asked, how, and what comes of the answers.
//!
//! [`server`] reads an address and credentials, [`client`] asks, [`question`] has the expressions, and [`assemble`]
//! makes hosts of the answers, purely. Nothing in here is touched unless `--prometheus` is given: TLS and the
//! certificates of this host least of all.

mod answer;
mod assemble;
mod certificates;
mod client;
mod error;
mod hosts;
mod need;
mod question;
mod server;

pub(crate) use error::PrometheusError;
#[cfg(test)]
pub(crate) use hosts::{DriftCount, RemoteActivity, RemoteSource};
pub(crate) use hosts::{HostSnapshot, HostsSnapshot, RemoteAgent};
pub(crate) use need::Need;
pub(crate) use server::Server;

use client::Client;
use question::Question;

/// Asks a Prometheus for every fleet that it knows of.
///
/// # Errors
/// It cannot be reached, does not want to answer, or is no Prometheus.
pub(crate) fn look(server: Server) -> Result<HostsSnapshot, PrometheusError> {
    let client = Client::new(server)?;
    let mut answers = assemble::Answers::default();
    for question in Question::ALL {
        answers.add(question, client.ask(question.expression())?);
    }
    Ok(answers.assemble(client.url(), jiff::Timestamp::now()))
}
