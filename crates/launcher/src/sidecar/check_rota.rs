//! What a heartbeat looks at besides its own work: one thing after the other. This module is pure.
//!
//! Each of these changes at most once in the life of an agent, and each look is a system call, which counts with many
//! agents. The sidecars of a fleet share the socket, so one of them looks at it every few seconds.

/// What a heartbeat looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Whether the held lock is still the one in the run directory.
    Lock,
    /// Whether the socket of the tmux server is there.
    Socket,
    /// Whether the agent is in its unit's control group.
    Group,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckRota(Check);

impl CheckRota {
    /// Heartbeats that come soon after the start look at the lock first.
    pub(super) fn new() -> Self {
        Self(Check::Lock)
    }

    /// The check of this heartbeat. An agent without a unit has no group.
    pub(super) fn next(&mut self, has_group: bool) -> Check {
        let next = match self.0 {
            Check::Lock => Check::Socket,
            Check::Socket if has_group => Check::Group,
            Check::Socket | Check::Group => Check::Lock,
        };
        std::mem::replace(&mut self.0, next)
    }
}

#[cfg(test)]
mod tests {
    use super::Check::{Group, Lock, Socket};
    use super::CheckRota;

    #[test]
    fn every_check_has_its_turn() {
        let turns = |has_group| {
            let mut rota = CheckRota::new();
            [(); 6].map(|()| rota.next(has_group))
        };
        assert_eq!(turns(true), [Lock, Socket, Group, Lock, Socket, Group]);
        assert_eq!(turns(false), [Lock, Socket, Lock, Socket, Lock, Socket]);
    }
}
