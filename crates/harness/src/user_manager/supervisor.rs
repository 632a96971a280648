use crate::CgroupTree;
use crate::user_manager::namespace::{NamespaceEntry, NotifySocket, link_user_journal, make_private, sync_journal};
use crate::user_manager::supervisor_client::{SupervisorCommand, SupervisorConfig};
use rustix::process::{WaitOptions, set_child_subreaper, wait};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const JOURNALD: &str = "journald.service";

/// The program beside a test that owns its user manager: it lives in the private mount namespace,
/// obeys the test's orders, and clears up at the end of its standard input, which is the end of
/// the test however the test ended.
#[derive(Debug)]
pub struct NamespaceSupervisor {
    plan: SupervisorConfig,
    tree: CgroupTree,
}

impl NamespaceSupervisor {
    /// Serves one test.
    ///
    /// # Errors
    /// When the world of the user manager cannot be made, or the test speaks another language.
    pub fn serve() -> io::Result<()> {
        let mut lines = io::stdin().lines();
        let Some(plan) = lines.next() else { return Ok(()) };
        let made = Self::make(serde_json::from_str(&plan?)?);
        answer(made.as_ref().map(drop))?;
        let supervisor = made?;
        for line in lines {
            answer(supervisor.execute(serde_json::from_str(&line?)?).as_ref().copied())?;
        }
        Ok(())
    }

    fn make(plan: SupervisorConfig) -> io::Result<Self> {
        // What outlives its parent in here comes to this process, which buries it: the first
        // process of a container often does not.
        set_child_subreaper(Some(rustix::process::getpid()))?;
        let mut above = CgroupTree::top();
        if plan.nested {
            above = CgroupTree::own()?;
            let aside = above.child("supervisor");
            aside.create(plan.uid, plan.gid)?;
            aside.join()?;
        }
        let supervisor = Self { tree: above.child(format!("{}.slice", plan.name)), plan };
        make_private(supervisor.plan.uid, supervisor.plan.gid, supervisor.plan.nested)?;
        supervisor.tree.create(supervisor.plan.uid, supervisor.plan.gid)?;
        supervisor.start(JOURNALD, "systemd-journald", &[])?;
        link_user_journal(supervisor.plan.uid)?;
        above.pass_controllers_on();
        supervisor.tree.pass_controllers_on();
        Ok(supervisor)
    }

    fn execute(&self, command: SupervisorCommand) -> io::Result<()> {
        match command {
            SupervisorCommand::Start => self.start(&self.manager(), "systemd", &["--user", "--log-target=journal"]),
            SupervisorCommand::Kill => {
                let group = self.tree.child(self.manager());
                group.kill()?;
                reap();
                group.remove()
            }
            SupervisorCommand::Sync => match self.tree.child(JOURNALD).processes().as_slice() {
                [journald] => sync_journal(*journald),
                found => Err(io::Error::other(format!("journald is {found:?}"))),
            },
        }
    }

    /// The name makes journald take what is below for user units, as in a real session.
    fn manager(&self) -> String {
        format!("user@{}.service", self.plan.uid)
    }

    fn start(&self, group: &str, daemon: &str, arguments: &[&str]) -> io::Result<()> {
        self.tree.child(group).create(self.plan.uid, self.plan.gid)?;
        let notify = NotifySocket::new(&format!("{}/{group}", self.plan.name))?;
        let is_journald = daemon == "systemd-journald";
        let mut environment = self.plan.environment.clone();
        if is_journald {
            // It is not of the fleet: a fleet's processes are told by their environment.
            environment.clear();
        }
        environment.insert("NOTIFY_SOCKET".to_owned(), notify.name().to_owned());
        let log = format!("/run/systemd/{daemon}.log");
        let entry = NamespaceEntry {
            directories: self.tree.directories().to_vec(),
            group: group.to_owned(),
            tree_is_root: is_journald,
            uid: self.plan.uid,
            gid: self.plan.gid,
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
            let said = std::fs::read_to_string(log).unwrap_or_default();
            io::Error::other(format!("{daemon}: {error}; it said: {said}"))
        })
    }
}

impl Drop for NamespaceSupervisor {
    fn drop(&mut self) {
        let cleared = self.tree.kill().and_then(|()| {
            reap();
            self.tree.remove()
        });
        if let Err(error) = cleared {
            eprintln!("left of the user manager {}: {error}", self.plan.name);
        }
    }
}

fn answer(result: Result<(), &io::Error>) -> io::Result<()> {
    let line = serde_json::to_string(&result.map_err(ToString::to_string))?;
    let mut test = io::stdout();
    writeln!(test, "{line}")?;
    test.flush()
}

/// Takes leave of every child that has died.
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
