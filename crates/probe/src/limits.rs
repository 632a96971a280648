//! Whether the limits of an agent in the roster are in force.
//!
//! systemd accepts a limit whose controller it does not have, and does nothing.

use mosaic_domain::AgentName;
use mosaic_process::Controllers;
use mosaic_roster::{CpuQuota, Limits, MemoryMax, TasksMax};
use mosaic_systemd::UnitName;

use crate::judge::AgentFacts;
use crate::snapshot::LimitsSnapshot;

/// What holds of an agent's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LimitsState {
    /// The roster sets no limit, or only `infinity`.
    NotSet,
    /// All limits are in force.
    InForce,
    /// Some limits are not in force.
    NotInForce { detail: String, advice: String },
    /// The agent does not run, or is just starting.
    NotRunning,
    /// Its control group could not be read.
    Unknown,
}

/// Judges the limits of an agent.
pub(crate) fn judge_limits(agent: &AgentName, limits: &Limits, facts: &AgentFacts<'_>) -> LimitsState {
    let limited = limited(limits);
    if limited.is_empty() {
        return LimitsState::NotSet;
    }
    // While a unit is activating, its process may still be on the way into its group.
    let Some(process) = facts.observed.filter(|_| facts.is_alive() && !facts.is_activating()) else {
        return LimitsState::NotRunning;
    };
    let unit = UnitName::agent(agent);
    match (process.group.as_deref(), process.controllers) {
        (Some(group), Some(controllers)) if group == unit.as_str() => without_controller(&limited, controllers),
        (Some(group), _) => LimitsState::NotInForce {
            detail: format!(
                "{} not in force: its process is in the control group {group}, not in that of {unit}",
                phrase(limited.iter().map(|(name, _)| *name))
            ),
            advice: format!("mosaic fleet restart {agent} (ends its process)"),
        },
        (None, _) => LimitsState::Unknown,
    }
}

/// The limits of an agent in numbers. `None` if the roster sets none, or only `infinity`.
pub(crate) fn limits_snapshot(agent: &AgentName, limits: &Limits, facts: &AgentFacts<'_>) -> Option<LimitsSnapshot> {
    let enforced = match judge_limits(agent, limits, facts) {
        LimitsState::NotSet => return None,
        LimitsState::InForce => Some(true),
        LimitsState::NotInForce { .. } => Some(false),
        LimitsState::NotRunning | LimitsState::Unknown => None,
    };
    let Limits { memory_max, cpu_quota, tasks_max } = limits;
    Some(LimitsSnapshot {
        memory_bytes: memory_max.as_ref().and_then(MemoryMax::as_bytes),
        cpu_cores: cpu_quota.as_ref().and_then(CpuQuota::as_cpus),
        tasks: tasks_max.as_ref().and_then(TasksMax::as_count),
        enforced,
    })
}

/// The limits that are set, with the controller that each needs.
fn limited(limits: &Limits) -> Vec<(&'static str, Controller)> {
    let Limits { memory_max, cpu_quota, tasks_max } = limits;
    let is_limit = |value: String| value != "infinity";
    let memory = memory_max.as_ref().is_some_and(|limit| is_limit(limit.to_string()));
    let tasks = tasks_max.as_ref().is_some_and(|limit| is_limit(limit.to_string()));
    let all = [
        (memory, "memory_max", Controller::Memory),
        (cpu_quota.is_some(), "cpu_quota", Controller::Cpu),
        (tasks, "tasks_max", Controller::Pids),
    ];
    all.into_iter().filter(|(is_set, ..)| *is_set).map(|(_, name, controller)| (name, controller)).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Controller {
    Memory,
    Cpu,
    Pids,
}

impl Controller {
    /// The kernel's name.
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Pids => "pids",
        }
    }

    fn is_in(self, controllers: Controllers) -> bool {
        match self {
            Self::Memory => controllers.memory,
            Self::Cpu => controllers.cpu,
            Self::Pids => controllers.pids,
        }
    }
}

