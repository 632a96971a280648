//! What an install finds.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mosaic_roster::Roster;

use super::old_sidecars::old_sidecars;
use super::{OldSidecar, Surroundings, is_program};
use crate::files::{DRAFT, are_equal};
use crate::{Found, Layout, Manifest, PROGRAMS, ProvisionError, RunFound, TOOL_FRONTS, UNIT_FILES, recordable};

/// Everything that a plan depends on and that is on the disk.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What is at each path that may have to be written.
    pub entries: BTreeMap<PathBuf, Found>,
    /// Our drop-ins that are there.
    pub drop_ins: BTreeSet<PathBuf>,
    /// The installed programs that are as they should be.
    pub current_programs: BTreeSet<PathBuf>,
    /// The directories that are there.
    pub directories: BTreeSet<PathBuf>,
    /// Those of the fleet's own that others may enter.
    pub open_directories: BTreeSet<PathBuf>,
    /// Those in which somebody who was killed left something.
    pub littered: BTreeSet<PathBuf>,
    /// For each unit or script that may be a site's own: the name under which it would be kept.
    pub asides: BTreeMap<PathBuf, PathBuf>,
    /// The run directory.
    pub run: RunFound,
    /// A move of it that was not finished.
    pub old_run: RunFound,
    /// The directories of the path of whoever installs.
    pub search_path: Vec<PathBuf>,
    /// Another program of that name, found on that path.
    pub other_mosaic: Option<PathBuf>,
    /// What the bash launcher left running.
    pub old_sidecars: Vec<OldSidecar>,
    /// What is installed already.
    pub manifest: Option<Manifest>,
}

impl Seen {
    /// Looks at everything.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn look(layout: &Layout, roster: &Roster, surroundings: &Surroundings) -> Result<Self, ProvisionError> {
        let mut seen = Self {
            run: RunFound::look(&layout.run())?,
            old_run: RunFound::look(&layout.old_run())?,
            search_path: recordable(surroundings.search_path.as_deref(), Path::is_dir),
            other_mosaic: other_mosaic(layout, surroundings.search_path.as_deref()),
            old_sidecars: old_sidecars(&layout.run(), roster.agents.iter().map(|agent| &agent.name)),
            manifest: Manifest::read(&layout.manifest())?,
            drop_ins: drop_ins(layout),
            ..Self::default()
        };
        let units = UNIT_FILES.map(|(name, _)| layout.units().join(name));
        let fronts = TOOL_FRONTS.map(|(name, _)| layout.tool_fronts().join(name));
        for path in units.into_iter().chain(fronts) {
            let found = Found::look(&path)?;
            seen.asides.insert(path.clone(), aside(&path, &found)?);
            seen.entries.insert(path, found);
        }
        for agent in &roster.agents {
            let path = layout.env_file(&agent.name);
            seen.entries.insert(path.clone(), Found::look_through(&path)?);
            let drop_in = layout.drop_in(&mosaic_systemd::UnitName::agent(&agent.name));
            seen.entries.insert(drop_in.clone(), Found::look(&drop_in)?);
        }
        let holder = layout.drop_in(&mosaic_systemd::UnitName::holder());
        let links = ["mosaic", "mosaic-fleet", "mosaic-agent"].map(|name| layout.links().join(name));
        for path in links.into_iter().chain([holder, layout.schema()]) {
            // Whatever is in the place of a link is left alone, so it need be no text.
            let found = if path.starts_with(layout.links()) && !path.is_symlink() && path.exists() {
                Found::Other
            } else {
                Found::look(&path)?
            };
            seen.entries.insert(path, found);
        }
        for name in PROGRAMS {
            let (from, to) = (surroundings.programs.join(name), layout.tools().join(name));
            let current = is_program(&to) && (from == to || are_equal(&from, &to).unwrap_or(false));
            seen.current_programs.extend(current.then_some(to));
        }
        seen.look_at_directories(layout);
        Ok(seen)
    }

    fn look_at_directories(&mut self, layout: &Layout) {
        let parents = self.entries.keys().filter_map(|path| path.parent());
        let ours = [layout.fleet(), layout.agents(), layout.tools(), layout.links(), layout.units()];
        let mut asked: BTreeSet<PathBuf> = parents.map(Path::to_path_buf).chain(ours).collect();
        asked.extend(layout.run_target());
        for directory in asked.iter().flat_map(|directory| directory.ancestors()) {
            if directory.is_dir() {
                self.directories.insert(directory.to_owned());
            }
        }
        for directory in asked {
            if has_drafts(&directory) {
                self.littered.insert(directory);
            }
        }
        let open = |path: &PathBuf| path.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
        self.open_directories.extend([layout.fleet(), layout.agents()].into_iter().filter(open));
    }
}

fn has_drafts(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(DRAFT))
}

/// A `mosaic` on this path that does not come from our tools.
fn other_mosaic(layout: &Layout, path: Option<&OsStr>) -> Option<PathBuf> {
    let tools = fs::canonicalize(layout.tools()).unwrap_or_else(|_| layout.tools());
    let own = std::env::current_exe().and_then(fs::canonicalize).ok();
    let is_ours = |place: &Path| place.starts_with(&tools) || own.as_deref() == Some(place);
    let programs = path.iter().flat_map(std::env::split_paths).filter(|directory| directory.is_absolute());
    let mut programs = programs.map(|directory| directory.join("mosaic")).filter(|program| is_program(program));
    programs.find(|program| !fs::canonicalize(program).is_ok_and(|place| is_ours(&place)))
}

/// Our drop-ins of agents that are there, whether or not the roster knows the agent.
fn drop_ins(layout: &Layout) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(layout.units()).into_iter().flatten().flatten();
    let of_unit = |name: &str| name.strip_suffix(".d")?.parse::<mosaic_systemd::UnitName>().ok();
    let units = entries.filter_map(|entry| of_unit(entry.file_name().to_str()?));
    let ours = units.filter(|unit| unit.agent_name().is_some() || *unit == mosaic_systemd::UnitName::holder());
    ours.map(|unit| layout.drop_in(&unit)).filter(|path| path.exists()).collect()
}

/// The first name beside a file or link that is free, or taken by the same one already.
fn aside(path: &Path, found: &Found) -> Result<PathBuf, ProvisionError> {
    let named = |count: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(".before-mosaic-fleet");
        if count > 1 {
            name.push(format!(".{count}"));
        }
        PathBuf::from(name)
    };
    for count in 1.. {
        match Found::look(&named(count))? {
            Found::Nothing => return Ok(named(count)),
            kept if is_same(&kept, found) => return Ok(named(count)),
            _ => {}
        }
    }
    Ok(named(1))
}

fn is_same(kept: &Found, found: &Found) -> bool {
    match (kept, found) {
        (Found::File { text: kept, .. }, Found::File { text, .. }) => kept == text,
        (Found::Link(kept), Found::Link(target)) => kept == target,
        _ => false,
    }
}
