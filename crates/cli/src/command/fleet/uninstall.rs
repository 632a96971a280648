//! `mosaic fleet uninstall`: undoes what install did.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stdin};

use clap::Args;
use dialoguer::Confirm;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_provision::{Manifest, Plan, other_fleet, running_agents, uninstall};
use mosaic_roster::{Defaults, Roster, RosterError, TmuxSection};
use mosaic_systemd::{ActiveState, UnitName};

use super::install::{LOCK_LIMIT, Site};
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::{Order, Scope, Teller, carry_out};

/// How long agents may take to stop.
const STOP_LIMIT: std::time::Duration = std::time::Duration::from_mins(2);

/// Undo exactly what install did
///
/// Agents are stopped, the tmux server after them. The roster stays, and so does whatever you wrote
/// into env files or put beside ours.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet uninstall --dry-run\n  mosaic fleet uninstall --yes")]
pub(crate) struct Uninstall {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask, also when agents run
    #[arg(long)]
    pub(crate) yes: bool,
}

impl Uninstall {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::of(context)?;
        if self.dry_run || Manifest::read(&site.layout.manifest())?.is_none() {
            site.show(&plan(&site)?)?;
            return Ok(ExitCode::Ok);
        }
        let lock = site.lock(LOCK_LIMIT)?;
        // Whoever had it may have enabled an agent.
        let site = Site::of(context)?;
        let running = Running::look(context, &site)?;
        if !running.is_empty() {
            if !self.yes && !confirmed(&running.names())? {
                return Err(CommandError::Refused("nothing was changed".to_owned()));
            }
            if stop(context, &running.scope)? != ExitCode::Ok {
                return Err(CommandError::Refused(
                    "nothing was removed, because not everything is stopped: see above, and run this again".to_owned(),
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
    let active = active(site)?.map(|units| units.into_iter().chain(site.surroundings.exporter.clone()).collect());
    let seen = uninstall::Observed::read(&site.layout, active, enabled)?;
    Ok(uninstall::plan(&site.layout, &seen))
}

/// The units of agents and of the holder that run or are about to; nothing without a manager.
fn active(site: &Site) -> Result<Option<BTreeSet<UnitName>>, CommandError> {
    let Some(manager) = &site.manager else { return Ok(None) };
    let units = manager.units(&[UnitName::AGENTS, UnitName::holder().as_str()])?;
    let runs = |state: ActiveState| !matches!(state, ActiveState::Inactive | ActiveState::Failed);
    Ok(Some(units.into_iter().filter(|unit| runs(unit.active)).map(|unit| unit.name).collect()))
}

/// Who would be stopped.
struct Running {
    /// Agents, with a unit and without.
    agents: BTreeSet<AgentName>,
    /// The holder's server.
    has_server: bool,
    /// What a stop has to be about.
    scope: Scope,
}

impl Running {
    /// Looks. Where the units are another fleet's by now, ours are the agents of our run directory alone.
    fn look(context: &Context, site: &Site) -> Result<Self, CommandError> {
        let watched = running_agents(context.run_directory.path())?;
        if other_fleet(&site.layout)?.is_some() {
            let (agents, scope) = (watched.iter().cloned().collect(), Scope::Agents(watched));
            return Ok(Self { agents, has_server: false, scope });
        }
        let units = active(site)?.unwrap_or_default();
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
            what: "'mosaic fleet uninstall', while agents run,",
            instead: format!("'--yes' stops {} without asking", running.join(", ")),
        });
    }
    let asked = Confirm::new().with_prompt(format!("Stop {}?", running.join(", "))).default(false).interact_opt();
    let answer = asked.map_err(|dialoguer::Error::IO(source)| CommandError::io("read from", "the terminal", source))?;
    Ok(answer == Some(true))
}

/// Stops all of that, also what the roster has no more, and also without a roster.
fn stop(context: &Context, scope: &Scope) -> Result<ExitCode, CommandError> {
    let roster = match context.roster() {
        Ok(roster) => roster,
        Err(CommandError::Roster(RosterError::NotFound { .. })) => empty(),
        Err(error) => return Err(error),
    };
    let names = roster.agents.iter().map(|agent| agent.name.as_str());
    let mut teller = Teller::new(context.style, Order::Stop, false, names);
    carry_out(context, &roster, Order::Stop, scope, STOP_LIMIT, &mut |report| teller.tell(report))?;
    teller.finish()
}

fn empty() -> Roster {
    Roster {
        tmux: TmuxSection::default(),
        defaults: Defaults::default(),
        runtimes: std::collections::BTreeMap::new(),
        agents: Vec::new(),
    }
}
