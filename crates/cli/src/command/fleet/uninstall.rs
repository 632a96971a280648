//! `mosaic fleet uninstall`: stops the fleet, and removes what an installation created.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stdin};
use std::time::Duration;

use clap::Args;
use dialoguer::Confirm;
use mosaic_delivery::DeliveryError;
use mosaic_delivery::spool::Outbox;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleAction, LifecycleExecutor, Scope, sessions_by_hand};
use mosaic_provision::{Manifest, Plan, other_fleet, running_agents, uninstall};
use mosaic_roster::{Defaults, Roster, RosterError, TmuxSection};
use mosaic_systemd::UnitName;

use super::install::LOCK_TIMEOUT;
use super::install_site::{Site, is_active};
use super::lifecycle::LifecyclePrinter;
use crate::context::Context;
use crate::error::CommandError;
use crate::view::print_notice;

/// How long agents may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_mins(2);

/// Remove everything that 'mosaic fleet install' created
///
/// Agents are stopped first, then the tmux server. Messages that wait are listed, and are removed with all others.
/// The roster stays, and so do your own lines in env files and your own files.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet uninstall --dry-run\n  mosaic fleet uninstall --yes")]
pub(crate) struct Uninstall {
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask before stopping agents and removing messages that wait
    #[arg(long)]
    pub(crate) yes: bool,
}

impl Uninstall {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::new(context)?;
        let is_installed = Manifest::read(&site.layout.manifest())?.is_some();
        let waiting = if is_installed { waiting_messages(context)? } else { Vec::new() };
        for message in &waiting {
            print_notice(&format!("NOTE: {message} waits, and is removed with the outbox"));
        }
        if self.dry_run || !is_installed {
            site.print_plan(&plan(&site)?)?;
            return Ok(ExitCode::Ok);
        }
        let lock = site.lock(LOCK_TIMEOUT)?;
        // Another command may have enabled an agent before the lock was acquired.
        let site = Site::new(context)?;
        let running = Running::observe(context, &site)?;
        if running.has_server {
            let roster = roster_or_empty(context)?;
            let agents: Vec<AgentName> = running.agents.iter().cloned().collect();
            for session in sessions_by_hand(&context.fleet, &roster, &agents) {
                print_notice(&format!(
                    "NOTE: the session {session} belongs to no agent, and ends with the tmux server"
                ));
            }
        }
        if !self.yes && !confirmed(&running.names(), waiting.len())? {
            return Err(CommandError::Refused("nothing was changed".to_owned()));
        }
        if !running.is_empty() && stop(context, &running.scope)? != ExitCode::Ok {
            return Err(CommandError::Refused(
                "nothing was removed, because some agents still run: see above, and run this command again".to_owned(),
            ));
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

/// The messages that no agent has got yet, one phrase each.
fn waiting_messages(context: &Context) -> Result<Vec<String>, CommandError> {
    let outbox = Outbox::new(&context.fleet.location.home);
    let mut waiting = Vec::new();
    for agent in outbox.agents().map_err(DeliveryError::from)? {
        let messages = outbox.messages(&agent).map_err(DeliveryError::from)?;
        // A file that cannot be read is no message that could be delivered.
        let records = messages.into_iter().flatten().map(|entry| entry.record);
        let not_delivered = records.filter(|record| !record.state.is_final());
        waiting
            .extend(not_delivered.map(|record| format!("the message {} to {agent} from {}", record.id, record.source)));
    }
    Ok(waiting)
}

/// Whether the user agrees to stop what runs and to remove the messages that wait. Without either, nothing is asked.
fn confirmed(running: &[String], waiting: usize) -> Result<bool, CommandError> {
    let stop = (!running.is_empty()).then(|| format!("stop {}", running.join(", ")));
    let remove = match waiting {
        0 => None,
        1 => Some("remove 1 message that waits".to_owned()),
        waiting => Some(format!("remove {waiting} messages that wait")),
    };
    let actions: Vec<String> = stop.into_iter().chain(remove).collect();
    if actions.is_empty() {
        return Ok(true);
    }
    let actions = actions.join(" and ");
    if !stdin().is_terminal() {
        return Err(CommandError::NoTerminal {
            what: "'mosaic fleet uninstall' of a fleet in use",
            instead: format!("use --yes to {actions} without a question"),
        });
    }
    let asked = Confirm::new().with_prompt(format!("OK to {actions}?")).default(false).interact_opt();
    let answer = asked.map_err(|dialoguer::Error::IO(source)| CommandError::io("read from", "the terminal", source))?;
    Ok(answer == Some(true))
}

/// Stops the agents and the tmux server, even without a roster.
fn stop(context: &Context, scope: &Scope) -> Result<ExitCode, CommandError> {
    let roster = roster_or_empty(context)?;
    let names = roster.agents.iter().map(|agent| agent.name.as_str());
    let mut printer = LifecyclePrinter::new(context.style, LifecycleAction::Stop, false, names);
    let executor = LifecycleExecutor::new(&context.fleet, &roster, &mut printer)?;
    executor.run(LifecycleAction::Stop, scope, STOP_TIMEOUT, &mut printer)?;
    Ok(printer.finish())
}

fn roster_or_empty(context: &Context) -> Result<Roster, CommandError> {
    match context.roster() {
        Err(CommandError::Roster(RosterError::NotFound { .. })) => Ok(empty_roster()),
        read => read,
    }
}

fn empty_roster() -> Roster {
    Roster {
        tmux: TmuxSection::default(),
        defaults: Defaults::default(),
        runtimes: std::collections::BTreeMap::new(),
        agents: Vec::new(),
    }
}
