//! Writes the heartbeats of one agent, through full disks and vanished directories.

use std::io;

use jiff::Timestamp;
use mosaic_domain::{BeatInterval, ExitVerdict, Pid, ProcessIdentity};
use mosaic_heartbeat::{AgentLock, Binding, Heartbeat, LastExit, Role, RunDirectory, Status, Writer};

use super::Assignment;
use super::journal::{self, Priority};

/// Whoever writes beats, and has the sidecar's lock to do so.
#[derive(Debug)]
pub(super) struct Beater {
    assignment: Assignment,
    interval: BeatInterval,
    directory: RunDirectory,
    lock: AgentLock,
    in_office: bool,
    writer: Writer,
    me: Pid,
    /// How the process ended that it writes of, if it did.
    ended: Option<LastExit>,
    /// The last beat could not be written, and that was logged.
    outage: bool,
}

impl Beater {
    /// Takes the sidecar's lock; `None` if another sidecar has it.
    pub(super) fn take_office(
        assignment: Assignment,
        interval: BeatInterval,
        directory: RunDirectory,
    ) -> io::Result<Option<Self>> {
        let lock = AgentLock::open(&directory, &assignment.agent)?;
        if !lock.try_take(Role::Sidecar)? {
            return Ok(None);
        }
        let writer = Writer::new(&directory, &assignment.agent);
        writer.clear_litter();
        let me = Pid::new(std::process::id()).ok_or(io::ErrorKind::NotFound)?;
        Ok(Some(Self {
            assignment,
            interval,
            directory,
            lock,
            in_office: true,
            writer,
            me,
            ended: None,
            outage: false,
        }))
    }

    /// Whom it writes of.
    pub(super) fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// Gives the starter's lock back, which this process has from the launcher it was.
    pub(super) fn end_start(&self) -> io::Result<()> {
        self.lock.give_back(Role::Starter)
    }

    /// Did another sidecar take the office, in a run directory that was made anew?
    pub(super) fn lost_office(&self) -> bool {
        !self.in_office
    }

    /// The process ended, and in this way if that is known. The pane may run another one next.
    pub(super) fn note_end(&mut self, verdict: Option<ExitVerdict>) {
        self.ended = verdict.map(|verdict| LastExit { verdict, at: Timestamp::now() });
    }

    /// The pane runs another process now: the next generation.
    pub(super) fn rebind(&mut self, process: ProcessIdentity) {
        self.assignment.process = process;
        self.assignment.generation = self.assignment.generation.saturating_add(1);
        self.assignment.sequence = 0;
        self.assignment.last_exit = self.ended.take().or(self.assignment.last_exit);
    }

    /// Writes a beat. One that cannot be written harms nobody: it is logged once an outage, and the
    /// next one tries again.
    pub(super) fn beat(&mut self, status: Status, exit: Option<ExitVerdict>) {
        self.assignment.sequence = self.assignment.sequence.saturating_add(1);
        let written = self.write(status, exit).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                self.directory.prepare().map_err(|error| error.source)?;
                self.write(status, exit)
            }
            _ => Err(error),
        });
        match written {
            Ok(()) => self.outage = false,
            Err(error) if !self.outage => {
                self.outage = true;
                let path = self.directory.heartbeat(&self.assignment.agent);
                let message = format!(
                    "cannot write the heartbeat {}: {error}; the agent runs on, and every {} s it is tried again",
                    path.display(),
                    self.interval
                );
                journal::record(Priority::Warning, &self.assignment.agent, &message, &[]);
            }
            Err(_) => {}
        }
    }

    fn write(&mut self, status: Status, exit: Option<ExitVerdict>) -> io::Result<()> {
        if !self.in_office || !self.lock.is_in_place() {
            self.take_office_again()?;
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
                sidecar: self.me,
                generation: self.assignment.generation,
                exit,
                last_exit: self.assignment.last_exit,
            }),
        };
        self.writer.write(&heartbeat)
    }

    /// The run directory was deleted or replaced, and our lock with it: whoever has the lock of the
    /// new one writes the heartbeat.
    fn take_office_again(&mut self) -> io::Result<()> {
        self.in_office = false;
        // Closing the old file before the lock is asked for: should both be the same one after all,
        // closing it would give up the lock.
        self.lock = AgentLock::open(&self.directory, &self.assignment.agent)?;
        self.in_office = self.lock.try_take(Role::Sidecar)?;
        if self.in_office {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "another sidecar writes it"))
        }
    }
}
