//! Steps as they come together, one kind of thing at a time: pure.

use std::path::{Path, PathBuf};

use super::Seen;
use crate::{Found, Layout, Manifest, RunFound, Step};

/// A plan under way, and what will be recorded as ours.
pub(super) struct Draft<'a> {
    pub(super) layout: &'a Layout,
    pub(super) seen: &'a Seen,
    pub(super) steps: Vec<Step>,
    pub(super) notes: Vec<String>,
    pub(super) manifest: Manifest,
}

impl Draft<'_> {
    pub(super) fn found(&self, path: &Path) -> &Found {
        self.seen.entries.get(path).unwrap_or(&Found::Nothing)
    }

    /// It is ours to take away.
    pub(super) fn own(&mut self, path: &Path) {
        self.manifest.paths.insert(path.to_owned());
    }

    /// A step that writes to a path, after the directories that it needs.
    pub(super) fn write(&mut self, path: &Path, step: Step) {
        self.own(path);
        if let Some(directory) = path.parent() {
            let private = directory.starts_with(self.layout.fleet());
            self.directory(directory, if private { 0o700 } else { 0o755 });
        }
        self.steps.push(step);
    }

    fn directory(&mut self, path: &Path, mode: u32) {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .filter(|directory| !self.seen.directories.contains(*directory))
            .map(Path::to_path_buf)
            .collect();
        let step = Step::MakeDirectory { path: path.to_owned(), mode };
        if !missing.is_empty() && !self.steps.contains(&step) {
            self.manifest.directories.extend(missing);
            self.steps.push(step);
        }
    }

    pub(super) fn link(&mut self, path: &Path, target: &Path) {
        let shown = self.layout.shown(path);
        let is_ours = self.manifest.paths.contains(path);
        match self.found(path) {
            Found::Link(there) if there == target => self.own(path),
            Found::Link(_) if is_ours => {
                self.write(path, Step::Link { path: path.to_owned(), target: target.to_owned() });
            }
            Found::Nothing => match &self.seen.other_mosaic {
                Some(other) if path.ends_with("mosaic") => self.notes.push(format!(
                    "{shown} is not made, because there is another mosaic, {}: use mosaic-fleet and mosaic-agent",
                    self.layout.shown(other)
                )),
                _ => self.write(path, Step::Link { path: path.to_owned(), target: target.to_owned() }),
            },
            _ => {
                let program = self.layout.shown(target);
                self.notes.push(format!("{shown} is not ours and stays: the program is {program}"));
            }
        }
    }

    pub(super) fn run(&mut self, target: Option<&Path>) {
        let Some(target) = target else { return };
        let run = self.layout.run();
        let link = Step::Link { path: run.clone(), target: target.to_owned() };
        match &self.seen.run {
            RunFound::Nothing => {
                self.private(target);
                self.write(&run, link);
            }
            RunFound::Link { target: there, is_there } if there == target => {
                self.own(&run);
                if !is_there {
                    self.private(target);
                }
            }
            RunFound::Link { target: there, .. } => self.notes.push(format!(
                "heartbeats go to {} by a link that stays: remove {} while no agent runs, to have it made anew",
                there.display(),
                self.layout.shown(&run)
            )),
            RunFound::Directory { running } if running.is_empty() => {
                self.own(&run);
                self.steps.push(Step::MoveRunDirectory { target: target.to_owned() });
            }
            RunFound::Directory { running } => {
                let names: Vec<&str> = running.iter().map(mosaic_domain::AgentName::as_str).collect();
                self.notes.push(format!(
                    "heartbeats stay in {} while agents run from there ({}): run this again when they are stopped, \
                     and they go to memory",
                    self.layout.shown(&run),
                    names.join(", ")
                ));
                return;
            }
        }
        if matches!(&self.seen.run, RunFound::Link { target: there, .. } if there != target) {
            return;
        }
        self.manifest.run_directory = Some(target.to_owned());
        if matches!(&self.seen.old_run, RunFound::Directory { running } if running.is_empty())
            && matches!(self.seen.run, RunFound::Link { .. })
        {
            self.steps.push(Step::TakeOverOldRun { target: target.to_owned() });
        }
    }

    /// A directory outside of the fleet's own that is gone at the next boot, so nobody has to
    /// remember that it is ours.
    fn private(&mut self, path: &Path) {
        self.steps.push(Step::MakeDirectory { path: path.to_owned(), mode: 0o700 });
    }
}
