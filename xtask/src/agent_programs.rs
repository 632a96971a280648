//! Real agent programs, which tests start to see what reaches them.
//!
//! Each version is installed in a directory of its own, `target/runtimes/PROGRAM@VERSION`, together with a Node that tests
//! use: the Node of a distribution may be too old, and no test depends on what a developer has installed.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::cargo::Cargo;
use crate::failure::{Failure, note};

/// One version of a program.
#[derive(Clone, Copy, Debug)]
struct AgentProgram {
    /// The name of its executable.
    name: &'static str,
    version: &'static str,
    /// The npm package; `MACHINE` stands for Node's name of this machine's architecture.
    package: &'static str,
    /// The only script of the package that is run. It puts the program for this machine in its place.
    script: Option<&'static str>,
    cache: Cache,
}

/// Whether npm keeps what it downloads for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cache {
    /// In the developer's own cache.
    Usual,
    /// In `target/runtimes/npm-cache`, from which a test installs this version without a network.
    ForTests,
}

impl AgentProgram {
    const fn new(name: &'static str, version: &'static str, package: &'static str) -> Self {
        Self { name, version, package, script: None, cache: Cache::Usual }
    }

    const fn with_script(self, script: &'static str) -> Self {
        Self { script: Some(script), ..self }
    }

    const fn cached_for_tests(self) -> Self {
        Self { cache: Cache::ForTests, ..self }
    }

    /// The name of its directory.
    fn directory(self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn package(self) -> String {
        let machine = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        self.package.replace("MACHINE", machine)
    }
}

const NODE: AgentProgram = AgentProgram::new("node", "24.22.3", "node-linux-MACHINE");

/// What is installed. Of each program, the newest version comes first, and then the one that tests call the older one.
const PROGRAMS: [AgentProgram; 12] = [
    NODE,
    // pi 1.6 needs a newer one, and says so by a SyntaxError.
    AgentProgram::new("node", "20.20.2", NODE.package),
    AgentProgram::new("npm", "11.19.1", "npm"),
    AgentProgram::new("claude", "2.1.332", "@anthropic-ai/claude-code").with_script("install.cjs"),
    AgentProgram::new("claude", "2.1.197", "@anthropic-ai/claude-code").with_script("install.cjs"),
    AgentProgram::new("codex", "0.171.0", "@openai/codex"),
    AgentProgram::new("opencode", "1.18.33", "opencode-ai").with_script("postinstall.mjs"),
    AgentProgram::new("pi", "1.6.0", "@earendil-works/pi-coding-agent").cached_for_tests(),
    AgentProgram::new("pi", "0.73.1", "@mariozechner/pi-coding-agent").cached_for_tests(),
    // A test lets this version update itself to the one above.
    AgentProgram::new("pi", "0.73.0", "@mariozechner/pi-coding-agent"),
    AgentProgram::new("qwen", "0.24.4", "@qwen-code/qwen-code"),
    AgentProgram::new("copilot", "1.0.102", "@github/copilot"),
];

/// What is installed in addition if `MOSAIC_TEST_PROGRAMS` is `all`: a new machine would load it for every change. The screens
/// of these programs are recorded, and tests read them everywhere.
const FURTHER_PROGRAMS: [AgentProgram; 1] = [AgentProgram::new("kimi", "2.1.0", "@moonshot-ai/kimi-code")];

/// The programs that this run of `./dev` installs.
fn programs() -> Vec<AgentProgram> {
    let has_all = std::env::var_os("MOSAIC_TEST_PROGRAMS").is_some_and(|which| which == "all");
    let further = FURTHER_PROGRAMS.into_iter().filter(|_| has_all);
    PROGRAMS.into_iter().chain(further).collect()
}

/// The directory of npm's cache beside the programs.
const NPM_CACHE: &str = "npm-cache";
/// The file that names the installed programs, newest first. It is written last.
const INSTALLED: &str = "installed";
/// One npm loads while another unpacks.
const PARALLEL: usize = 2;

const QUIET: [&str; 5] = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--loglevel=error"];

/// Installs the agent programs that are missing, and removes those that are not in the table.
pub(crate) fn require(cargo: &Cargo) -> Result<(), Failure> {
    let runtimes = cargo.target_directory().join("runtimes");
    let programs = programs();
    let wanted: Vec<String> = programs.iter().map(|program| program.directory()).collect();
    let installed = runtimes.join(INSTALLED);
    let stamp = wanted.join("\n") + "\n";
    if fs::read_to_string(&installed).is_ok_and(|text| text == stamp) {
        return Ok(());
    }
    let failed = |error: io::Error| Failure::unavailable(format!("{}: {error}", runtimes.display()));
    fs::create_dir_all(&runtimes).map_err(failed)?;
    for entry in fs::read_dir(&runtimes).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name != NPM_CACHE && !wanted.iter().any(|wanted| name == wanted.as_str()) {
            remove(&entry.path()).map_err(failed)?;
        }
    }
    let missing = programs.into_iter().filter(|program| !runtimes.join(program.directory()).exists());
    let (nodes, others): (Vec<_>, Vec<_>) = missing.partition(|program| program.name == NODE.name);
    let names: Vec<String> = nodes.iter().chain(&others).map(|program| program.directory()).collect();
    note(format!("installing agent programs for the tests: {}", names.join(" ")));
    // The scripts of the others need Node.
    install_all(cargo, &runtimes, nodes)?;
    install_all(cargo, &runtimes, others)?;
    fs::write(installed, stamp).map_err(failed)
}

