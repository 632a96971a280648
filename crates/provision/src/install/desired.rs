//! The state that an install is to reach.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, default_program_directories};
use mosaic_roster::{Roster, agent_drop_in, holder_drop_in};
use mosaic_systemd::UnitName;

use super::{HostFacts, Observed, Scope};
use crate::search_path::{SearchDirectories, merge_env_file};
use crate::shipped_files::{compat_script_files, render_unit};
use crate::{Layout, PROGRAMS, ProvisionError, UNIT_FILES};

/// What an install of some scope puts in place.
#[derive(Clone, Debug, Default)]
pub struct DesiredState {
    /// Programs: source and destination.
    pub programs: Vec<(PathBuf, PathBuf)>,
    /// Links: path and target.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Generated text files.
    pub files: Vec<GeneratedFile>,
    /// Generated drop-ins that are no longer needed.
    pub obsolete: Vec<PathBuf>,
    /// The target of the run directory link, if the run directory is to be a link.
    pub run_target: Option<PathBuf>,
    /// Units to enable.
    pub units: Vec<UnitName>,
    /// Whether the exporter's socket is to be started.
    pub exporter: bool,
    /// Whether the outbox timer is to be started.
    pub outbox: bool,
    /// Whether lingering is to be enabled.
    pub linger: bool,
    /// Problems that the user should solve.
    pub notes: Vec<String>,
}

impl DesiredState {
    /// Derives the desired state from the roster. `is_program` decides whether a path is an executable file.
    ///
    /// # Errors
    /// A program to install is missing, or the fleet's home cannot be written into a unit.
    pub fn new(
        layout: &Layout,
        roster: &Roster,
        scope: &Scope,
        host: &HostFacts,
        observed: &Observed,
        is_program: impl Fn(&Path) -> bool + Copy,
    ) -> Result<Self, ProvisionError> {
        let mut desired = Self::default();
        let everything = *scope == Scope::Everything;
        let in_scope = |name: &AgentName| match scope {
            Scope::Everything | Scope::Units => true,
            Scope::Agent(agent) => agent == name,
        };
        if everything {
            desired.add_programs(layout, host, is_program)?;
            desired.add(layout.schema(), mosaic_roster::SCHEMA.to_owned(), FileKind::Schema);
            for (path, shipped) in compat_script_files(layout) {
                desired.add(path, shipped.to_owned(), FileKind::CompatScript);
            }
            desired.run_target = layout.run_target();
        }
        if everything || matches!(scope, Scope::Agent(_)) {
            desired.add_env_files(layout, roster, observed, in_scope, is_program);
        }
        let holder = UnitName::holder();
        if !matches!(scope, Scope::Agent(_)) {
            for (name, shipped) in UNIT_FILES {
                desired.add(layout.units().join(name), render_unit(shipped, layout)?, FileKind::Unit(shipped));
            }
            let drop_in = holder_drop_in(roster).map(|text| (layout.drop_in(&holder), text));
            if let Some((path, text)) = drop_in {
                desired.add(path, text, FileKind::DropIn);
            }
            desired.linger = true;
            desired.exporter = true;
            desired.outbox = true;
        }
        desired.units.push(holder.clone());
        desired.units.extend(desired.exporter.then(UnitName::exporter_socket));
        desired.units.extend(desired.outbox.then(UnitName::outbox_timer));
        for agent in roster.agents.iter().filter(|agent| in_scope(&agent.name)) {
            let unit = UnitName::agent(&agent.name);
            if let Some(text) = agent_drop_in(&roster.settings(agent)) {
                desired.add(layout.drop_in(&unit), text, FileKind::DropIn);
            }
            desired.units.push(unit);
        }
        // An agent that is not in the roster but still enabled keeps its limits until `mosaic fleet remove`.
        let is_obsolete = |unit: &UnitName| match unit.agent_name() {
            None => !matches!(scope, Scope::Agent(_)),
            Some(name) if roster.agent(name.as_str()).is_none() => everything && !host.enabled.contains(unit),
            Some(name) => in_scope(&name),
        };
        for path in &observed.drop_ins {
            let unit = unit_of(path);
            let is_desired = desired.files.iter().any(|file| file.path == *path);
            desired.obsolete.extend(unit.filter(|unit| !is_desired && is_obsolete(unit)).map(|_| path.clone()));
        }
        desired.note_orphaned_units(roster, host, scope);
        Ok(desired)
    }

