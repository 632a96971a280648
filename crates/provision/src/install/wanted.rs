//! What there should be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, default_program_directories};
use mosaic_roster::{Roster, agent_drop_in, holder_drop_in};
use mosaic_systemd::UnitName;

use super::agent_env::{Places, merged_env};
use super::{FileKind, Scope, Seen, Surroundings, WantedFile};
use crate::unit_files::render;
use crate::{Layout, PROGRAMS, ProvisionError, TOOL_FRONTS, UNIT_FILES};

/// Everything that an install of some scope puts in its place.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Programs, from where to where.
    pub programs: Vec<(PathBuf, PathBuf)>,
    /// Links, and where they lead.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Texts.
    pub files: Vec<WantedFile>,
    /// Drop-ins of ours that nobody needs any more.
    pub gone: Vec<PathBuf>,
    /// Where the run directory leads, if it is to lead anywhere.
    pub run_target: Option<PathBuf>,
    /// Units that start at boot.
    pub units: Vec<UnitName>,
    /// The exporter can be asked, from now on.
    pub exporter: bool,
    /// Messages that wait are delivered, from now on.
    pub outbox: bool,
    /// The user manager runs without a login.
    pub linger: bool,
    /// What somebody should see to.
    pub notes: Vec<String>,
}

impl Wanted {
    /// Works it out; `is_program` looks for runtimes.
    ///
    /// # Errors
    /// A program that is to be installed is not there, or the fleet's home cannot be in a unit.
    pub fn of(
        layout: &Layout,
        roster: &Roster,
        scope: &Scope,
        surroundings: &Surroundings,
        seen: &Seen,
        is_program: impl Fn(&Path) -> bool + Copy,
    ) -> Result<Self, ProvisionError> {
        let mut wanted = Self::default();
        let everything = *scope == Scope::Everything;
        let in_scope = |name: &AgentName| match scope {
            Scope::Everything | Scope::Units => true,
            Scope::Agent(agent) => agent == name,
        };
        if everything {
            wanted.add_programs(layout, surroundings, is_program)?;
            wanted.add(layout.schema(), mosaic_roster::SCHEMA.to_owned(), FileKind::Schema);
            for (name, shipped) in TOOL_FRONTS {
                wanted.add(layout.tool_fronts().join(name), shipped.to_owned(), FileKind::ToolFront);
            }
            wanted.run_target = layout.run_target();
        }
        if everything || matches!(scope, Scope::Agent(_)) {
            wanted.add_env_files(layout, roster, seen, in_scope, is_program);
        }
        let holder = UnitName::holder();
        if !matches!(scope, Scope::Agent(_)) {
            for (name, shipped) in UNIT_FILES {
                wanted.add(layout.units().join(name), render(shipped, layout)?, FileKind::Unit(shipped));
            }
            let drop_in = holder_drop_in(roster).map(|text| (layout.drop_in(&holder), text));
            if let Some((path, text)) = drop_in {
                wanted.add(path, text, FileKind::DropIn);
            }
            wanted.linger = true;
            wanted.exporter = true;
            wanted.outbox = true;
        }
        wanted.units.push(holder.clone());
        wanted.units.extend(wanted.exporter.then(UnitName::exporter_socket));
        wanted.units.extend(wanted.outbox.then(UnitName::outbox_timer));
        for agent in roster.agents.iter().filter(|agent| in_scope(&agent.name)) {
            let unit = UnitName::agent(&agent.name);
            if let Some(text) = agent_drop_in(&roster.settings(agent)) {
                wanted.add(layout.drop_in(&unit), text, FileKind::DropIn);
            }
            wanted.units.push(unit);
        }
        // An agent that left the roster by hand, but still starts at boot, keeps its limits until
        // somebody removes it.
        let is_stale = |unit: &UnitName| match unit.agent_name() {
            None => !matches!(scope, Scope::Agent(_)),
            Some(name) if roster.agent(name.as_str()).is_none() => everything && !surroundings.enabled.contains(unit),
            Some(name) => in_scope(&name),
        };
        for path in &seen.drop_ins {
            let unit = unit_of(path);
            let kept = wanted.files.iter().any(|file| file.path == *path);
            wanted.gone.extend(unit.filter(|unit| !kept && is_stale(unit)).map(|_| path.clone()));
        }
        wanted.note_orphans(roster, surroundings, scope);
        Ok(wanted)
    }

    fn add(&mut self, path: PathBuf, text: String, kind: FileKind) {
        self.files.push(WantedFile { path, text, kind, change: None });
    }

    fn add_programs(
        &mut self,
        layout: &Layout,
        surroundings: &Surroundings,
        is_program: impl Fn(&Path) -> bool,
    ) -> Result<(), ProvisionError> {
        let directory = &surroundings.programs;
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
        seen: &Seen,
        in_scope: impl Fn(&AgentName) -> bool,
        is_program: impl Fn(&Path) -> bool + Copy,
    ) {
        let mut added = default_program_directories(layout.user_home());
        added.push(layout.tools());
        let places = Places { own: &seen.search_path, added: &added };
        let mut missing: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
        for agent in roster.agents.iter().filter(|agent| in_scope(&agent.name)) {
            let path = layout.env_file(&agent.name);
            let present = seen.entries.get(&path).and_then(|found| found.text());
            let env = merged_env(present, &roster.settings(agent), places, is_program);
            if let Some(lacking) = env.missing {
                missing.entry((lacking.program, lacking.searched)).or_default().push(agent.name.as_str());
            }
            self.files.push(WantedFile { path, text: env.text, kind: FileKind::Env, change: Some(env.change) });
        }
        self.notes.extend(missing.into_iter().map(|((program, searched), agents)| {
            format!(
                "{program} is not found, and {} cannot start without it: install it and run `mosaic fleet install` again, \
                 or put its directory into a PATH= line of the agent's env file (searched: {searched})",
                agents.join(", ")
            )
        }));
    }

    fn note_orphans(&mut self, roster: &Roster, surroundings: &Surroundings, scope: &Scope) {
        if matches!(scope, Scope::Agent(_)) {
            return;
        }
        for name in surroundings.enabled.iter().filter_map(UnitName::agent_name) {
            if roster.agent(name.as_str()).is_none() {
                self.notes.push(format!(
                    "agent {name} is not in the roster and still starts at boot: `mosaic fleet remove {name}` ends that"
                ));
            }
        }
    }
}

fn unit_of(drop_in: &Path) -> Option<UnitName> {
    drop_in.parent()?.file_name()?.to_str()?.strip_suffix(".d")?.parse().ok()
}
