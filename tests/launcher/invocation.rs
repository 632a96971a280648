//! Arguments and settings of the launcher: invalid ones are refused with a message before anything is created.

use mosaic_harness::{Binaries, Deadline, Fleet, Launch};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Belongs to no user: between the ranges that systemd and distributions use.
const UID: u32 = 47110;

/// The rule that the message of a refused name contains.
const RULE: &str = "an agent name is 1 to 64 letters, digits, '_' or '-' (ASCII), and starts with a letter or digit";

fn launcher(fleet: &Fleet) -> Command {
    fleet.command(Binaries::start_agent_session())
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output, code: i32, words: &[&str]) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty(), "{output:?}");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}

/// Every path in the fleet, including the listening socket of its panes.
fn tree(fleet: &Fleet) -> Vec<PathBuf> {
    let mut found = vec![fleet.root().to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        if path.is_dir() && !path.is_symlink() {
            found.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
        next += 1;
    }
    found.sort();
    found
}

fn bad_names() -> Vec<OsString> {
    let names = ["", "-x", "a b", "a.b", "a:b", "=a", "../x", "a/b", "a;b", "$(x)", "_holder", "é", "a\n", "%1", "@2"];
    let mut names: Vec<OsString> = names.map(OsString::from).into();
    names.push("a".repeat(65).into());
    names.push(OsString::from_vec(vec![b'a', 0xff, 0xfe]));
    names
}

#[test]
fn an_invalid_name_is_refused_with_the_rule_and_creates_nothing() {
    let fleet = Fleet::new();
    let before = tree(&fleet);
    for name in bad_names() {
        let as_argument = launcher(&fleet).arg(&name).output().unwrap();
        let after_dashes = launcher(&fleet).arg("--").arg(&name).output().unwrap();
        let as_variable = launcher(&fleet).env("MOSAIC_AGENT_NAME", &name).output().unwrap();
        let in_the_foreground = launcher(&fleet).args(["--foreground", "--replace", "--"]).arg(&name).output().unwrap();
        if name == "-x" {
            refused(&as_argument, 64, &["error: unexpected argument '-x'"]);
            assert!(!stderr(&as_argument).contains(RULE), "{as_argument:?}");
        } else {
            refused(&as_argument, 64, &["ERROR: ", RULE]);
        }
        for output in [after_dashes, as_variable, in_the_foreground] {
            refused(&output, 64, &["ERROR: ", RULE]);
        }
        assert_eq!(tree(&fleet), before, "{name:?}");
        assert_eq!(fleet.processes(), [0; 0], "{name:?}");
    }
}

#[test]
fn a_full_standard_output_is_reported() {
    let fleet = Fleet::new();
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    for arguments in [&["coder0"][..], &["coder0", "--output", "json"], &["--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = launcher(&fleet).args(arguments).stdout(full).output().unwrap();
        refused(&output, 74, &["ERROR: cannot write to standard output: "]);
    }
}

#[test]
fn without_a_name_the_error_names_the_variable() {
    let fleet = Fleet::new();
    let before = tree(&fleet);
    refused(&launcher(&fleet).output().unwrap(), 64, &["MOSAIC_AGENT_NAME", RULE]);
    assert_eq!(tree(&fleet), before);
}

#[test]
fn the_name_can_come_from_the_environment() {
    let fleet = Fleet::new();
    let longest = "a".repeat(64);
    for agent in ["coder0", "0", "A_b-9", &longest] {
        fleet.launch(agent).named_by_environment().command(fleet.agent_command(agent)).succeed();
        assert_eq!(fleet.heartbeat(agent).unwrap()["pid"], fleet.pane(agent).pid().to_string());
    }
    let mut expected = ["coder0", "0", "A_b-9", longest.as_str()];
    expected.sort_unstable();
    assert_eq!(fleet.sessions(), expected);
}

#[test]
fn an_invalid_variable_is_named_and_creates_nothing() {
    let fleet = Fleet::new();
    let before = tree(&fleet);
    let table = [
        ("MOSAIC_HEARTBEAT_INTERVAL", "abc"),
        ("MOSAIC_HEARTBEAT_INTERVAL", "0"),
        ("MOSAIC_HEARTBEAT_INTERVAL", "-1"),
        ("MOSAIC_HEARTBEAT_INTERVAL", "15 sheep"),
        ("MOSAIC_TMUX_SOCKET", "../x"),
        ("MOSAIC_AGENT_RUNTIME", "pi; rm -rf /"),
    ];
    for (variable, invalid) in table {
        let output = fleet.launch("coder0").env(variable, invalid).output();
        refused(&output, 78, &["ERROR: ", variable, invalid]);
        assert_eq!(tree(&fleet), before, "{variable}={invalid}");
    }
    assert_eq!(fleet.processes(), [0; 0]);
}

#[test]
fn help_and_version_succeed_and_unknown_options_are_usage_errors() {
    let fleet = Fleet::new();
    let before = tree(&fleet);
    let help = launcher(&fleet).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert_eq!((help.status.code(), help.stderr.len()), (Some(0), 0));
    for word in ["--foreground", "--replace", "MOSAIC_AGENT_COMMAND", "Exit codes"] {
        assert!(text.contains(word), "{word}");
    }
    let version = launcher(&fleet).arg("--version").output().unwrap();
    assert_eq!(version.status.code(), Some(0));
    assert!(String::from_utf8(version.stdout).unwrap().starts_with("start-agent-session "));
    refused(&launcher(&fleet).args(["--detach", "coder0"]).output().unwrap(), 64, &["--detach"]);
    refused(&launcher(&fleet).args(["coder0", "coder1"]).output().unwrap(), 64, &["coder1"]);
    assert_eq!(tree(&fleet), before);
}

#[test]
fn a_file_in_place_of_the_working_directory_is_an_io_error() {
    let fleet = Fleet::new();
    std::fs::write(fleet.home().join("file"), "").unwrap();
    for directory in ["file", "file/below"] {
        let directory = fleet.home().join(directory);
        let output = fleet.launch("coder0").env("MOSAIC_AGENT_WORKDIR", &directory).output();
        let words = ["ERROR: ", "MOSAIC_AGENT_WORKDIR", directory.to_str().unwrap()];
        refused(&output, 74, &words);
    }
    assert_eq!((fleet.sessions(), fleet.heartbeat("coder0")), (vec![], None));
    assert_eq!(fleet.processes(), [0; 0]);
}

#[test]
fn a_file_in_place_of_the_run_directory_is_an_io_error() {
    let fleet = Fleet::builder().run_directory("file/run").build();
    std::fs::write(fleet.root().join("file"), "").unwrap();
    let output = fleet.launch("coder0").output();
    refused(&output, 74, &["ERROR: ", "MOSAIC_HEARTBEAT_RUN_DIR", fleet.run_directory().to_str().unwrap()]);
    assert_eq!(fleet.processes(), [0; 0]);
}

/// A fleet whose owner is subject to file permissions, and its launcher. If root runs the tests, the owner is an
/// ordinary user.
fn unprivileged_fleet(run_directory: Option<&str>) -> (Fleet, PathBuf) {
    let builder = Fleet::builder();
    let builder = if rustix::process::geteuid().is_root() { builder.owner(UID, UID) } else { builder };
    let fleet = match run_directory {
        Some(directory) => builder.run_directory(directory).build(),
        None => builder.build(),
    };
    let program = fleet.install_programs();
    (fleet, program)
}

fn forbid(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o500)).unwrap();
}