    fn add(&mut self, path: PathBuf, text: String, kind: FileKind) {
        self.files.push(GeneratedFile { path, text, kind, change: None });
    }

    fn add_programs(
        &mut self,
        layout: &Layout,
        host: &HostFacts,
        is_program: impl Fn(&Path) -> bool,
    ) -> Result<(), ProvisionError> {
        let directory = &host.programs;
        let names: Vec<_> = PROGRAMS.into_iter().filter(|name| !is_program(&directory.join(name))).collect();
        if !names.is_empty() {
            return Err(ProvisionError::MissingPrograms { directory: directory.clone(), names });
        }
        if *directory != layout.tools() {
            self.programs = PROGRAMS.map(|name| (directory.join(name), layout.tools().join(name))).to_vec();
        }
        let program = layout.tools().join("mosaic");
        self.links = ["mosaic", "mosaic-fleet", "mosaic-agent"]
            .map(|name| (layout.links().join(name), program.clone()))
            .to_vec();
        Ok(())
    }

    fn add_env_files(
        &mut self,
        layout: &Layout,
        roster: &Roster,
        observed: &Observed,
        in_scope: impl Fn(&AgentName) -> bool,
        is_program: impl Fn(&Path) -> bool + Copy,
    ) {
        let mut launcher = default_program_directories(layout.user_home());
        launcher.push(layout.tools());
        let directories = SearchDirectories { user: &observed.search_path, launcher: &launcher };
        let mut missing: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
        for agent in roster.agents.iter().filter(|agent| in_scope(&agent.name)) {
            let path = layout.env_file(&agent.name);
            let present = observed.paths.get(&path).and_then(|state| state.text());
            let env = merge_env_file(present, &roster.settings(agent), directories, is_program);
            if let Some(program) = env.missing {
                missing.entry((program.program, program.search_path)).or_default().push(agent.name.as_str());
            }
            self.files.push(GeneratedFile { path, text: env.text, kind: FileKind::Env, change: Some(env.change) });
        }
        self.notes.extend(missing.into_iter().map(|((program, searched), agents)| {
            format!(
                "cannot find {program}, which {} {}: install it and run `mosaic fleet install` again, \
                 or add its directory to a PATH= line in the agent's env file (searched: {searched})",
                listed(&agents),
                if agents.len() == 1 { "needs" } else { "need" }
            )
        }));
    }

    fn note_orphaned_units(&mut self, roster: &Roster, host: &HostFacts, scope: &Scope) {
        if matches!(scope, Scope::Agent(_)) {
            return;
        }
        for name in host.enabled.iter().filter_map(UnitName::agent_name) {
            if roster.agent(name.as_str()).is_none() {
                self.notes.push(format!(
                    "agent {name} is not in the roster but enabled at boot: run `mosaic fleet remove {name}`"
                ));
            }
        }
    }
}

fn unit_of(drop_in: &Path) -> Option<UnitName> {
    drop_in.parent()?.file_name()?.to_str()?.strip_suffix(".d")?.parse().ok()
}

/// A generated text file.
#[derive(Clone, Debug)]
pub struct GeneratedFile {
    /// The path.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// The kind.
    pub kind: FileKind,
    /// What changes, for the user, if it is known.
    pub change: Option<String>,
}

/// The kind of a generated file. It decides the mode, and how an existing file is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The JSON Schema of the roster.
    Schema,
    /// An env file. It is private and can contain lines of the site.
    Env,
    /// A unit, with the shipped text.
    Unit(&'static str),
    /// A drop-in.
    DropIn,
    /// An executable compatibility script.
    CompatScript,
}

impl FileKind {
    /// The mode of the file.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Env => 0o600,
            Self::CompatScript => 0o755,
            Self::Schema | Self::Unit(_) | Self::DropIn => 0o644,
        }
    }
}

/// Names as a part of a sentence: `a`, `a and b`, or `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!([&["a"][..], &["a", "b"], &["a", "b", "c"]].map(listed), ["a", "a and b", "a, b and c"]);
    }
}
