//! Writing the heartbeats of one agent, even if the disk is full or the run directory is replaced.

use std::io;

use jiff::Timestamp;
use mosaic_domain::{ExitVerdict, HeartbeatInterval, Pid, ProcessIdentity};
use mosaic_heartbeat::{AgentLock, Binding, Heartbeat, HeartbeatFile, LastExit, LockRole, RunDirectory, Status};

use super::{Assignment, guardian};
use crate::journal::{self, Priority};

/// The writer of an agent's heartbeats. It holds the sidecar's lock.
#[derive(Debug)]
pub(super) struct HeartbeatWriter {
    assignment: Assignment,
    interval: HeartbeatInterval,
    directory: RunDirectory,
    lock: AgentLock,
    holds_lock: bool,
    file: HeartbeatFile,
    own_pid: Pid,
    /// How the bound process ended, if it has and that is known.
    exit: Option<LastExit>,
    /// The last heartbeat could not be written, and that was logged.
    is_failing: bool,
}

impl HeartbeatWriter {
    /// Acquires the sidecar's lock, and ends the guardian that watched the agent until now. `None` if another sidecar
    /// holds the lock.
    pub(super) fn acquire_lock(
        assignment: Assignment,
        interval: HeartbeatInterval,
        directory: RunDirectory,
    ) -> io::Result<Option<Self>> {
        let lock = AgentLock::open(&directory, &assignment.agent)?;
        if !lock.try_lock(LockRole::Sidecar)? {
            return Ok(None);
        }
        // An error is ignored: the guardian exits when it sees that this lock is held.
        let _ = guardian::dismiss(&lock);
        let file = HeartbeatFile::new(&directory, &assignment.agent);
        file.remove_staging_file();
        let own_pid = Pid::new(std::process::id()).ok_or(io::ErrorKind::NotFound)?;
        Ok(Some(Self {
            assignment,
            interval,
            directory,
            lock,
            holds_lock: true,
            file,
            own_pid,
            exit: None,
            is_failing: false,
        }))
    }

    /// The agent and the bound process.
    pub(super) fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// Releases the starter's lock, which this process acquired as the launcher.
    pub(super) fn release_starter_lock(&self) -> io::Result<()> {
        self.lock.unlock(LockRole::Starter)
    }

    /// Returns whether another sidecar holds the lock, in a run directory that was made anew.
    pub(super) fn has_lost_lock(&self) -> bool {
        !self.holds_lock
    }

    /// Looks whether the held lock is still the one in the run directory, which may have been removed or replaced. If
    /// not, the next heartbeat acquires the present one.
    pub(super) fn check_lock(&mut self) {
        self.holds_lock = self.holds_lock && self.lock.is_in_place();
    }

    /// Sets how the bound process ended, if that is known. Heartbeats of its successor repeat it.
    pub(super) fn set_last_exit(&mut self, verdict: Option<ExitVerdict>) {
        self.exit = verdict.map(|verdict| LastExit { verdict, at: Timestamp::now() });
    }

    /// Binds the heartbeat to another process in the pane, which begins a new generation.
    pub(super) fn bind_to(&mut self, process: ProcessIdentity) {
        self.assignment.process = process;
        self.assignment.generation = self.assignment.generation.saturating_add(1);
        self.assignment.sequence = 0;
        self.assignment.last_exit = self.exit.take().or(self.assignment.last_exit);
    }

    /// Writes a heartbeat. A failure does not affect the agent: it is logged once until a write succeeds again.
    pub(super) fn write(&mut self, status: Status, exit: Option<ExitVerdict>) {
        self.assignment.sequence = self.assignment.sequence.saturating_add(1);
        // The last heartbeat must not replace that of another sidecar.
        if status != Status::Ok {
            self.check_lock();
        }
        let written = self.try_write(status, exit).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                self.directory.prepare().map_err(|error| error.source)?;
                self.check_lock();
                self.try_write(status, exit)
            }
            _ => Err(error),
        });
        match written {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                let path = self.directory.heartbeat(&self.assignment.agent);
                let message = format!(
                    "cannot write the heartbeat {}: {error}; the agent runs on, and the sidecar tries again every {} s",
                    path.display(),
                    self.interval
                );
                journal::record_meanwhile(Priority::Warning, &self.assignment.agent, &message);
            }
            Err(_) => {}
        }
    }

    fn try_write(&mut self, status: Status, exit: Option<ExitVerdict>) -> io::Result<()> {
        if !self.holds_lock {
            self.reacquire_lock()?;
        }
        let heartbeat = Heartbeat {
            written_at: Timestamp::now(),
            pid: self.assignment.process.pid,
            status,
            binding: Some(Binding {
                agent: self.assignment.agent.clone(),
                boot: self.assignment.process.boot,
                start_ticks: self.assignment.process.start_ticks,
                monotonic: mosaic_process::monotonic(),
                interval: self.interval,
                sequence: self.assignment.sequence,
                sidecar: self.own_pid,
                generation: self.assignment.generation,
                exit,
                last_exit: self.assignment.last_exit,
            }),
        };
        self.file.write(&heartbeat)
    }

    /// Acquires the lock in the present run directory, after the one with the held lock was removed or replaced.
    fn reacquire_lock(&mut self) -> io::Result<()> {
        self.holds_lock = false;
        // The assignment closes the old file before the new lock is acquired. If both are the same file after all, closing
        // it later would release the lock.
        self.lock = AgentLock::open(&self.directory, &self.assignment.agent)?;
        self.holds_lock = self.lock.try_lock(LockRole::Sidecar)?;
        if self.holds_lock {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "another sidecar writes it"))
        }
    }
}
