//! The agent's environment: all of it reaches the agent, and nothing of it anybody else.

use mosaic_harness::{Fleet, Launch, PaneProcess};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Nothing else on the machine has this in it, the tests beside this one included.
fn secret(fleet: &Fleet) -> String {
    format!("s3cr3t-0b5d6a7e41c94f-{}", fleet.tmux_socket())
}

fn launch<'fleet>(fleet: &'fleet Fleet, agent: &str) -> Launch<'fleet> {
    fleet.launch(agent).command(fleet.agent_command(agent))
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Where the secret can be seen by others now: command lines, and files that the mode of neither
/// them nor their directories keeps from the group or the world.
fn leaks(fleet: &Fleet) -> Vec<String> {
    let secret = secret(fleet);
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut found: Vec<String> = processes
        .map(|process| process.path().join("cmdline"))
        .filter(|path| std::fs::read(path).is_ok_and(|line| contains(&line, &secret)))
        .map(|path| path.display().to_string())
        .collect();
    // The root of the fleet is private, so that its tests are; below it every mode has to do by itself.
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

/// Looks for leaks, again and again, from before `action` begins until after it is done.
fn leaks_during(fleet: &Fleet, action: impl FnOnce()) -> Vec<String> {
    let (done, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut found = Vec::new();
            while !done.load(Ordering::Acquire) {
                found.extend(leaks(fleet));
                looks.fetch_add(1, Ordering::Release);
            }
            found
        });
        while looks.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        action();
        done.store(true, Ordering::Release);
        let mut found = watching.join().unwrap();
        found.extend(leaks(fleet));
        found.sort();
        found.dedup();
        found
    })
}

#[test]
fn a_secret_reaches_the_agent_and_no_command_line_and_no_file_of_others() {
    let fleet = Fleet::new();
    let found = leaks_during(&fleet, || {
        // Often: each time has its own moments at which the watcher happens to look.
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
fn the_search_for_leaks_finds_one() {
    let fleet = Fleet::new();
    let file = fleet.home().join("leak");
    std::fs::write(&file, secret(&fleet)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(leaks(&fleet), [file.display().to_string()]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(leaks(&fleet), [""; 0]);
    // As the bash launcher did it.
    let told =
        fleet.tmux_server(&["new-session", "-d", "-s", "leak", "-e", &format!("API_KEY={}", secret(&fleet)), "cat"]);
    assert!(told.status.success());
    assert!(leaks(&fleet).iter().any(|found| found.ends_with("/cmdline")));
}

/// A holder's session on a server that somebody started long ago, in another environment.
fn stale_server(fleet: &Fleet) {
    let mut tmux = fleet.command("/usr/bin/env");
    tmux.args(["FOO=stale", "STALE=1", "PATH=/nonexistent:/usr/bin:/bin", "TERM=vt100", "SHELL=/bin/false"]);
    tmux.args(["tmux", "-L", fleet.tmux_socket(), "-f", "/dev/null", "new-session", "-d", "-s", "_holder", "cat"]);
    assert!(tmux.status().unwrap().success());
}

/// But for what tmux says of the pane, and a shell of itself.
fn given(pane: &PaneProcess) -> BTreeMap<String, String> {
    let not_ours =
        ["COLORTERM", "SHLVL", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE", "_", "OLDPWD"];
    pane.environment().into_iter().filter(|(name, _)| !not_ours.contains(&name.as_str())).collect()
}

#[test]
fn the_agents_environment_is_the_launchers_whatever_the_server_was_started_with() {
    let fleet = Fleet::builder().env("FOO", "fresh").env("ODD", "a b;$x \"'#{pid}\té\n=").env("EMPTY", "").build();
    stale_server(&fleet);
    launch(&fleet, "coder0").interval("0.5").succeed();
    let pane = fleet.pane("coder0");
    let found = given(&pane);
    let path = found["PATH"].clone();
    assert!(path.starts_with(&fleet.environment()["PATH"]) && !path.contains("/nonexistent"), "{path}");
    let home = fleet.home().display().to_string();
    let mut expected = fleet.environment().clone();
    // Defaults are not among it: an agent that starts another one would pass its own on.
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
fn what_tmux_says_of_the_pane_is_not_overruled() {
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
fn what_systemd_says_to_a_service_does_not_reach_the_agent() {
    let fleet = Fleet::new();
    let said = [
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
    // A socket on which nobody listens; the sidecar was not told to talk to it either.
    let value = |name: &str| if name == "NOTIFY_SOCKET" { "@nobody".to_owned() } else { "1".to_owned() };
    let launch = said.iter().fold(launch(&fleet, "coder0"), |launch, name| launch.env(name, value(name)));
    launch.env("MINE", "1").succeed();
    let environment = fleet.pane("coder0").environment();
    let reached: Vec<_> = said.iter().filter(|name| environment.contains_key(**name)).collect();
    assert_eq!(reached, [&""; 0]);
    assert_eq!(environment["MINE"], "1");
}

#[test]
fn the_path_has_the_places_where_runtimes_are_if_they_exist() {
    let fleet = Fleet::new();
    let local = fleet.home().join(".local/bin");
    let directories = |pane: &PaneProcess| std::env::split_paths(&pane.environment()["PATH"]).collect::<Vec<PathBuf>>();
    launch(&fleet, "before").succeed();
    assert!(!directories(&fleet.pane("before")).contains(&local));
    std::fs::create_dir_all(&local).unwrap();
    // As minimal as systemd's.
    launch(&fleet, "after").env("PATH", "/usr/bin").succeed();
    let found = directories(&fleet.pane("after"));
    assert_eq!((found[0].as_path(), found.contains(&local)), (Path::new("/usr/bin"), true));
    // And it is found there.
    let script = format!("#!/bin/sh\n{}\n", fleet.agent_command("found"));
    fleet.install_script(&local.join("a-runtime"), &script);
    fleet.launch("found").command("a-runtime").succeed();
    assert!(!fleet.pane("found").process().is_dead());
}

#[test]
fn a_server_that_the_launcher_starts_knows_no_agents_secret() {
    const KEY: &str = "s3cr3t";
    let fleet = Fleet::builder().env("API_KEY", KEY).build();
    launch(&fleet, "coder0").succeed();
    let global = fleet.tmux(&["show-environment", "-g"]);
    assert!(global.status.success());
    let global = String::from_utf8(global.stdout).unwrap();
    assert!(global.contains("HOME=") && !global.contains(KEY), "{global}");
    // Nor do the sessions that others make on it.
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
fn an_agent_started_from_inside_a_tmux_is_on_the_fleets_server_all_the_same() {
    let fleet = Fleet::new();
    // The user's own, at which the agents' launcher is typed in.
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
