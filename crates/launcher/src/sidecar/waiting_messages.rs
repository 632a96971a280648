//! Notices that messages wait for the agent, and has them delivered.

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;

use mosaic_domain::AgentName;
use rustix::fs::{Access, access};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::deliverer;
use crate::start::Request;

/// The messages that wait for one agent. While there are none, a look is one system call; they are read
/// and typed by a process of their own, which is started only then.
#[derive(Debug)]
pub(super) struct WaitingMessages {
    agent: AgentName,
    /// Made once: a beat allocates nothing for it. `None` where nothing says where the fleet lives.
    mark: Option<CString>,
    /// Whoever was started last to deliver, if it was not buried yet.
    deliverer: Option<Pid>,
}

impl WaitingMessages {
    pub(super) fn new(request: &Request) -> Self {
        let mark = request.mosaic_home.as_ref().map(|home| home.waiting_mark(&request.agent));
        Self {
            agent: request.agent.clone(),
            mark: mark.and_then(|path| CString::new(path.into_os_string().into_vec()).ok()),
            deliverer: None,
        }
    }

    /// Has them delivered if there are any, unless that goes on already. One that hangs is waited for by
    /// nobody: it ends with the unit's control group.
    pub(super) fn look(&mut self) {
        if self.is_being_delivered() || !self.has_any() {
            return;
        }
        // What fails now is tried with the next beat; until then the messages are safe where they are.
        self.deliverer = deliverer::start(&self.agent).ok().flatten();
    }

    fn has_any(&self) -> bool {
        self.mark.as_deref().is_some_and(|mark| access(mark, Access::EXISTS).is_ok())
    }

    /// Buries the one that was started if it has ended: a zombie stays for one beat at most.
    fn is_being_delivered(&mut self) -> bool {
        let Some(deliverer) = self.deliverer else { return false };
        if matches!(waitpid(Some(deliverer), WaitOptions::NOHANG), Ok(None)) {
            return true;
        }
        self.deliverer = None;
        false
    }
}
