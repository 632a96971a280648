//! The files that are generated from the roster, against what it would make now.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use mosaic_domain::{AgentName, RuntimeName};
use mosaic_process::FileMark;
use mosaic_roster::{AgentEnvFile, AgentSettings, Roster};

use super::places::{Directories, Places};
use super::{GeneratedFiles, Target};

/// What came of comparing the files of each agent, as long as neither they nor the roster change.
#[derive(Debug, Default)]
pub(super) struct GeneratedMemory {
    roster: Option<Arc<Roster>>,
    /// In the roster's order.
    agents: Vec<Known>,
    all: Arc<Generated>,
}

/// The files of every agent of the roster.
type Generated = BTreeMap<AgentName, Arc<GeneratedFiles>>;

#[derive(Debug)]
struct Known {
    files: Places,
    /// Of both files before they were read; nothing of one that was not there.
    marks: Option<[Option<FileMark>; 2]>,
    compared: Arc<GeneratedFiles>,
}

impl GeneratedMemory {
    /// Compares the env file and the drop-in of every agent of the roster.
    pub(super) fn look(&mut self, target: &Target, roster: Arc<Roster>) -> Arc<Generated> {
        let same = self.roster.as_ref().is_some_and(|before| Arc::ptr_eq(before, &roster));
        let units = target.unit_directories.as_ref();
        let directories = Directories::open(target);
        let mut last = None;
        if !same {
            self.agents = roster
                .agents
                .iter()
                .map(|agent| {
                    let settings = roster.settings(agent);
                    let files = Places::of(target.home.path(), units, &settings.name);
                    let marks = files.marks(&directories);
                    let (compared, were_read) = files.compare(&settings, &mut last);
                    Known { marks: marks.filter(|_| were_read), compared: Arc::new(compared), files }
                })
                .collect();
        }
        let mut changed = !same;
        for (agent, known) in roster.agents.iter().zip(&mut self.agents).filter(|_| same) {
            let now = known.files.marks(&directories);
            if hold(known.marks, now) {
                known.marks = now;
                continue;
            }
            let (compared, were_read) = known.files.compare(&roster.settings(agent), &mut last);
            // What could not be read may be readable the next time, though nothing about it has changed.
            known.marks = now.filter(|_| were_read);
            if *known.compared != compared {
                known.compared = Arc::new(compared);
                changed = true;
            }
        }
        if changed {
            let of_each = self.agents.iter().map(|known| Arc::clone(&known.compared));
            self.all = Arc::new(roster.agents.iter().map(|agent| agent.name.clone()).zip(of_each).collect());
        }
        self.roster = Some(roster);
        Arc::clone(&self.all)
    }
}

/// Are both files still what they were?
fn hold(before: Option<[Option<FileMark>; 2]>, now: Option<[Option<FileMark>; 2]>) -> bool {
    let holds = |(before, now): (Option<FileMark>, Option<FileMark>)| match (before, now) {
        (Some(before), Some(now)) => before.still_holds(&now),
        (before, now) => before.is_none() && now.is_none(),
    };
    before.zip(now).is_some_and(|(before, now)| before.into_iter().zip(now).all(holds))
}

/// What came of comparing an env file, which does not depend on whose it is. Agents of one kind have
/// the same file, and mostly stand together in the roster, so the last comparison is kept.
struct Compared {
    text: Option<String>,
    settings: AgentSettings,
    difference: Option<String>,
    command: Arc<str>,
    search_path: Option<Arc<str>>,
}

impl Compared {
    fn new(text: Option<String>, settings: &AgentSettings) -> Self {
        let written = AgentEnvFile::parse(text.as_deref().unwrap_or_default());
        let wanted = written.merged(settings, None);
        let command = wanted.value("MOSAIC_AGENT_COMMAND").filter(|command| !command.is_empty());
        Self {
            text,
            settings: settings.clone(),
            difference: (written != wanted).then(|| difference(&written, &wanted)),
            command: command.unwrap_or_else(|| default_command(Some(settings.runtime.as_str()))).into(),
            search_path: wanted.value("PATH").filter(|path| !path.is_empty()).map(Into::into),
        }
    }

    fn is_of(&self, text: Option<&str>, settings: &AgentSettings) -> bool {
        self.text.as_deref() == text
            && AgentSettings { name: settings.name.clone(), ..self.settings.clone() } == *settings
    }
}

impl Places {
    /// What differs, and whether both files could be read.
    fn compare(&self, settings: &AgentSettings, last: &mut Option<Compared>) -> (GeneratedFiles, bool) {
        let path = self.env.path.display();
        let mut outdated = Vec::new();
        let mut were_read = true;
        let read = text(&self.env.path).unwrap_or_else(|why| {
            outdated.push(why);
            were_read = false;
            None
        });
        if read.is_none() && outdated.is_empty() {
            outdated.push(format!("{path} is not there"));
        }
        let is_there = read.is_some();
        let compared = match last.take().filter(|last| last.is_of(read.as_deref(), settings)) {
            Some(same) => last.insert(same),
            None => last.insert(Compared::new(read, settings)),
        };
        if let Some(difference) = compared.difference.as_ref().filter(|_| is_there) {
            outdated.push(format!("{path}: {difference}"));
        }
        if let Some(path) = self.drop_in.as_ref().map(|place| &*place.path) {
            let wanted = mosaic_roster::agent_drop_in(settings);
            match text(path) {
                Ok(written) if meaning(written.as_deref()).eq(meaning(wanted.as_deref())) => {}
                Ok(_) => outdated.push(format!("{} is not as the roster says", path.display())),
                Err(why) => {
                    outdated.push(why);
                    were_read = false;
                }
            }
        }
        let (command, search_path) = (Arc::clone(&compared.command), compared.search_path.clone());
        (GeneratedFiles { outdated, command, search_path }, were_read)
    }
}

/// What the launcher runs if nobody says what.
pub(super) fn default_command(runtime: Option<&str>) -> String {
    format!("mosaic yolo {}", runtime.unwrap_or(RuntimeName::DEFAULT))
}

/// The variables that differ, by name: their values may be secrets.
fn difference(written: &AgentEnvFile, wanted: &AgentEnvFile) -> String {
    let read = |env: &AgentEnvFile| env.variables().into_iter().collect::<BTreeMap<_, _>>();
    let (written, wanted) = (read(written), read(wanted));
    let names = written.keys().chain(wanted.keys()).filter(|name| written.get(*name) != wanted.get(*name));
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "its form".to_owned() } else { format!("{} differs from the roster", names.join(", ")) }
}

/// The lines of a drop-in without its comments, which mean nothing.
fn meaning(text: Option<&str>) -> impl Iterator<Item = &str> {
    let lines = text.unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
}

fn text(path: &Path) -> Result<Option<String>, String> {
    match mosaic_process::with_file(path, |bytes| String::from_utf8(bytes.to_vec())) {
        Ok(Ok(text)) => Ok(Some(text)),
        Ok(Err(error)) => Err(format!("cannot read {}: {error}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}
