//! `mosaic fleet uninstall`: stops the fleet, and removes what an installation created.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stdin};
use std::time::Duration;

use clap::Args;
use dialoguer::Confirm;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleAction, LifecycleExecutor, Scope};
use mosaic_provision::{Manifest, Plan, other_fleet, running_agents, uninstall};
use mosaic_roster::{Defaults, Roster, RosterError, TmuxSection};
use mosaic_systemd::UnitName;

use super::install::LOCK_TIMEOUT;
use super::install_site::{Site, is_active};
use super::lifecycle::LifecyclePrinter;
use crate::context::Context;
use crate::error::CommandError;

/// How long agents may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_mins(2);

/// Remove everything that 'mosaic fleet install' created
///
/// Agents are stopped first, then the tmux server. The roster stays, and so do your own lines in env files and
/// your own files.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet uninstall --dry-run\n  mosaic fleet uninstall --yes")]
pub(crate) struct Uninstall {
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask before stopping agents
    #[arg(long)]
    pub(crate) yes: bool,
}

impl Uninstall {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::new(context)?;
        if self.dry_run || Manifest::read(&site.layout.manifest())?.is_none() {
            site.print_plan(&plan(&site)?)?;
            return Ok(ExitCode::Ok);
        }
        let lock = site.lock(LOCK_TIMEOUT)?;
        // Another command may have enabled an agent before the lock was acquired.
        let site = Site::new(context)?;
        let running = Running::observe(context, &site)?;
        if !running.is_empty() {
            if !self.yes && !confirmed(&running.names())? {
                return Err(CommandError::Refused("nothing was changed".to_owned()));
            }
            if stop(context, &running.scope)? != ExitCode::Ok {
                return Err(CommandError::Refused(
                    "nothing was removed, because some agents still run: see above, and run this command again"
                        .to_owned(),
                ));
            }
        }
        site.execute(&plan(&site)?)?;
        lock.remove(&site.layout);
        Ok(ExitCode::Ok)
    }
}

fn plan(site: &Site) -> Result<Plan, CommandError> {
    let others = [UnitName::holder(), UnitName::exporter(), UnitName::exporter_socket()];
    let ours = |unit: &UnitName| unit.agent_name().is_some() || others.contains(unit);
    let enabled = site.surroundings.enabled.iter().filter(|unit| ours(unit)).cloned().collect();
    let active = active_units(site)?.map(|units| units.into_iter().chain(site.surroundings.exporter.clone()).collect());
    let seen = uninstall::Observed::read(&site.layout, active, enabled)?;
    Ok(uninstall::plan(&site.layout, &seen))
}

/// The active units of agents and of the holder; `None` without a user manager.
fn active_units(site: &Site) -> Result<Option<BTreeSet<UnitName>>, CommandError> {
    let Some(manager) = &site.manager else { return Ok(None) };
    let units = manager.units(&[UnitName::AGENTS, UnitName::holder().as_str()])?;
    Ok(Some(units.into_iter().filter(|unit| is_active(unit.active)).map(|unit| unit.name).collect()))
}

/// What has to be stopped.
struct Running {
    /// The agents that run, with a unit or without.
    agents: BTreeSet<AgentName>,
    /// Whether the holder's unit runs the tmux server.
    has_server: bool,
    /// The scope of the stop.
    scope: Scope,
}

impl Running {
    /// Observes the fleet. If the installed units belong to another fleet, only the agents of this fleet's run
    /// directory count.
    fn observe(context: &Context, site: &Site) -> Result<Self, CommandError> {
        let watched = running_agents(context.fleet.location.run_directory.path())?;
        if other_fleet(&site.layout)?.is_some() {
            let (agents, scope) = (watched.iter().cloned().collect(), Scope::Agents(watched));
            return Ok(Self { agents, has_server: false, scope });
        }
        let units = active_units(site)?.unwrap_or_default();
        let agents = units.iter().filter_map(UnitName::agent_name).chain(watched).collect();
        Ok(Self { agents, has_server: units.contains(&UnitName::holder()), scope: Scope::All })
    }

    fn is_empty(&self) -> bool {
        self.agents.is_empty() && !self.has_server
    }

    fn names(&self) -> Vec<String> {
        let server = self.has_server.then(|| "the tmux server with all its sessions".to_owned());
        self.agents.iter().map(ToString::to_string).chain(server).collect()
    }
}

fn confirmed(running: &[String]) -> Result<bool, CommandError> {
    if !stdin().is_terminal() {
        return Err(CommandError::NoTerminal {
            what: "'mosaic fleet uninstall' of a running fleet",
            instead: format!("use --yes to stop {} without a question", running.join(", ")),
        });
    }
    let asked = Confirm::new().with_prompt(format!("Stop {}?", running.join(", "))).default(false).interact_opt();
    let answer = asked.map_err(|dialoguer::Error::IO(source)| CommandError::io("read from", "the terminal", source))?;
    Ok(answer == Some(true))
}

/// Stops the agents and the tmux server, even without a roster.
fn stop(context: &Context, scope: &Scope) -> Result<ExitCode, CommandError> {
    let roster = match context.roster() {
        Ok(roster) => roster,
        Err(CommandError::Roster(RosterError::NotFound { .. })) => empty_roster(),
        Err(error) => return Err(error),
    };
    let names = roster.agents.iter().map(|agent| agent.name.as_str());
    let mut printer = LifecyclePrinter::new(context.style, LifecycleAction::Stop, false, names);
    let executor = LifecycleExecutor::new(&context.fleet, &roster, &mut printer)?;
    executor.run(LifecycleAction::Stop, scope, STOP_TIMEOUT, &mut printer)?;
    printer.finish()
}

fn empty_roster() -> Roster {
    Roster {
        tmux: TmuxSection::default(),
        defaults: Defaults::default(),
        runtimes: std::collections::BTreeMap::new(),
        agents: Vec::new(),
    }
}