/// Installs programs, a few at the same time.
fn install_all(cargo: &Cargo, runtimes: &Path, programs: Vec<AgentProgram>) -> Result<(), Failure> {
    let queue = Mutex::new(VecDeque::from(programs));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        while let Some(program) = next() {
            install(cargo, runtimes, program)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Installs a program beside its place and then moves it, so that an interrupted installation does not count.
fn install(cargo: &Cargo, runtimes: &Path, program: AgentProgram) -> Result<(), Failure> {
    let draft = runtimes.join(format!("{}.draft", program.directory()));
    let failed = |error: io::Error| Failure::unavailable(format!("{}: {error}", draft.display()));
    remove(&draft).map_err(failed)?;
    let package = program.package();
    let mut npm = cargo.program("npm");
    npm.args(["install", "--global", "--prefix"]).arg(&draft).args(QUIET);
    if program.cache == Cache::ForTests {
        npm.arg("--cache").arg(runtimes.join(NPM_CACHE));
    }
    let specification = format!("{package}@{}", program.version);
    Cargo::run("npm install", npm.arg(&specification)).map_err(|_| {
        Failure::unavailable(format!("npm could not install {specification}"))
            .with("its message is above; solve the problem and run this command again")
    })?;
    if let Some(script) = program.script {
        let mut node = cargo.program(&runtimes.join(NODE.directory()).join("bin/node").to_string_lossy());
        let directory = draft.join("lib/node_modules").join(&package);
        Cargo::run(&format!("{package}/{script}"), node.arg(script).current_dir(directory))
            .map_err(|_| Failure::unavailable(format!("{package}/{script} failed; its message is above")))?;
    }
    fs::rename(&draft, runtimes.join(program.directory())).map_err(failed)
}

/// Removes a file or a directory, if it exists.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(entry) if entry.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::PROGRAMS;

    #[test]
    fn each_version_has_a_directory_of_its_own_and_the_newest_comes_first() {
        let number = |version: &str| version.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
        for (at, program) in PROGRAMS.iter().enumerate() {
            for older in PROGRAMS[at + 1..].iter().filter(|other| other.name == program.name) {
                assert!(number(program.version) > number(older.version), "{program:?} {older:?}");
            }
        }
    }
}