#[test]
fn a_working_directory_that_cannot_be_created_is_a_permission_error() {
    let (fleet, program) = unprivileged_fleet(None);
    // If root creates the directory, the owner of the fleet has no access; otherwise its mode forbids it.
    forbid(&fleet.root().join("closed"));
    let wanted = fleet.root().join("closed/work");
    let output = fleet.launch("coder0").program(program).env("MOSAIC_AGENT_WORKDIR", &wanted).output();
    refused(&output, 77, &["ERROR: ", "MOSAIC_AGENT_WORKDIR", wanted.to_str().unwrap()]);
    assert_eq!(fleet.processes(), [0; 0]);
}

#[test]
fn an_unwritable_run_directory_is_a_permission_error() {
    for directory in ["closed", "closed/run"] {
        let (fleet, program) = unprivileged_fleet(Some(directory));
        forbid(&fleet.root().join("closed"));
        let output = fleet.launch("coder0").program(&program).output();
        refused(&output, 77, &["ERROR: ", "MOSAIC_HEARTBEAT_RUN_DIR", fleet.run_directory().to_str().unwrap()]);
        assert_eq!(fleet.processes(), [0; 0], "{directory}");
    }
}

#[test]
fn a_working_directory_without_access_is_a_permission_error() {
    let (fleet, program) = unprivileged_fleet(None);
    let closed = fleet.root().join("closed");
    forbid(&closed);
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let output = fleet.launch("coder0").program(program).env("MOSAIC_AGENT_WORKDIR", &closed).output();
    refused(&output, 77, &["ERROR: ", "MOSAIC_AGENT_WORKDIR", closed.to_str().unwrap()]);
    assert_eq!(fleet.processes(), [0; 0]);
}

