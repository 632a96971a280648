use crate::CgroupTree;
use crate::user_manager::namespace::{
    NamespaceEntry, NotifySocket, link_user_journal, make_private, sync_journal, use_system,
};
use crate::user_manager::supervisor_client::{SupervisorCommand, SupervisorConfig};
use rustix::process::{WaitOptions, set_child_subreaper, wait};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const JOURNALD: &str = "journald.service";

/// The process that runs the user manager of one test in a private mount namespace.
///
/// It executes the test's commands and cleans up when its standard input is closed, which also happens when the test is
/// killed.
#[derive(Debug)]
pub struct NamespaceSupervisor {
    config: SupervisorConfig,
    tree: CgroupTree,
}

impl NamespaceSupervisor {
    /// Serves one test.
    ///
    /// # Errors
    /// If the namespaces cannot be created, or a line from the test cannot be parsed.
    pub fn serve() -> io::Result<()> {
        let mut lines = io::stdin().lines();
        let Some(config) = lines.next() else { return Ok(()) };
        let started = Self::start(serde_json::from_str(&config?)?);
        reply(started.as_ref().map(drop))?;
        let supervisor = started?;
        for line in lines {
            reply(supervisor.execute(serde_json::from_str(&line?)?).as_ref().copied())?;
        }
        Ok(())
    }

    fn start(config: SupervisorConfig) -> io::Result<Self> {
        // Orphans become children of this process, which reaps them. The first process of a container often does not.
        set_child_subreaper(Some(rustix::process::getpid()))?;
        let within = if config.nested { Some(CgroupTree::current()?) } else { None };
        if let Some(above) = &within {
            let aside = above.child("supervisor");
            aside.create(config.uid, config.gid)?;
            aside.join()?;
        }
        make_private(config.uid, config.gid, config.nested)?;
        if let Some(usr) = &config.system {
            use_system(usr)?;
        }
        let above = within.unwrap_or_else(CgroupTree::top);
        let supervisor = Self { tree: above.child(format!("{}.slice", config.name)), config };
        supervisor.tree.create(supervisor.config.uid, supervisor.config.gid)?;
        supervisor.start_daemon(JOURNALD, "systemd-journald", &[])?;
        link_user_journal(supervisor.config.uid)?;
        above.enable_controllers();
        supervisor.tree.enable_controllers();
        Ok(supervisor)
    }

    fn execute(&self, command: SupervisorCommand) -> io::Result<()> {
        match command {
            SupervisorCommand::Start => {
                self.start_daemon(&self.manager_group(), "systemd", &["--user", "--log-target=journal"])
            }
            SupervisorCommand::Kill => {
                let group = self.tree.child(self.manager_group());
                group.kill()?;
                reap();
                group.remove()
            }
            SupervisorCommand::Sync => match self.tree.child(JOURNALD).processes().as_slice() {
                [journald] => sync_journal(*journald),
                found => Err(io::Error::other(format!("expected one journald process, found {found:?}"))),
            },
        }
    }

    /// The name of the manager's control group, from which journald recognizes user units.
    fn manager_group(&self) -> String {
        format!("user@{}.service", self.config.uid)
    }

    fn start_daemon(&self, group: &str, daemon: &str, arguments: &[&str]) -> io::Result<()> {
        self.tree.child(group).create(self.config.uid, self.config.gid)?;
        let notify = NotifySocket::new(&format!("{}/{group}", self.config.name))?;
        let is_journald = daemon == "systemd-journald";
        let mut environment = self.config.environment.clone();
        if is_journald {
            // The environment identifies the fleet's processes, and journald must outlive them.
            environment.clear();
        }
        environment.insert("NOTIFY_SOCKET".to_owned(), notify.name().to_owned());
        let log = format!("/run/systemd/{daemon}.log");
        let entry = NamespaceEntry {
            directories: self.tree.directories().to_vec(),
            group: group.to_owned(),
            tree_is_root: is_journald,
            uid: self.config.uid,
            gid: self.config.gid,
            program: daemon_path(daemon)?,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            environment,
            log: log.clone().into(),
        };
        let child = Command::new(std::env::current_exe()?)
            .arg(serde_json::to_string(&entry)?)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        notify.wait_ready(child.id()).map_err(|error| {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            io::Error::other(format!("{daemon}: {error}; its log: {log}"))
        })
    }
}

impl Drop for NamespaceSupervisor {
    fn drop(&mut self) {
        let cleaned = self.tree.kill().and_then(|()| {
            reap();
            self.tree.remove()
        });
        if let Err(error) = cleaned {
            eprintln!("cannot clean up the user manager {}: {error}", self.config.name);
        }
    }
}

fn reply(result: Result<(), &io::Error>) -> io::Result<()> {
    let line = serde_json::to_string(&result.map_err(ToString::to_string))?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Reaps every child that has exited.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

pub(crate) fn daemon_path(daemon: &str) -> io::Result<PathBuf> {
    ["/usr/lib/systemd", "/lib/systemd"]
        .map(|directory| Path::new(directory).join(daemon))
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| io::Error::other(format!("{daemon} is not installed")))
}
