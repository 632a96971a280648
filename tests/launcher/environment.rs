//! The environment of an agent: all of it reaches the agent, and none of it leaks.

use crate::starts::launch;
use mosaic_harness::{Fleet, PaneProcess};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A secret that no other test uses.
fn secret(fleet: &Fleet) -> String {
    format!("s3cr3t-0b5d6a7e41c94f-{}", fleet.tmux_socket())
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Where other users could read the secret now: command lines, and files that are accessible to group or others.
fn leaks(fleet: &Fleet) -> Vec<String> {
    let secret = secret(fleet);
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut found: Vec<String> = processes
        .map(|process| process.path().join("cmdline"))
        .filter(|path| std::fs::read(path).is_ok_and(|line| contains(&line, &secret)))
        .map(|path| path.display().to_string())
        .collect();
    // The fleet's root is private only because it belongs to a test; below it each file's own mode counts.
    let mut directories = vec![fleet.root().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let open = metadata.permissions().mode() & 0o077 != 0;
            if metadata.is_dir() {
                directories.push(entry.path());
            } else if metadata.is_file()
                && open
                && std::fs::read(entry.path()).is_ok_and(|content| contains(&content, &secret))
            {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

/// Searches for leaks continuously, from before `action` begins until after it ends.
fn leaks_during(fleet: &Fleet, action: impl FnOnce()) -> Vec<String> {
    let (done, searches) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut found = Vec::new();
            while !done.load(Ordering::Acquire) {
                found.extend(leaks(fleet));
                searches.fetch_add(1, Ordering::Release);
            }
            found
        });
        while searches.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        action();
        done.store(true, Ordering::Release);
        let mut found = watcher.join().unwrap();
        found.extend(leaks(fleet));
        found.sort();
        found.dedup();
        found
    })
}

