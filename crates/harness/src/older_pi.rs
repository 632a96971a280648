use crate::fleet::give;
use crate::pi::{node_architecture, runtimes};
use crate::required_program::runs;
use crate::skip_notice::skip_notice;
use crate::{Fleet, Pi};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

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
