//! `mosaic agent roster`: lists the agents of the roster.

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_roster::AgentSettings;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::JsonArg;
use crate::view::{Column, Paint, Table, print, print_json, print_notice, render};

/// List the agents of the roster, with their settings and the defaults applied
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic agent roster\n  mosaic agent roster --json | jq -r '.[].name'")]
pub(crate) struct Roster {
    #[command(flatten)]
    json: JsonArg,

    /// Print only the names, one per line
    #[arg(long, conflicts_with = "json")]
    names: bool,
}

impl Roster {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let entries: Vec<Entry> = roster.agents.iter().map(|agent| Entry::from(roster.settings(agent))).collect();
        if self.json.enabled {
            print_json(&entries)?;
        } else if self.names {
            print(&entries.iter().flat_map(|entry| [entry.name.as_str(), "\n"]).collect::<String>())?;
        } else {
            print(&render(&table(&entries).lay_out(&context.style), &context.style))?;
            for warning in roster.warnings() {
                print_notice(&format!("WARNING: {warning}"));
            }
        }
        Ok(ExitCode::Ok)
    }
}

/// One agent with its settings. The launcher chooses a value that is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    runtime: String,
    class: String,
    socket: String,
    working_directory: Option<String>,
    command: Option<String>,
    reset_command: Option<String>,
    heartbeat_interval: Option<String>,
    model_hint: Option<String>,
    reset_between_tasks: bool,
    restart: String,
    limits: Limits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    memory_max: Option<String>,
    cpu_quota: Option<String>,
    tasks_max: Option<String>,
}

impl From<AgentSettings> for Entry {
    fn from(settings: AgentSettings) -> Self {
        Self {
            name: settings.name.to_string(),
            runtime: settings.runtime.to_string(),
            class: settings.class.to_string(),
            socket: settings.socket.to_string(),
            working_directory: settings.working_directory,
            command: settings.command,
            reset_command: settings.reset_command,
            heartbeat_interval: settings.interval.map(|interval| interval.to_string()),
            model_hint: settings.model_hint,
            reset_between_tasks: settings.reset_between_tasks,
            restart: settings.restart.to_string(),
            limits: Limits {
                memory_max: settings.limits.memory_max.map(|limit| limit.to_string()),
                cpu_quota: settings.limits.cpu_quota.map(|limit| limit.to_string()),
                tasks_max: settings.limits.tasks_max.map(|limit| limit.to_string()),
            },
        }
    }
}

fn table(entries: &[Entry]) -> Table {
    let mut table = Table::new([
        Column::left("AGENT"),
        Column::left("RUNTIME"),
        Column::left("CLASS").optional(1),
        Column::left("RESTART").optional(5),
        Column::left("LIMITS").optional(4),
        Column::left("DIRECTORY").optional(3),
        Column::left("COMMAND").optional(2),
    ]);
    for entry in entries {
        let or_dash = |text: &Option<String>| {
            text.as_ref().map_or((Paint::Dim, "-".to_owned()), |text| (Paint::Plain, text.clone()))
        };
        table.push_row([
            (Paint::Bold, entry.name.clone()),
            (Paint::Plain, entry.runtime.clone()),
            (Paint::Plain, entry.class.clone()),
            (Paint::Plain, entry.restart.clone()),
            or_dash(&limits(&entry.limits)),
            or_dash(&entry.working_directory),
            or_dash(&entry.command),
        ]);
    }
    table
}

fn limits(limits: &Limits) -> Option<String> {
    let named = [("memory", &limits.memory_max), ("cpu", &limits.cpu_quota), ("tasks", &limits.tasks_max)];
    let set: Vec<String> =
        named.into_iter().filter_map(|(name, limit)| Some(format!("{name} {}", limit.as_ref()?))).collect();
    (!set.is_empty()).then(|| set.join(", "))
}
