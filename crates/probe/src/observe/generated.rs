//! The files that are generated from the roster, against what it would make now.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use domain::{AgentName, RuntimeName};
use roster::{Agent, AgentEnv, AgentSettings, DROP_IN};
use systemd::{UnitDirectories, UnitName};

use super::{GeneratedFiles, Target};

/// Compares the env file and the drop-in of every agent of the roster.
pub(super) fn look(target: &Target) -> Result<BTreeMap<AgentName, GeneratedFiles>, String> {
    let roster = target.roster.result.as_ref().map_err(Clone::clone)?;
    let mut last = None;
    let compared = |agent: &Agent| {
        let settings = roster.settings(agent);
        let files = compare(target.home.path(), target.unit_directories.as_ref(), &settings, &mut last);
        (settings.name, files)
    };
    Ok(roster.agents.iter().map(compared).collect())
}

/// What came of comparing an env file, which does not depend on whose it is. Agents of one kind have
/// the same file, and mostly stand together in the roster, so the last comparison is kept.
struct Compared {
    text: Option<String>,
    settings: AgentSettings,
    difference: Option<String>,
    command: String,
    search_path: Option<String>,
}

impl Compared {
    fn new(text: Option<String>, settings: &AgentSettings) -> Self {
        let written = AgentEnv::parse(text.as_deref().unwrap_or_default());
        let wanted = written.merged(settings, None);
        let command = wanted.value("MOSAIC_AGENT_COMMAND").filter(|command| !command.is_empty());
        Self {
            text,
            settings: settings.clone(),
            difference: (written != wanted).then(|| difference(&written, &wanted)),
            command: command.unwrap_or_else(|| default_command(Some(settings.runtime.as_str()))),
            search_path: wanted.value("PATH").filter(|path| !path.is_empty()),
        }
    }

    fn is_of(&self, text: Option<&str>, settings: &AgentSettings) -> bool {
        self.text.as_deref() == text
            && AgentSettings { name: settings.name.clone(), ..self.settings.clone() } == *settings
    }
}

fn compare(
    home: &Path,
    units: Option<&UnitDirectories>,
    settings: &AgentSettings,
    last: &mut Option<Compared>,
) -> GeneratedFiles {
    let path = home.join(format!("fleet/agents/{}.env", settings.name));
    let mut outdated = Vec::new();
    let read = text(&path).unwrap_or_else(|why| {
        outdated.push(why);
        None
    });
    if read.is_none() && outdated.is_empty() {
        outdated.push(format!("{} is not there", path.display()));
    }
    let is_there = read.is_some();
    let compared = match last.take().filter(|last| last.is_of(read.as_deref(), settings)) {
        Some(same) => last.insert(same),
        None => last.insert(Compared::new(read, settings)),
    };
    if let Some(difference) = compared.difference.as_ref().filter(|_| is_there) {
        outdated.push(format!("{}: {difference}", path.display()));
    }
    if let Some(units) = units {
        let path = units.own().join(format!("{}.d/{DROP_IN}", UnitName::agent(&settings.name)));
        let wanted = roster::agent_drop_in(settings);
        match text(&path) {
            Ok(written) if meaning(written.as_deref()).eq(meaning(wanted.as_deref())) => {}
            Ok(_) => outdated.push(format!("{} is not as the roster says", path.display())),
            Err(why) => outdated.push(why),
        }
    }
    GeneratedFiles { outdated, command: compared.command.clone(), search_path: compared.search_path.clone() }
}

/// What the launcher runs if nobody says what.
pub(super) fn default_command(runtime: Option<&str>) -> String {
    format!("mosaic yolo {}", runtime.unwrap_or(RuntimeName::DEFAULT))
}

/// The variables that differ, by name: their values may be secrets.
fn difference(written: &AgentEnv, wanted: &AgentEnv) -> String {
    let read = |env: &AgentEnv| env.variables().into_iter().collect::<BTreeMap<_, _>>();
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
    match process::with_file(path, |bytes| String::from_utf8(bytes.to_vec())) {
        Ok(Ok(text)) => Ok(Some(text)),
        Ok(Err(error)) => Err(format!("cannot read {}: {error}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}