#[test]
fn without_tmux_the_error_says_that_tmux_is_required() {
    let fleet = Fleet::new();
    // The launcher also searches standard directories, so tmux has to disappear: in a private mount namespace,
    // /dev/null is mounted over it.
    let hide = r#"for tmux in /usr/local/bin/tmux /usr/bin/tmux /bin/tmux /snap/bin/tmux; do
                      if [ -e "$tmux" ]; then mount --bind /dev/null "$tmux" || exit 99; fi
                  done; PATH=/nonexistent exec "$0" coder0"#;
    let mut unshare = fleet.command("unshare");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let output = unshare.args(["--mount", "sh", "-c", hide]).arg(Binaries::start_agent_session()).output().unwrap();
    refused(&output, 69, &["ERROR: tmux is required", "/nonexistent"]);
    assert_eq!(fleet.heartbeat("coder0"), None);
}

#[test]
fn a_tmux_that_is_too_old_is_refused_with_its_version() {
    let fleet = Fleet::new();
    // A stand-in that answers `-V` and the option -N (new in 3.2) as tmux 3.1c does. The test hosts have no old
    // tmux.
    let bin = fleet.root().join("bin");
    let script = "#!/bin/sh\nif [ \"$1\" = -V ]; then echo 'tmux 3.1c'; exit 0; fi\n\
                  echo 'usage: tmux [-2CluvV] [-c shell-command] [-f file] [-L socket-name]' >&2\n\
                  echo '            [-S socket-path] [command [flags]]' >&2\nexit 1\n";
    fleet.install_script(&bin.join("tmux"), script);
    let path = format!("{}:{}", bin.display(), fleet.environment()["PATH"]);
    let variants: [fn(Launch<'_>) -> Launch<'_>; 4] = [
        |launch| launch,
        |launch| launch.foreground(),
        |launch| launch.arg("--replace"),
        |launch| launch.foreground().arg("--replace"),
    ];
    for variant in variants {
        let output = variant(fleet.launch("coder0").env("PATH", &path)).output();
        refused(&output, 69, &["ERROR: tmux 3.2 or newer is required", "3.1c", bin.to_str().unwrap()]);
    }
    assert_eq!(fleet.heartbeat("coder0"), None);
}

#[test]
fn working_directories_with_special_characters_work() {
    let fleet = Fleet::new();
    let names =
        ["a b;", "x#{pid}", "#(touch pwned)", "ünï", "##(touch pwned)", "#[fg=red]", "$(touch pwned)", "-d", ";"];
    for (number, name) in names.into_iter().enumerate() {
        let agent = format!("agent{number}");
        let directory = fleet.home().join(name).join("below").join(name);
        let launch = fleet.launch(&agent).env("MOSAIC_AGENT_WORKDIR", &directory);
        launch.command(fleet.agent_command(&agent)).succeed();
        assert_eq!(fleet.pane(&agent).working_directory(), directory, "{name}");
        // The session's directory, in which tmux opens further windows.
        let path = fleet.tmux(&["display-message", "-p", "-t", &format!("={agent}:"), "#{session_path}"]);
        assert_eq!(OsStr::new(String::from_utf8(path.stdout).unwrap().trim_end()), directory.as_os_str());
    }
    // tmux runs `#(…)` asynchronously; all of it has ended when the server is gone.
    assert!(fleet.tmux(&["kill-server"]).status.success());
    let deadline = Deadline::default();
    while !fleet.processes().is_empty() {
        assert!(!deadline.passed(), "{:?}", fleet.processes());
        std::thread::yield_now();
    }
    let executed: Vec<_> = tree(&fleet).into_iter().filter(|path| path.ends_with("pwned")).collect();
    assert_eq!(executed, Vec::<PathBuf>::new());
}

#[test]
fn a_working_directory_can_be_relative_or_start_with_a_tilde() {
    let fleet = Fleet::new();
    for (agent, given, expected) in [("a", "~/src/one", "src/one"), ("b", "two", "two"), ("c", "~", "")] {
        let launch = fleet.launch(agent).env("MOSAIC_AGENT_WORKDIR", given);
        launch.command(fleet.agent_command(agent)).succeed();
        let expected = fleet.home().join(expected).components().collect::<PathBuf>();
        assert_eq!(fleet.pane(agent).working_directory(), expected);
    }
}
