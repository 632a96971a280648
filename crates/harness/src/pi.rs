use crate::fleet::give;
use crate::required_program::runs;
use crate::skip_notice::skip_notice;
use crate::{Binaries, Fleet, ModelServer};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
        std::fs::write(directory.join("models.json"), models(server).to_string()).expect("write a configuration");
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
pub(crate) fn models(server: &ModelServer) -> Value {
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

#[cfg(test)]
mod tests {
    use super::quoted;
    use std::path::Path;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/$c/it's")), r"'/a b/$c/it'\''s'");
    }
}
