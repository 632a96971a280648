use crate::fleet::give;
use crate::skip::{runs, skip_notice};
use crate::{Binaries, Fleet, ModelServer};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The agent programs as people really run them: claude, codex, opencode and pi, in a directory for `PATH` that
/// has their Node, too. `./dev` installs them; one of the developer's is never used.
#[derive(Debug)]
pub struct AgentPrograms {
    directory: PathBuf,
}

impl AgentPrograms {
    /// The key that they all present, and the end of it, by which claude remembers that it may.
    const KEY: &str = "none-none-none-none";

    /// Those that `./dev` has installed. Where it has not the test says loudly that it is skipped, and in
    /// continuous integration it fails.
    #[must_use]
    pub fn installed_or_skip() -> Option<Self> {
        let directory = runtimes().join("node_modules/.bin");
        if ["node", "claude", "codex", "opencode", "pi"].iter().all(|program| runs(&directory.join(program))) {
            return Some(Self { directory });
        }
        skip_notice(&format!("needs the agent programs in {}: ./dev setup test", directory.display()));
        None
    }

    /// A `PATH` on which they are found first, for a user with this one.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        format!("{}:{path}", self.directory.display())
    }

    /// Sets all of them up in a fleet's home, each as its user would: with this model, and with the home as a
    /// directory that is trusted.
    pub fn configure(&self, fleet: &Fleet, server: &ModelServer) {
        let home = fleet.home();
        write(home, ".pi/agent/models.json", &pi_models(server).to_string());
        write(home, ".codex/config.toml", &codex(home, server));
        write(home, ".config/opencode/opencode.json", &opencode(server).to_string());
        write(home, ".claude.json", &claude(home).to_string());
        write(home, ".claude/settings.json", &claude_settings(server).to_string());
        give(home, fleet.owner());
    }
}

fn write(home: &Path, name: &str, text: &str) {
    let path = home.join(name);
    std::fs::create_dir_all(path.parent().expect("it is in a directory")).expect("make a directory");
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

/// pi, an agent program as people really run it, with a Node of its own. `./dev` installs both; a pi
/// or a Node of the developer's is never used.
#[derive(Debug)]
pub struct Pi {
    node: PathBuf,
    entry: PathBuf,
}

impl Pi {
    const PROVIDER: &str = "stub";
    const MODEL: &str = "stub-1";

    /// The one that `./dev` has installed. Where it has not the test says loudly that it is skipped,
    /// and in continuous integration it fails.
    #[must_use]
    pub fn installed_or_skip() -> Option<Self> {
        let runtimes = runtimes();
        let modules = runtimes.join("node_modules");
        let pi = Self {
            node: modules.join(format!("node-linux-{}/bin/node", node_architecture())),
            entry: modules.join("@mariozechner/pi-coding-agent/dist/cli.js"),
        };
        if runs(&pi.node) && pi.entry.is_file() {
            return Some(pi);
        }
        skip_notice(&format!("needs pi in {}: ./dev setup test", runtimes.display()));
        None
    }

    /// Tells every pi of the fleet's home that the model is there.
    pub fn configure(&self, fleet: &Fleet, server: &ModelServer) {
        let top = fleet.home().join(".pi");
        let directory = top.join("agent");
        std::fs::create_dir_all(&directory).expect("make a directory");
        std::fs::write(directory.join("models.json"), pi_models(server).to_string()).expect("write a configuration");
        give(&top, fleet.owner());
    }

    /// The line for a shell, in a roster say, that becomes pi. It needs no `PATH`.
    #[must_use]
    pub fn command(&self) -> String {
        let (node, entry) = (quoted(&self.node), quoted(&self.entry));
        format!("exec {node} {entry} {}", Self::arguments())
    }

    /// What makes any pi ask the model, and nobody else.
    pub(crate) fn arguments() -> String {
        format!("--offline --provider {} --model {}", Self::PROVIDER, Self::MODEL)
    }
}

/// What pi has to know of a model.
pub(crate) fn pi_models(server: &ModelServer) -> Value {
    let provider = json!({
        "baseUrl": server.base_url(),
        "api": "openai-completions",
        "apiKey": "none",
        "models": [{ "id": Pi::MODEL }],
    });
    json!({ "providers": { Pi::PROVIDER: provider } })
}

/// Where `./dev` puts agent programs.
pub(crate) fn runtimes() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let workspace = Binaries::workspace().canonicalize().expect("the source tree is there");
    workspace.join(target).join("runtimes")
}

/// What Node calls this machine.
pub(crate) fn node_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// One word for a shell, whatever is in it.
fn quoted(path: &Path) -> String {
    let path = path.to_str().expect("the path of a source tree is text");
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// A pi that is not the newest: as its user has installed it with npm, in his home. It can update itself, by
/// a Node and an npm that `./dev` has installed; npm finds the newer version without a network.
#[derive(Debug)]
pub struct OlderPi {
    prefix: PathBuf,
    cache: PathBuf,
    programs: [PathBuf; 2],
}

impl OlderPi {
    /// One in the fleet's home. Where `./dev` has not installed what it takes the test says loudly that it is
    /// skipped, and in continuous integration it fails.
    #[must_use]
    pub fn install_or_skip(fleet: &Fleet) -> Option<Self> {
        let runtimes = runtimes();
        let modules = runtimes.join("node_modules");
        let programs = [modules.join(format!("node-linux-{}/bin", node_architecture())), modules.join(".bin")];
        let (older, cache) = (runtimes.join("older"), runtimes.join("npm-cache"));
        let is_there = runs(&programs[0].join("node"))
            && [&older, &cache, &modules.join(".bin/npm")].iter().all(|path| path.exists());
        if !is_there {
            skip_notice(&format!("needs an older pi in {}: ./dev setup test", runtimes.display()));
            return None;
        }
        // Copies: an update writes into both.
        let pi = Self { prefix: fleet.home().join(".npm-global"), cache: fleet.root().join("npm-cache"), programs };
        copy(&older, &pi.prefix);
        copy(&cache, &pi.cache);
        give(fleet.root(), fleet.owner());
        Some(pi)
    }

    /// The directory that npm calls its prefix.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The version that is installed now, by its package.
    #[must_use]
    pub fn version(&self) -> String {
        let package = self.prefix.join("lib/node_modules/@mariozechner/pi-coding-agent/package.json");
        let text = std::fs::read(&package).unwrap_or_else(|error| panic!("{}: {error}", package.display()));
        let package: Value = serde_json::from_slice(&text).expect("a package is described in JSON");
        package["version"].as_str().expect("it has a version").to_owned()
    }

    /// Where it and what it needs are found.
    #[must_use]
    pub fn search_path(&self) -> String {
        let [node, npm] = &self.programs;
        format!("{}:{}:{}:/usr/bin:/bin", self.prefix.join("bin").display(), node.display(), npm.display())
    }

    /// The line that an agent runs, on that path.
    #[must_use]
    pub fn command(&self) -> String {
        format!("exec pi {}", Pi::arguments())
    }

    /// What whoever updates it has in the environment: nothing is asked of the world.
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
    use super::quoted;
    use std::path::Path;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/$c/it's")), r"'/a b/$c/it'\''s'");
    }
}
