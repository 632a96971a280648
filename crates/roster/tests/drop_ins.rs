//! Drop-ins say only what differs from the units.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use std::path::Path;

use mosaic_roster::{Roster, agent_drop_in, holder_drop_in};

fn roster(sections: &str, agent: &str) -> Roster {
    let text = format!("version: 1\n{sections}\nagents:\n  - name: a\n    class: canary\n{agent}");
    Roster::parse(&text, Path::new("roster.yaml")).unwrap()
}

/// The lines of an agent's drop-in below its head.
fn lines(sections: &str, agent: &str) -> Option<String> {
    let roster = roster(sections, agent);
    let text = agent_drop_in(&roster.settings(&roster.agents[0]))?;
    let (head, lines) = text.split_once("[Service]\n").unwrap();
    assert!(head.starts_with('#') && lines.ends_with('\n'), "{text}");
    Some(lines.trim_end().replace('\n', " "))
}

#[test]
fn an_agents_drop_in_has_its_restart_limits_and_watchdog() {
    let interval = |seconds: &str| format!("defaults: {{heartbeat_interval: {seconds}}}");
    let table = [
        ("", "", None),
        ("", "    restart: on-failure\n    limits: {}\n", None),
        (&*interval("15"), "", None),
        ("", "    restart: always\n", Some("Restart=always")),
        ("", "    restart: no\n", Some("Restart=no")),
        (
            "",
            "    limits: {memory_max: 2G, cpu_quota: 150%, tasks_max: 10%}\n",
            Some("MemoryMax=2G CPUQuota=150% TasksMax=10%"),
        ),
        ("", "    limits: {tasks_max: infinity}\n", Some("TasksMax=infinity")),
        (&interval("30"), "", Some("WatchdogSec=90s")),
        (&interval("7.5"), "", Some("WatchdogSec=22500ms")),
        // A host that is busy for a second must not cost a sidecar.
        (&interval("0.5"), "", Some("WatchdogSec=10s")),
    ];
    for (sections, agent, expected) in table {
        assert_eq!(lines(sections, agent).as_deref(), expected, "{sections} {agent}");
    }
}

#[test]
fn the_holders_drop_in_names_another_server() {
    assert_eq!(holder_drop_in(&roster("", "")), None);
    assert_eq!(holder_drop_in(&roster("tmux: {socket_name: mosaic-factory, holder_session: _holder}", "")), None);
    let text = holder_drop_in(&roster("tmux: {socket_name: other, holder_session: _keep}", "")).unwrap();
    assert!(
        text.ends_with("[Service]\nEnvironment=MOSAIC_TMUX_SOCKET=other\nEnvironment=MOSAIC_HOLDER_SESSION=_keep\n")
    );
}
