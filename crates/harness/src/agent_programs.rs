use crate::fleet::give;
use crate::installed_programs::{InstalledProgram, runtimes};
use crate::skip::skip_notice;
use crate::{Fleet, ModelServer};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which version of each agent program a test uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramSet {
    /// The newest that is installed.
    Newest,
    /// The one before it, where two are installed.
    Older,
}

/// The real agent programs, one version of each, with their Node and npm. `./dev setup test` installs them.
#[derive(Clone, Debug)]
pub struct AgentPrograms {
    programs: Vec<InstalledProgram>,
}

impl AgentPrograms {
    /// The API key of every program. Claude stores the last 20 characters of an approved key, so this is that short.
    const KEY: &str = "none-none-none-none";

    /// Returns the newest programs that `./dev` has installed, or `None` with a skip notice. If `CI` is set, a missing
    /// program is a panic.
    #[must_use]
    pub fn installed_or_skip() -> Option<Self> {
        Self::of_set_or_skip(ProgramSet::Newest)
    }

    /// Returns the programs of a set.
    #[must_use]
    pub fn of_set_or_skip(set: ProgramSet) -> Option<Self> {
        let programs = InstalledProgram::all_or_skip()?;
        Some(Self { programs: InstalledProgram::select(&programs, set) })
    }

    /// The same programs with this version of one of them, for example `claude` in `2.1.197`.
    ///
    /// # Panics
    /// That version is not installed: it has no line in `xtask/src/agent_programs.rs`.
    #[must_use]
    pub fn with(mut self, name: &str, version: &str) -> Self {
        let other = InstalledProgram::or_skip(name, version).expect("the version is installed with the others");
        self.programs.retain(|program| program.name != name);
        self.programs.push(other);
        self
    }

    /// The same programs with one that is reached through a link in the directory `bin` of a prefix, as npm installs it.
    /// A further call puts another version in its place.
    #[must_use]
    pub fn install_into(&self, name: &str, prefix: &Path) -> Self {
        let installed = self.program(name);
        let linked = InstalledProgram { prefix: prefix.to_owned(), ..installed.clone() };
        std::fs::create_dir_all(linked.directory()).expect("make a directory");
        let _ = std::fs::remove_file(linked.file());
        std::os::unix::fs::symlink(installed.file(), linked.file()).expect("make a link");
        let others = self.programs.iter().filter(|program| program.name != name).cloned();
        Self { programs: others.chain([linked]).collect() }
    }

    /// The version of a program.
    ///
    /// # Panics
    /// There is no such program.
    #[must_use]
    pub fn version(&self, name: &str) -> &str {
        &self.program(name).version
    }

    /// The executable of a program.
    ///
    /// # Panics
    /// There is no such program.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.program(name).file()
    }

    fn program(&self, name: &str) -> &InstalledProgram {
        let found = self.programs.iter().find(|program| program.name == name);
        found.unwrap_or_else(|| panic!("{name} is not one of the agent programs"))
    }

    /// Puts the programs' directories before the directories of `path`.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        let directories = self.programs.iter().map(|program| program.directory().display().to_string());
        directories.chain([path.to_owned()]).collect::<Vec<_>>().join(":")
    }

    /// Writes the configuration of each program into the fleet's home: the model server's address, and the home as a
    /// trusted directory.
    pub fn configure(&self, fleet: &Fleet, server: &ModelServer) {
        let home = fleet.home();
        write(home, ".pi/agent/models.json", &pi_models(server).to_string());
        write(home, ".codex/config.toml", &codex(home, server));
        write(home, ".config/opencode/opencode.json", &opencode(server).to_string());
        write(home, ".claude.json", &claude(home).to_string());
        write(home, ".claude/settings.json", &claude_settings(server).to_string());
        write(home, ".qwen/settings.json", &qwen_settings(server).to_string());
        give(home, fleet.owner());
    }
}

fn write(home: &Path, name: &str, text: &str) {
    let path = home.join(name);
    std::fs::create_dir_all(path.parent().expect("the file has a parent directory")).expect("make a directory");
    std::fs::write(path, text).expect("write a configuration");
}

fn codex(home: &Path, server: &ModelServer) -> String {
    format!(
        "model = \"stub-1\"\nmodel_provider = \"stub\"\ncheck_for_update_on_startup = false\n\
         [model_providers.stub]\nname = \"stub\"\nbase_url = \"{}\"\nwire_api = \"responses\"\n\
         request_max_retries = 0\nstream_max_retries = 0\n\
         [projects.\"{}\"]\ntrust_level = \"trusted\"\n",
        server.base_url(),
        home.display()
    )
}

fn opencode(server: &ModelServer) -> Value {
    json!({
        "model": "stub/stub-1",
        "small_model": "stub/stub-1",
        "autoupdate": false,
        "provider": { "stub": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "stub",
            "options": { "baseURL": server.base_url(), "apiKey": AgentPrograms::KEY },
            "models": { "stub-1": { "name": "stub-1" } },
        }},
    })
}