fn without_controller(limited: &[(&'static str, Controller)], controllers: Controllers) -> LimitsState {
    let missing: Vec<_> = limited.iter().filter(|(_, controller)| !controller.is_in(controllers)).collect();
    if missing.is_empty() {
        return LimitsState::InForce;
    }
    let controllers: Vec<&str> = missing.iter().map(|(_, controller)| controller.name()).collect();
    let plural = if controllers.len() == 1 { "" } else { "s" };
    let (limits, named) = (phrase(missing.iter().map(|(name, _)| *name)), controllers.join(" and "));
    LimitsState::NotInForce {
        detail: format!("{limits} not in force: the user manager has no {named} controller{plural}"),
        advice: format!(
            "boot with cgroup version 2 alone (kernel parameter systemd.unified_cgroup_hierarchy=1) and delegate {} to \
             user@.service (Delegate=), or remove the limits from the roster",
            controllers.join(" ")
        ),
    }
}

/// `memory_max is`, or `memory_max and tasks_max are`.
fn phrase(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<&str> = names.collect();
    format!("{} {}", names.join(" and "), if names.len() == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::{LimitsState, judge_limits};
    use crate::example::{observation, server, target, unit};
    use crate::judge::AgentFacts;
    use crate::observe::Observation;
    use mosaic_process::Controllers;
    use mosaic_roster::Limits;
    use mosaic_systemd::ActiveState;

    fn limits(memory: &str, cpu: &str, tasks: &str) -> Limits {
        let parsed = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Limits {
            memory_max: parsed(memory).map(|text| text.parse().unwrap()),
            cpu_quota: parsed(cpu).map(|text| text.parse().unwrap()),
            tasks_max: parsed(tasks).map(|text| text.parse().unwrap()),
        }
    }

    fn judge(limits: &Limits, change: impl FnOnce(&mut Observation)) -> LimitsState {
        let (mut observation, agent) = (observation(), "coder0".parse().unwrap());
        change(&mut observation);
        judge_limits(&agent, limits, &AgentFacts::gather(&observation, &agent, target().assumed_interval))
    }

    fn set_group(observation: &mut Observation, group: Option<&str>, controllers: Option<Controllers>) {
        let process = observation.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
        (process.group, process.controllers) = (group.map(str::to_owned), controllers);
    }

    fn detail(state: LimitsState) -> String {
        match state {
            LimitsState::NotInForce { detail, .. } => detail,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_limit_needs_its_controller() {
        let unit = Some("mosaic-agent@coder0.service");
        let cpu = Controllers { cpu: true, ..Controllers::default() };
        let table = [
            (limits("", "", ""), cpu, "NotSet"),
            (limits("infinity", "", "infinity"), cpu, "NotSet"),
            (limits("", "50%", ""), cpu, "InForce"),
            (limits("50M", "", ""), cpu, "memory_max is not in force: the user manager has no memory controller"),
            (
                limits("50M", "50%", "5"),
                cpu,
                "memory_max and tasks_max are not in force: the user manager has no memory and pids controllers",
            ),
            (limits("50M", "50%", "5"), Controllers { memory: true, cpu: true, pids: true }, "InForce"),
        ];
        for (limits, controllers, expected) in table {
            let state = judge(&limits, |o| set_group(o, unit, Some(controllers)));
            assert_eq!(detail(state), expected, "{limits:?}");
        }
    }

    #[test]
    fn a_process_outside_its_units_group_is_not_limited() {
        let limits = limits("50M", "", "");
        let state = judge(&limits, |o| set_group(o, Some("tmux-spawn-1.scope"), None));
        assert_eq!(
            detail(state),
            "memory_max is not in force: its process is in the control group tmux-spawn-1.scope, not in that of \
             mosaic-agent@coder0.service"
        );
        assert_eq!(judge(&limits, |o| set_group(o, None, None)), LimitsState::Unknown);
        let not_running: [fn(&mut Observation); 2] = [
            |o| drop(server(o).sessions.remove("coder0")),
            |o| {
                set_group(o, Some("init.scope"), None);
                unit(o, "coder0").active = ActiveState::Activating;
            },
        ];
        for (row, change) in not_running.into_iter().enumerate() {
            assert_eq!(judge(&limits, change), LimitsState::NotRunning, "row {row}");
        }
    }
}
