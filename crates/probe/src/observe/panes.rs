//! What the fleet's tmux server holds.

use std::ffi::OsString;
use std::time::Duration;

use mosaic_domain::SocketName;
use mosaic_tmux::Server;

use super::TmuxServer;

/// Whom to ask, and how patiently.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) search_path: Option<OsString>,
    pub(super) socket: SocketName,
    pub(super) limit: Duration,
}

pub(super) fn look(asked: Asked) -> Result<Option<TmuxServer>, String> {
    let program = mosaic_tmux::find_tmux(asked.search_path.as_deref()).map_err(|error| error.to_string())?;
    let server = Server::new(program, asked.socket).with_timeout(asked.limit);
    let panes = server.list_sessions().map_err(|error| error.to_string())?;
    Ok(panes.map(|panes| TmuxServer {
        pid: panes.server,
        started: panes.started,
        sessions: panes.sessions.into_iter().map(|pane| (pane.session.clone(), pane)).collect(),
    }))
}
