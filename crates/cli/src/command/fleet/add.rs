//! `mosaic fleet add`: adds an agent to the roster, installs it and starts it.

use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueHint};
use mosaic_domain::{AgentName, RuntimeName};
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{self as lifecycle, LifecycleAction, LifecycleExecutor};
use mosaic_provision::install::{Scope, prepare};
use mosaic_provision::replace_file;
use mosaic_roster::{Agent, Class, NewAgent, Roster, RosterWarning, add_agent};
use mosaic_systemd::UnitName;

use super::install::LOCK_TIMEOUT;
use super::install_site::{Site, unit_directories};
use super::lifecycle::LifecyclePrinter;
use crate::context::Context;
use crate::error::CommandError;
use crate::view::{print_notice, print_outcome};

/// How long the agent may take to start.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// Add an agent to the roster, and start it
///
/// If the command was interrupted, run it again to complete it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic fleet add coder6 --runtime codex --class implementer")]
pub(crate) struct Add {
    /// The name of the agent
    #[arg(value_name = "NAME")]
    pub(crate) name: AgentName,

    /// Its runtime [default: that of the roster]
    #[arg(long, value_name = "RUNTIME")]
    pub(crate) runtime: Option<RuntimeName>,

    /// Its role in the fleet: orchestrator, enhancer, implementer, reviewer, ... [default: worker]
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<Class>,

    /// Its working directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) working_directory: Option<String>,

    /// The command line that runs it, instead of its runtime's usual command
    #[arg(long, value_name = "LINE")]
    pub(crate) command: Option<String>,

    /// The model that it should use
    #[arg(long, value_name = "MODEL")]
    pub(crate) model_hint: Option<String>,

    /// Do not start it before the next boot
    #[arg(long)]
    pub(crate) no_start: bool,
}

impl Add {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::new(context)?;
        let lock = site.lock(LOCK_TIMEOUT)?;
        let site = Site::new(context)?;
        let roster = self.ensure_in_roster(context)?;
        let installed = site.surroundings.no_manager.is_some() || has_units(context)?;
        let site = if installed { site } else { site.without_manager("its unit is not installed") };
        let plan = prepare(&site.layout, &roster, &Scope::Agent(self.name.clone()), &site.surroundings)?;
        let done = if plan.steps.is_empty() && plan.notes.is_empty() { Ok(()) } else { site.execute(&plan) };
        done.inspect_err(|_| {
            print_notice(&format!(
                "NOTE: {} is in the roster, but not fully installed; run this command again",
                self.name
            ));
        })?;
        if !installed {
            print_notice(&format!("NOTE: agent {} cannot run yet; run 'mosaic fleet install'", self.name));
            return Ok(if self.no_start { ExitCode::Ok } else { ExitCode::Unavailable });
        }
        if self.no_start {
            return Ok(ExitCode::Ok);
        }
        let action = LifecycleAction::Start;
        let mut printer = LifecyclePrinter::new(context.style, action, false, [self.name.as_str()].into_iter());
        let scope = lifecycle::Scope::Agents(vec![self.name.clone()]);
        let executor = LifecycleExecutor::new(&context.fleet, &roster, &mut printer)?;
        executor.run(action, &scope, START_TIMEOUT, &mut printer)?;
        // Without the lock, another command could remove the agent before it is started.
        drop(lock);
        Ok(printer.finish())
    }

    /// Adds the agent to the roster, unless the roster has it already.
    fn ensure_in_roster(&self, context: &Context) -> Result<Roster, CommandError> {
        let path = &context.fleet.location.roster_path;
        let roster = context.roster()?;
        if let Some(agent) = roster.agent(self.name.as_str()) {
            let differing = self.differing(agent);
            if differing.is_empty() {
                print_outcome(&format!("{} is already in the roster\n", self.name));
                return Ok(roster);
            }
            return Err(CommandError::Differs { agent: self.name.clone(), path: path.clone(), differing });
        }
        let text = add_agent(&Roster::read_text(path)?, &self.new_agent(), path)?;
        let roster = Roster::parse(&text, path)?;
        replace_file(path, text.as_bytes(), mode(path))?;
        print_outcome(&format!("{} was added to the roster {}\n", self.name, path.display()));
        for warning in roster.warnings() {
            if matches!(&warning, RosterWarning::UnknownClass { agent, .. } if *agent == self.name) {
                print_notice(&format!("NOTE: {warning}"));
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
            ..NewAgent::new(self.name.clone(), self.class.clone().unwrap_or_default())
        }
    }

    /// The given properties that differ in the roster, as text.
    fn differing(&self, there: &Agent) -> String {
        let runtime = |runtime: &Option<RuntimeName>| runtime.as_ref().map(ToString::to_string);
        let pairs = [
            ("class", self.class.as_ref().map(ToString::to_string), Some(there.class.to_string())),
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

/// Whether the unit template of agents is installed.
fn has_units(context: &Context) -> Result<bool, CommandError> {
    Ok(unit_directories(context)?.is_installed(UnitName::AGENT_TEMPLATE))
}

/// The permissions of an existing file, or those for a new file.
pub(super) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    path.metadata().map_or(0o644, |file| file.permissions().mode() & 0o7777)
}
