//! Plays one scene: starts the program in a new home and takes it through the steps.

use std::collections::BTreeMap;
use std::path::Path;

use mosaic_harness::{HeldResponses, ModelServer};
use regex_lite::Regex;
use rustix::process::{Pid, Signal};

use crate::RecordError;
use crate::pane::{Pane, Recording, Size};
use crate::program::Program;
use crate::script::{RuntimeScript, Scene, Step, ToolCall};

/// Plays a scene, and adds what it records.
pub(crate) fn play(
    scene: &Scene,
    script: &RuntimeScript,
    program: &Program,
    size: Size,
    recorded: &mut BTreeMap<String, Recording>,
) -> Result<(), RecordError> {
    let directory = tempfile::Builder::new().prefix("record-").tempdir();
    let directory = directory.map_err(|error| RecordError::File { path: "/tmp".into(), error })?;
    let home = directory.path().join("home");
    let work = home.join("work");
    let server = ModelServer::start();
    let fill = |text: &str| {
        let root = server.base_url();
        let root = root.strip_suffix("/v1").unwrap_or(&root).to_owned();
        let known = [("$SERVER", server.base_url()), ("$ROOT", root), ("$HOME", home.display().to_string())];
        known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    create_directory(&work)?;
    for (name, text) in merged(&script.files, &scene.files) {
        let path = home.join(name);
        create_directory(path.parent().unwrap_or(&home))?;
        std::fs::write(&path, fill(text)).map_err(|error| RecordError::File { path, error })?;
    }
    let environment = merged(&script.environment, &scene.environment);
    let variables: Vec<String> =
        environment.into_iter().map(|(name, value)| format!(" {name}='{}'", fill(value))).collect();
    let variables = variables.concat();
    let command = format!(
        "exec env -i HOME={} PATH={} TERM=$TERM LANG=C.UTF-8{variables} {} {}",
        home.display(),
        program.path,
        fill(&script.command),
        fill(&scene.arguments)
    );
    let socket = directory.path().join("tmux");
    let pane = Pane::start(&socket, size, &work, &command)?;
    let mut player = Player { pane, server: &server, held: None, script };
    let outcome = scene.steps.iter().try_for_each(|step| player.play(step, recorded));
    drop(player);
    end_processes(&home);
    outcome
}

/// Ends what the program has left behind: some start daemons that outlive it. They have the scene's home.
fn end_processes(home: &Path) {
    let own = format!("HOME={}", home.display());
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == own.as_bytes()) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

/// Both maps, where the second one adds, replaces, and removes with an empty text.
fn merged<'a>(
    all: &'a BTreeMap<String, String>,
    own: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    let kept = all.iter().filter(|(name, _)| !own.contains_key(*name));
    kept.chain(own.iter().filter(|(_, value)| !value.is_empty()))
}

fn create_directory(path: &Path) -> Result<(), RecordError> {
    std::fs::create_dir_all(path).map_err(|error| RecordError::File { path: path.to_owned(), error })
}

struct Player<'a> {
    pane: Pane<'a>,
    server: &'a ModelServer,
    held: Option<HeldResponses>,
    script: &'a RuntimeScript,
}

impl Player<'_> {
    fn play(&mut self, step: &Step, recorded: &mut BTreeMap<String, Recording>) -> Result<(), RecordError> {
        match step {
            Step::Until(name) => self.wait(named("pattern", &self.script.patterns, name)?)?,
            Step::Shows(pattern) => self.wait(pattern)?,
            Step::Screen(name) => drop(recorded.insert(name.clone(), self.pane.settled()?)),
            Step::Snapshot(name) => drop(recorded.insert(name.clone(), self.pane.capture()?)),
            Step::Type(text) => self.pane.type_text(text)?,
            Step::TypeReset => self.pane.type_text(&self.script.reset)?,
            Step::Paste(text) => self.pane.paste(text)?,
            Step::PasteLines(count) => self.pane.paste(&lines(*count))?,
            Step::PasteCharacters(count) => self.pane.paste(&words(*count))?,
            Step::Press(name) => self.pane.press(named("keys", &self.script.keys, name)?)?,
            Step::Keys(keys) => self.pane.press(keys)?,
            Step::Hold => self.held = Some(self.server.hold()),
            Step::Release => self.held = None,
            Step::CallTool => self.call(&self.script.tool),
            Step::Call(tool) => self.call(tool),
            Step::Refuse(refusal) => self.server.refuse(Some((&refusal.status, &refusal.message))),
            Step::Accept => self.server.refuse(None),
        }
        Ok(())
    }

    fn call(&self, tool: &ToolCall) {
        self.server.call_tool(&tool.name, tool.arguments.clone());
    }

    fn wait(&self, pattern: &str) -> Result<(), RecordError> {
        let regex = Regex::new(pattern).map_err(|error| RecordError::Pattern { pattern: pattern.to_owned(), error })?;
        let shown = self.pane.wait(|screen| screen.lines().any(|line| regex.is_match(line)))?;
        shown.map_err(|screen| RecordError::NotShown { pattern: pattern.to_owned(), screen })
    }
}

fn named<'a, T>(kind: &'static str, all: &'a BTreeMap<String, T>, name: &str) -> Result<&'a T, RecordError> {
    all.get(name).ok_or_else(|| RecordError::Undefined { kind, name: name.to_owned() })
}

/// That many lines, each with its number.
fn lines(count: usize) -> String {
    (1..=count).map(|nth| format!("line {nth} of the message")).collect::<Vec<_>>().join("\n")
}

/// A line of that many characters, in words with their number.
fn words(characters: usize) -> String {
    let words = (1..).map(|nth| format!("word{nth} ")).flat_map(|word| word.chars().collect::<Vec<_>>());
    let text: String = words.take(characters).collect();
    // A blank at the end could be trimmed.
    text.trim_end().to_owned() + if text.ends_with(' ') { "x" } else { "" }
}
