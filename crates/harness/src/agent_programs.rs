use crate::fleet::give;
use crate::required_program::runs;
use crate::skip_notice::skip_notice;
use crate::{Fleet, ModelServer, pi};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
        let directory = pi::runtimes().join("node_modules/.bin");
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
        write(home, ".pi/agent/models.json", &pi::models(server).to_string());
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
