//! `mosaic fleet add`: one more agent.

use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueHint};
use mosaic_domain::{AgentName, ExitCode, RuntimeName};
use mosaic_provision::install::{Scope, prepare};
use mosaic_provision::replace_file;
use mosaic_roster::{Agent, Class, NewAgent, Roster, RosterWarning, add_agent};
use mosaic_systemd::{UnitDirectories, UnitName};

use super::install::{LOCK_LIMIT, Site};
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::{self, Order, Teller, carry_out};
use crate::view::print;

/// How long the agent may take to start.
const START_LIMIT: Duration = Duration::from_mins(2);

/// Add an agent to the roster, and start it
///
/// Run again, it does what is left of it to do.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic fleet add coder6 --runtime codex --class implementer")]
pub(crate) struct Add {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: AgentName,

    /// The program that it is; the roster's default if none is given
    #[arg(long, value_name = "RUNTIME")]
    pub(crate) runtime: Option<RuntimeName>,

    /// Its part in the fleet: orchestrator, enhancer, implementer, reviewer, ...
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Class,

    /// Where it works
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) working_directory: Option<String>,

    /// What to run, for its runtime's usual command
    #[arg(long, value_name = "LINE")]
    pub(crate) command: Option<String>,

    /// Which model it should use
    #[arg(long, value_name = "MODEL")]
    pub(crate) model_hint: Option<String>,

    /// Do not start it now; at the next boot it is
    #[arg(long)]
    pub(crate) no_start: bool,
}

impl Add {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::of(context)?;
        let lock = site.lock(LOCK_LIMIT)?;
        let site = Site::of(context)?;
        let roster = self.in_roster(context)?;
        let installed = site.surroundings.no_manager.is_some() || has_units(context)?;
        let site = if installed { site } else { site.without_manager("its unit is not installed") };
        let plan = prepare(&site.layout, &roster, &Scope::Agent(self.name.clone()), &site.surroundings)?;
        let done = if plan.steps.is_empty() && plan.notes.is_empty() { Ok(()) } else { site.execute(&plan) };
        done.inspect_err(|_| {
            crate::view::print_notice(&format!("NOTE: {} is in the roster: run this again to do the rest", self.name));
        })?;
        if !installed {
            crate::view::print_notice(&format!("NOTE: agent {} cannot run yet: run `mosaic fleet install`", self.name));
            return Ok(ExitCode::Unavailable);
        }
        if self.no_start {
            return Ok(ExitCode::Ok);
        }
        let mut teller = Teller::new(context.style, Order::Start, false, [self.name.as_str()].into_iter());
        let scope = lifecycle::Scope::Agents(vec![self.name.clone()]);
        carry_out(context, &roster, Order::Start, &scope, START_LIMIT, &mut |report| teller.tell(report))?;
        // Started after it was given back, the agent might be one that was removed meanwhile.
        drop(lock);
        teller.finish()
    }

    /// Puts it into the roster, if it is not there yet.
    fn in_roster(&self, context: &Context) -> Result<Roster, CommandError> {
        let path = &context.roster_path;
        let roster = context.roster()?;
        if let Some(agent) = roster.agent(self.name.as_str()) {
            let differing = self.differing(agent);
            if differing.is_empty() {
                print(&format!("{} is in the roster already\n", self.name))?;
                return Ok(roster);
            }
            return Err(CommandError::Differs { agent: self.name.clone(), path: path.clone(), differing });
        }
        let text = read(path)?;
        let text = add_agent(&text, &self.new_agent(), path)?;
        let roster = Roster::parse(&text, path)?;
        replace_file(path, text.as_bytes(), mode(path))?;
        print(&format!("{} is in the roster {}\n", self.name, path.display()))?;
        for warning in roster.warnings() {
            if matches!(&warning, RosterWarning::UnknownClass { agent, .. } if *agent == self.name) {
                crate::view::print_notice(&format!("NOTE: {warning}"));
            }
        }
        Ok(roster)
    }

    fn new_agent(&self) -> NewAgent {
        NewAgent {
            runtime: self.runtime.clone(),
            working_directory: self.working_directory.clone(),
            command: self.command.clone(),
            model_hint: self.model_hint.clone(),
            ..NewAgent::new(self.name.clone(), self.class.clone())
        }
    }

    /// What was given and is otherwise in the roster.
    fn differing(&self, there: &Agent) -> String {
        let runtime = |runtime: &Option<RuntimeName>| runtime.as_ref().map(ToString::to_string);
        let pairs = [
            ("class", Some(self.class.to_string()), Some(there.class.to_string())),
            ("runtime", runtime(&self.runtime), runtime(&there.runtime)),
            ("working_directory", self.working_directory.clone(), there.working_directory.clone()),
            ("command", self.command.clone(), there.command.clone()),
            ("model_hint", self.model_hint.clone(), there.model_hint.clone()),
        ];
        let differing = pairs.into_iter().filter(|(_, given, there)| given.is_some() && given != there);
        let described =
            differing.map(|(key, _, there)| format!("{key} is {}", there.unwrap_or_else(|| "not set".to_owned())));
        described.collect::<Vec<_>>().join(", ")
    }
}

/// Is the unit of agents there?
fn has_units(context: &Context) -> Result<bool, CommandError> {
    let directories = UnitDirectories::of_user(|name| context.environment.variable(name))
        .map_err(|error| mosaic_probe::BadVariable { name: "HOME", why: error.to_string() })?;
    Ok(directories.template_installed(UnitName::AGENT_TEMPLATE))
}

/// The roster's text.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|source| CommandError::io("read", path, source))
}

/// The permissions of a file that is there, else those of a new one.
pub(super) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    path.metadata().map_or(0o644, |file| file.permissions().mode() & 0o7777)
}
