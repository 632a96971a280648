//! What a fleet needs beside itself. So far that is its agents' programs: which are installed, in which versions, and
//! whether these are known.
//!
//! Programs are searched for where the launcher does, on the search paths that the agents' env files record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mosaic_domain::RuntimeName;
use mosaic_process::find_on_path;
use mosaic_roster::{absolute_program, required_program};
use mosaic_runtimes::{InstalledPackage, NODE, Node, Profile, ProfileLibrary, Runtime, Unattended};
use schemars::JsonSchema;
use serde::Serialize;

use crate::observe::Observation;
use crate::target::Target;
use crate::verify::find_program;

mod judge;

use judge::{ProgramEvidence, RunningNode, judge};

/// The result of `mosaic doctor`, which is also its `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// The version of this format; 1. Fields are only ever added.
    pub schema: u32,
    /// Whether nothing is missing that an agent of the roster needs.
    pub ok: bool,
    /// What concerns no single program.
    pub findings: Vec<Finding>,
    /// The programs of the roster's runtimes, and those that are found on `PATH`.
    pub programs: Vec<ProgramDiagnosis>,
}

/// One agent program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramDiagnosis {
    /// The runtime.
    pub runtime: String,
    /// The agents that run it; none for a program that is only found on `PATH`.
    pub agents: Vec<String>,
    /// Where it is; null if it is not found.
    pub path: Option<String>,
    /// Its npm package; null if it is not known.
    pub package: Option<String>,
    /// Its version; null if it is not known.
    pub version: Option<String>,
    /// How its version relates to those that the profile was tested with.
    pub tested: Tested,
    /// The Node that runs it; null if it needs none, or none is found.
    pub node: Option<NodeDiagnosis>,
    /// What `mosaic yolo` adds so that it does not ask for permissions: arguments, and variables as NAME=VALUE.
    pub unattended: Vec<String>,
    /// What is wrong or worth knowing.
    pub findings: Vec<Finding>,
}

/// The Node of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NodeDiagnosis {
    /// Where it is.
    pub path: String,
    /// Its version.
    pub version: String,
    /// The oldest version that the program runs on; null if it does not say.
    pub needed: Option<String>,
}

/// How the version of a program relates to those that its profile was tested with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tested {
    /// The profile was tested with it.
    Known,
    /// It is newer than all of them: the profile of the newest is used.
    Newer,
    /// It lies between two of them.
    Between,
    /// It is older than all of them.
    Older,
    /// It is not known, or the profile names no version.
    Unknown,
}

/// Something that is wrong or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What was found.
    pub text: String,
    /// What to do about it; null if nothing has to be done.
    pub advice: Option<String>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing needs to be done.
    Note,
    /// An agent of the roster cannot run.
    Failure,
}

impl Finding {
    fn note(text: String, advice: Option<String>) -> Self {
        Self { level: Level::Note, text, advice }
    }

    fn failure(text: String, advice: Option<String>) -> Self {
        Self { level: Level::Failure, text, advice }
    }
}

/// A program to look at: where it was found, and where the Node is that runs it.
struct Place {
    program: Result<PathBuf, String>,
    node: Option<PathBuf>,
}