#[test]
fn a_secret_reaches_the_agent_but_no_command_line_and_no_readable_file() {
    let fleet = Fleet::new();
    let found = leaks_during(&fleet, || {
        // Repeated, so that the watcher samples different steps of a start.
        for _ in 0..20 {
            launch(&fleet, "coder0").arg("--replace").env("API_KEY", secret(&fleet)).succeed();
            assert_eq!(fleet.pane("coder0").environment()["API_KEY"], secret(&fleet));
        }
        assert!(fleet.tmux(&["respawn-pane", "-k", "-t", "=coder0:"]).status.success());
        fleet.wait_heartbeat("coder0", |beat| beat["gen"] == "21");
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn the_leak_search_finds_leaks() {
    let fleet = Fleet::new();
    let file = fleet.home().join("leak");
    std::fs::write(&file, secret(&fleet)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(leaks(&fleet), [file.display().to_string()]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(leaks(&fleet), [""; 0]);
    // The bash launcher passed variables like this.
    let created =
        fleet.tmux_server(&["new-session", "-d", "-s", "leak", "-e", &format!("API_KEY={}", secret(&fleet)), "cat"]);
    assert!(created.status.success());
    assert!(leaks(&fleet).iter().any(|found| found.ends_with("/cmdline")));
}

/// A server with a holder session that was started in another environment.
fn stale_server(fleet: &Fleet) {
    let mut tmux = fleet.command("/usr/bin/env");
    tmux.args(["FOO=stale", "STALE=1", "PATH=/nonexistent:/usr/bin:/bin", "TERM=vt100", "SHELL=/bin/false"]);
    tmux.args(["tmux", "-L", fleet.tmux_socket(), "-f", "/dev/null", "new-session", "-d", "-s", "_holder", "cat"]);
    assert!(tmux.status().unwrap().success());
}

/// The environment without the variables that tmux and the shell set.
fn passed_environment(pane: &PaneProcess) -> BTreeMap<String, String> {
    let excluded =
        ["COLORTERM", "SHLVL", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE", "_", "OLDPWD"];
    pane.environment().into_iter().filter(|(name, _)| !excluded.contains(&name.as_str())).collect()
}

#[test]
fn the_agent_gets_the_launchers_environment_and_not_the_servers() {
    let fleet = Fleet::builder().env("FOO", "fresh").env("ODD", "a b;$x \"'#{pid}\té\n=").env("EMPTY", "").build();
    stale_server(&fleet);
    launch(&fleet, "coder0").interval("0.5").succeed();
    let pane = fleet.pane("coder0");
    let found = passed_environment(&pane);
    let path = found["PATH"].clone();
    assert!(path.starts_with(&fleet.environment()["PATH"]) && !path.contains("/nonexistent"), "{path}");
    let home = fleet.home().display().to_string();
    let mut expected = fleet.environment().clone();
    // Defaults are not set: an agent that starts another agent would pass them on.
    for (name, value) in [
        ("PATH", path.as_str()),
        ("PWD", &home),
        ("MOSAIC_AGENT_NAME", "coder0"),
        ("MOSAIC_AGENT_COMMAND", &fleet.agent_command("coder0")),
        ("MOSAIC_HEARTBEAT_INTERVAL", "0.5"),
        ("MOSAIC_HEARTBEAT_RUN_DIR", fleet.run_directory().to_str().unwrap()),
    ] {
        expected.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(found, expected);
}

#[test]
fn variables_that_tmux_sets_for_the_pane_win() {
    let fleet = Fleet::new();
    stale_server(&fleet);
    let launch = launch(&fleet, "coder0").env("TERM", "dumb").env("TMUX", "/tmp/other,1,2").env("TMUX_PANE", "%99");
    launch.env("COLORTERM", "no").succeed();
    let environment = fleet.pane("coder0").environment();
    let shown =
        fleet.tmux(&["display-message", "-p", "-t", "=coder0:", "#{pane_id} #{socket_path},#{pid},#{session_id}"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    let (pane, server) = shown.trim_end().split_once(' ').unwrap();
    assert_eq!(
        (environment["TMUX_PANE"].as_str(), environment["TMUX"].replace(",$", ",")),
        (pane, server.replace(",$", ","))
    );
    let term = fleet.tmux(&["show-options", "-gv", "default-terminal"]);
    assert_eq!(environment["TERM"], String::from_utf8(term.stdout).unwrap().trim_end());
    assert_ne!(environment.get("COLORTERM").map(String::as_str), Some("no"));
}

#[test]
fn service_variables_of_systemd_do_not_reach_the_agent() {
    let fleet = Fleet::new();
    let service_variables = [
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
        "LISTEN_FDS",
        "LISTEN_PID",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "MAINPID",
        "SYSTEMD_EXEC_PID",
        "CREDENTIALS_DIRECTORY",
        "MEMORY_PRESSURE_WATCH",
    ];
    // A socket without a listener; the sidecar must not write to it either.
    let value = |name: &str| if name == "NOTIFY_SOCKET" { "@no-listener".to_owned() } else { "1".to_owned() };
    let launch = service_variables.iter().fold(launch(&fleet, "coder0"), |launch, name| launch.env(name, value(name)));
    launch.env("MINE", "1").succeed();
    let environment = fleet.pane("coder0").environment();
    let reached: Vec<_> = service_variables.iter().filter(|name| environment.contains_key(**name)).collect();
    assert_eq!(reached, [&""; 0]);
    assert_eq!(environment["MINE"], "1");
}

#[test]
fn existing_runtime_directories_are_appended_to_the_path() {
    let fleet = Fleet::new();
    let local = fleet.home().join(".local/bin");
    let directories = |pane: &PaneProcess| std::env::split_paths(&pane.environment()["PATH"]).collect::<Vec<PathBuf>>();
    launch(&fleet, "before").succeed();
    assert!(!directories(&fleet.pane("before")).contains(&local));
    std::fs::create_dir_all(&local).unwrap();
    // As short as the PATH that systemd sets.
    launch(&fleet, "after").env("PATH", "/usr/bin").succeed();
    let found = directories(&fleet.pane("after"));
    assert_eq!((found[0].as_path(), found.contains(&local)), (Path::new("/usr/bin"), true));
    // Programs in that directory are found.
    let script = format!("#!/bin/sh\n{}\n", fleet.agent_command("found"));
    fleet.install_script(&local.join("a-runtime"), &script);
    fleet.launch("found").command("a-runtime").succeed();
    assert!(!fleet.pane("found").process().is_dead());
}

#[test]
fn a_server_started_by_the_launcher_has_no_secret_in_its_environment() {
    const KEY: &str = "s3cr3t";
    let fleet = Fleet::builder().env("API_KEY", KEY).build();
    launch(&fleet, "coder0").succeed();
    let global = fleet.tmux(&["show-environment", "-g"]);
    assert!(global.status.success());
    let global = String::from_utf8(global.stdout).unwrap();
    assert!(global.contains("HOME=") && !global.contains(KEY), "{global}");
    // Nor is it in other sessions on that server.
    let command = fleet.agent_command("plain");
    let made = fleet
        .command("tmux")
        .env_remove("API_KEY")
        .args(["-N", "-L", fleet.tmux_socket()])
        .args(["new-session", "-d", "-s", "plain", &command])
        .status();
    assert!(made.unwrap().success());
    assert!(!fleet.pane("plain").environment().values().any(|value| value.contains(KEY)));
    assert_eq!(fleet.pane("coder0").environment()["API_KEY"], KEY);
}

#[test]
fn an_agent_started_inside_another_tmux_runs_on_the_fleets_server() {
    let fleet = Fleet::new();
    // A server of the user, inside which the launcher is run.
    let other = format!("{}-own", fleet.tmux_socket());
    let own =
        |arguments: &[&str]| fleet.command("tmux").args(["-f", "/dev/null", "-L", &other]).args(arguments).output();
    assert!(own(&["new-session", "-d", "-s", "own", "cat"]).unwrap().status.success());
    let inside = own(&["display-message", "-p", "#{socket_path},#{pid},0"]).unwrap();
    let inside = String::from_utf8(inside.stdout).unwrap();
    launch(&fleet, "coder0").env("TMUX", inside.trim_end()).env("TMUX_PANE", "%0").succeed();
    assert_eq!(fleet.sessions(), ["coder0"]);
    let sessions = own(&["list-sessions", "-F", "#{session_name}"]).unwrap();
    assert_eq!(String::from_utf8(sessions.stdout).unwrap(), "own\n");
    assert!(own(&["kill-server"]).unwrap().status.success());
}
