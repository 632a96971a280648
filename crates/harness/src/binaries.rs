use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Finds the programs under test.
///
/// `MOSAIC_FLEET_BIN_DIR`, which `./dev test` sets, names the directory that contains them. If it is unset, cargo
/// builds them on first use, in the dev profile; the product's programs are built statically for the musl target.
#[derive(Debug)]
pub struct Binaries;

type Built = BTreeMap<String, PathBuf>;

impl Binaries {
    /// The names of the product's programs.
    pub const PRODUCT: [&str; 5] =
        ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic", "mosaic-fleet-exporter"];

    /// Returns the path of one of the product's programs.
    #[must_use]
    pub fn product(name: &str) -> PathBuf {
        static BUILT: OnceLock<Built> = OnceLock::new();
        let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
        let packages = ["-p", "mosaic-launcher", "-p", "mosaic-cli", "-p", "mosaic-exporter"];
        find(name, &BUILT, &[&["--target", &target], &packages[..]].concat())
    }

    /// Returns the path of the launcher.
    #[must_use]
    pub fn start_agent_session() -> PathBuf {
        Self::product("start-agent-session")
    }

    /// Returns the path of the command `mosaic`.
    #[must_use]
    pub fn mosaic() -> PathBuf {
        Self::product("mosaic")
    }

    /// Returns the path of the pane process that a test controls, see [`PaneProcess`](crate::PaneProcess).
    #[must_use]
    pub fn test_agent() -> PathBuf {
        Self::harness("test-agent")
    }

    /// Returns the path of the terminal program that imitates an agent's user interface.
    #[must_use]
    pub fn test_tui() -> PathBuf {
        Self::harness("test-tui")
    }

    /// Returns the path of the exporter.
    #[must_use]
    pub fn exporter() -> PathBuf {
        Self::product("mosaic-fleet-exporter")
    }

    pub(crate) fn harness(name: &str) -> PathBuf {
        static BUILT: OnceLock<Built> = OnceLock::new();
        find(name, &BUILT, &["-p", "mosaic-harness"])
    }

    /// Returns the root of the source tree.
    #[must_use]
    pub fn workspace() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }
}

fn find(name: &str, built: &OnceLock<Built>, what: &[&str]) -> PathBuf {
    let given = std::env::var_os("MOSAIC_FLEET_BIN_DIR")
        .map(|directory| Path::new(&directory).join(name))
        .filter(|path| path.is_file());
    given.unwrap_or_else(|| {
        let built = built.get_or_init(|| build(what));
        let path = built.get(name);
        path.unwrap_or_else(|| panic!("`cargo build {}` did not build {name}", what.join(" "))).clone()
    })
}

/// Reads the paths from cargo's messages, since many settings can move the target directory.
fn build(what: &[&str]) -> Built {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--bins", "--message-format=json-render-diagnostics"])
        .args(what)
        .current_dir(Binaries::workspace())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("run cargo");
    assert!(output.status.success(), "cargo build {}", what.join(" "));
    let lines = output.stdout.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter_map(|message| {
            let name = message.get("target")?.get("name")?.as_str()?.to_owned();
            Some((name, PathBuf::from(message.get("executable")?.as_str()?)))
        })
        .collect()
}