fn claude(home: &Path) -> Value {
    let project = json!({ "hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true });
    json!({
        "hasCompletedOnboarding": true,
        "theme": "dark",
        "bypassPermissionsModeAccepted": true,
        "customApiKeyResponses": { "approved": [AgentPrograms::KEY], "rejected": [] },
        "projects": { home.display().to_string(): project },
    })
}

fn claude_settings(server: &ModelServer) -> Value {
    let url = server.base_url();
    json!({ "skipDangerousModePermissionPrompt": true, "env": {
        "ANTHROPIC_BASE_URL": url.strip_suffix("/v1").unwrap_or(&url),
        "ANTHROPIC_API_KEY": AgentPrograms::KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "DISABLE_AUTOUPDATER": "1",
    }})
}

/// qwen searches each turn for what it should remember, by a model with tools of its own.
fn qwen_settings(server: &ModelServer) -> Value {
    json!({
        "security": { "auth": { "selectedType": "openai", "apiKey": AgentPrograms::KEY, "baseUrl": server.base_url() } },
        "model": { "name": "stub-1" },
        "memory": { "enableManagedAutoMemory": false },
    })
}

/// The real agent program pi, with its own Node. `./dev setup test` installs both; a pi or a Node that the developer
/// has installed is never used.
#[derive(Debug)]
pub struct Pi {
    node: PathBuf,
    entry: PathBuf,
}

impl Pi {
    const PROVIDER: &str = "stub";
    const MODEL: &str = "stub-1";

    /// Returns the older pi that `./dev` has installed, or `None` with a skip notice. If `CI` is set, a missing pi is a
    /// panic.
    #[must_use]
    pub fn installed_or_skip() -> Option<Self> {
        let programs = AgentPrograms::of_set_or_skip(ProgramSet::Older)?;
        let resolve = |name| programs.file(name).canonicalize().expect("an installed program");
        Some(Self { node: resolve("node"), entry: resolve("pi") })
    }

    /// Writes the model server's address into the pi configuration of the fleet's home.
    pub fn configure(&self, fleet: &Fleet, server: &ModelServer) {
        let top = fleet.home().join(".pi");
        let directory = top.join("agent");
        std::fs::create_dir_all(&directory).expect("make a directory");
        std::fs::write(directory.join("models.json"), pi_models(server).to_string()).expect("write a configuration");
        give(&top, fleet.owner());
    }

    /// Returns the shell command that starts pi, for example for a roster. It does not depend on `PATH`.
    #[must_use]
    pub fn command(&self) -> String {
        let (node, entry) = (shell_quote(&self.node), shell_quote(&self.entry));
        format!("exec {node} {entry} {}", Self::arguments())
    }

    /// The arguments that make pi use the model server and no other network service.
    pub(crate) fn arguments() -> String {
        format!("--offline --provider {} --model {}", Self::PROVIDER, Self::MODEL)
    }
}

/// The content of pi's `models.json`.
pub(crate) fn pi_models(server: &ModelServer) -> Value {
    let provider = json!({
        "baseUrl": server.base_url(),
        "api": "openai-completions",
        "apiKey": "none",
        "models": [{ "id": Pi::MODEL }],
    });
    json!({ "providers": { Pi::PROVIDER: provider } })
}

/// Quotes a path as one word of a shell command.
fn shell_quote(path: &Path) -> String {
    let path = path.to_str().expect("the path of the source tree is UTF-8");
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// An outdated pi that npm has installed in the fleet's home. It can update itself with the Node and npm that `./dev`
/// has installed; npm finds the newer version in its cache, without network access.
#[derive(Debug)]
pub struct OlderPi {
    prefix: PathBuf,
    cache: PathBuf,
    programs: AgentPrograms,
}

impl OlderPi {
    /// Copies a version of pi into the fleet's home, or returns `None` with a skip notice if `./dev` has not installed it.
    /// If `CI` is set, that is a panic.
    #[must_use]
    pub fn install_or_skip(fleet: &Fleet, version: &str) -> Option<Self> {
        let (programs, older) = (AgentPrograms::installed_or_skip()?, InstalledProgram::or_skip("pi", version)?);
        let cache = runtimes().join("npm-cache");
        if !cache.exists() {
            skip_notice(&format!("needs npm's cache in {}: ./dev setup test", cache.display()));
            return None;
        }
        // An update writes into both, so the fleet gets copies.
        let pi = Self { prefix: fleet.home().join(".npm-global"), cache: fleet.root().join("npm-cache"), programs };
        copy(&older.prefix, &pi.prefix);
        copy(&cache, &pi.cache);
        give(fleet.root(), fleet.owner());
        Some(pi)
    }

    /// npm's prefix directory.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Returns the installed version according to its `package.json`.
    #[must_use]
    pub fn version(&self) -> String {
        let package = self.prefix.join("lib/node_modules/@mariozechner/pi-coding-agent/package.json");
        let text = std::fs::read(&package).unwrap_or_else(|error| panic!("{}: {error}", package.display()));
        let package: Value = serde_json::from_slice(&text).expect("package.json is JSON");
        package["version"].as_str().expect("package.json has a version").to_owned()
    }

    /// Returns the `PATH` that contains this pi, its Node and npm.
    #[must_use]
    pub fn search_path(&self) -> String {
        let directories = ["node", "npm"].map(|name| self.programs.program(name).directory());
        let [node, npm] = directories.each_ref().map(|directory| directory.display());
        format!("{}:{node}:{npm}:/usr/bin:/bin", self.prefix.join("bin").display())
    }

    /// Returns the shell command that starts this pi with [`search_path`](Self::search_path) as `PATH`.
    #[must_use]
    pub fn command(&self) -> String {
        format!("exec pi {}", Pi::arguments())
    }

    /// Returns the environment variables for an update without network access.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 4] {
        let yes = || "true".to_owned();
        [
            ("npm_config_offline", yes()),
            ("npm_config_ignore_scripts", yes()),
            ("npm_config_cache", self.cache.display().to_string()),
            ("PI_SKIP_VERSION_CHECK", "1".to_owned()),
        ]
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status();
    assert!(copied.expect("run cp").success(), "copy {}", from.display());
}

#[cfg(test)]
mod tests {
    use super::shell_quote;
    use std::path::Path;

    #[test]
    fn a_quoted_path_is_one_shell_word() {
        assert_eq!(shell_quote(Path::new("/a b/$c/it's")), r"'/a b/$c/it'\''s'");
    }
}