pub(crate) fn diagnose(target: &Target, observation: &Observation) -> Diagnosis {
    let library = ProfileLibrary::new(&target.home);
    let mut findings = Vec::new();
    let mut evidence: Vec<ProgramEvidence> = Vec::new();
    match &observation.generated.result {
        Ok(generated) => {
            for (agent, files) in generated.iter() {
                let Some(runtime) = runtime_of(&library, &files.command) else { continue };
                let path = files.search_path.as_deref().unwrap_or_default();
                let find = |command: &str| find_program(command, path, target.user_home.as_deref(), &target.tools());
                // A command that only a shell can resolve says nothing of its program.
                let Some(program) = find(&files.command) else { continue };
                let same = evidence.iter_mut().find(|known| known.runtime == runtime.name && known.program == program);
                if let Some(known) = same {
                    known.agents.push(agent.to_string());
                } else {
                    let node = find(NODE).and_then(Result::ok);
                    let found = look_at(&library, &runtime, Place { program, node });
                    let env_file = Some(target.home.paths().agent_env(agent));
                    evidence.push(ProgramEvidence { agents: vec![agent.to_string()], env_file, ..found });
                }
            }
        }
        Err(why) => {
            let text = format!("the programs of agents are not known: {why}");
            findings.push(if target.roster_path.exists() {
                Finding::failure(text, Some("mosaic fleet verify".to_owned()))
            } else {
                Finding::note(text, Some("mosaic fleet init".to_owned()))
            });
        }
    }
    let search_path = target.search_path.as_deref();
    for name in library.runtime_names() {
        if evidence.iter().any(|known| known.runtime == name) {
            continue;
        }
        let Ok(Some(runtime)) = library.runtime(&name) else { continue };
        if let Some(found) = find_on_path(&runtime.launch.program, search_path, "/".as_ref()) {
            let place = Place { program: Ok(found), node: find_on_path(NODE, search_path, "/".as_ref()) };
            evidence.push(look_at(&library, &runtime, place));
        }
    }
    let programs: Vec<ProgramDiagnosis> = evidence.into_iter().map(judge).collect();
    let all = findings.iter().chain(programs.iter().flat_map(|program| &program.findings));
    let ok = all.clone().all(|finding| finding.level != Level::Failure);
    Diagnosis { schema: 1, ok, findings, programs }
}

/// The runtime whose program a command runs.
fn runtime_of(library: &ProfileLibrary, command: &str) -> Option<Runtime> {
    let program = match absolute_program(command) {
        Some(path) => path.file_name()?.to_str()?.to_owned(),
        None => required_program(Some(command), &RuntimeName::default())?,
    };
    let runtimes = library.runtime_names().into_iter().filter_map(|name| library.runtime(&name).ok().flatten());
    let mut runtimes: Vec<Runtime> = runtimes.collect();
    let at = runtimes.iter().position(|runtime| runtime.launch.program == program);
    let at = at.or_else(|| runtimes.iter().position(|runtime| runtime.name.as_str() == program))?;
    Some(runtimes.swap_remove(at))
}

/// Reads what a program's files say of it. The program itself is not run.
fn look_at(library: &ProfileLibrary, runtime: &Runtime, place: Place) -> ProgramEvidence {
    let file = place.program.as_ref().ok().and_then(|path| path.canonicalize().ok());
    let package = file.as_ref().and_then(|file| InstalledPackage::of_file(file, &runtime.packages));
    let is_script = file.as_deref().is_some_and(Node::runs);
    let profile: Option<Profile> = library.profile(&runtime.name).ok();
    let launch = runtime.launch_for(package.as_ref().map(|package| &package.version));
    ProgramEvidence {
        runtime: runtime.name.clone(),
        packages: runtime.packages.clone(),
        install: runtime.launch.install.clone(),
        unattended: unattended_words(&launch.unattended),
        agents: Vec::new(),
        env_file: None,
        program: place.program,
        package,
        node: match place.node.filter(|_| is_script).and_then(Node::at) {
            _ if !is_script => RunningNode::NotNeeded,
            Some(node) => RunningNode::Found(node),
            None => RunningNode::Missing,
        },
        tested_with: profile.map(|profile| profile.tested_with).unwrap_or_default(),
    }
}

fn unattended_words(unattended: &Unattended) -> Vec<String> {
    let options = unattended.options.iter().flat_map(|option| &option.arguments);
    let environment: &BTreeMap<String, String> = &unattended.environment;
    let variables = environment.iter().map(|(name, value)| format!("{name}={value}"));
    unattended.arguments.iter().chain(options).cloned().chain(variables).collect()
}
