//! `mosaic fleet ps --prometheus`: the fleets of all hosts, as a Prometheus has them.

use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::prometheus::{self, Server};
use crate::view::{Style, hosts_page, print, print_json, render};

/// Asks, and shows the answer.
pub(super) fn show(context: &Context, url: Option<&str>, json: bool, style: &Style) -> Result<ExitCode, CommandError> {
    let server = Server::find(url, |name| context.environment.variable(name))?;
    let hosts = prometheus::look(server)?;
    if json {
        print_json(&hosts)?;
    } else {
        print(&render(&hosts_page(&hosts, style), style))?;
    }
    Ok(ExitCode::Ok)
}
