//! `mosaic fleet ps --prometheus`: the fleets of all hosts, as a Prometheus has them.

use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::view::{Style, hosts_page, print, print_json, render};
use mosaic_prometheus::{Endpoint, fetch_hosts};

/// Asks, and shows the answer.
pub(super) fn show(context: &Context, url: Option<&str>, json: bool, style: &Style) -> Result<ExitCode, CommandError> {
    let server = Endpoint::resolve(url, |name| context.environment.variable(name))?;
    let hosts = fetch_hosts(server)?;
    if json {
        print_json(&hosts)?;
    } else {
        print(&render(&hosts_page(&hosts, style), style))?;
    }
    Ok(ExitCode::Ok)
}
