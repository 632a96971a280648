//! The unit files agree with the programs and with the README beside them.

use mosaic_harness::{Binaries, UnitFleet};
use mosaic_tmux::FLEET_OPTIONS;
use std::path::PathBuf;

const UNITS: [&str; 6] = [
    "mosaic-agent@.service",
    UnitFleet::HOLDER,
    "mosaic-fleet-exporter.service",
    "mosaic-fleet-exporter.socket",
    "mosaic-fleet-outbox.service",
    "mosaic-fleet-outbox.timer",
];

fn directory() -> PathBuf {
    Binaries::workspace().join("framework/systemd/user")
}

/// A unit's directives: without comments and section headers, with continuation lines joined.
fn directives(unit: &str) -> Vec<String> {
    let text = std::fs::read_to_string(directory().join(unit)).unwrap().replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// The first cell of each row in the README's table for a unit.
fn readme_rows(unit: &str) -> String {
    let readme = std::fs::read_to_string(directory().join("README.md")).unwrap();
    let (_, section) = readme.split_once(&format!("\n## {unit}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    rows.filter(|cell| cell.starts_with('`')).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_holder_sets_the_options_that_the_launcher_sets() {
    let command = directives(UnitFleet::HOLDER).into_iter().find(|line| line.starts_with("ExecStart=")).unwrap();
    let mut set: Vec<_> = command
        .split("\\;")
        .filter_map(|part| part.trim().strip_prefix("set-option "))
        .map(|option| <[&str; 3]>::try_from(option.split_whitespace().collect::<Vec<_>>()).unwrap())
        .collect();
    let mut expected: Vec<_> = FLEET_OPTIONS.map(|(scope, name, value)| [scope, name, value]).into();
    // A server started by hand exits with its last session; the holder's stays.
    expected.push(["-s", "exit-empty", "off"]);
    set.sort_unstable();
    expected.sort_unstable();
    assert_eq!(set, expected);
}

#[test]
fn the_holders_server_has_the_fleet_options() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // The user's own tmux.conf does not affect agents.
    let hostile = "set -g base-index 1\nset -gw pane-base-index 1\nset -s exit-unattached on\nset -g destroy-unattached on\n\
         set -g detach-on-destroy off\n";
    std::fs::write(fleet.fleet().home().join(".tmux.conf"), hostile).unwrap();
    fleet.start("coder0");
    for (scope, name, value) in FLEET_OPTIONS.into_iter().chain([("-s", "exit-empty", "off")]) {
        let shown = fleet.fleet().tmux(&["show-options", &format!("{scope}v"), name]);
        assert_eq!(String::from_utf8(shown.stdout).unwrap().trim(), value, "{name}");
    }
    let first = fleet.fleet().tmux(&["list-panes", "-t", "=coder0:", "-F", "#{window_index}.#{pane_index}"]);
    assert_eq!(first.stdout, b"0.0\n");
}

#[test]
fn every_unit_directive_is_explained_in_the_readme() {
    for unit in UNITS {
        let rows = readme_rows(unit);
        let lines = directives(unit);
        assert!(lines.len() > 5, "{unit}: {lines:?}");
        for line in lines {
            let (key, _) = line.split_once('=').unwrap();
            if ["Description", "Documentation"].contains(&key) {
                continue;
            }
            assert!(rows.contains(&format!("`{key}=")), "{unit}: no row for {line}");
        }
    }
}

#[test]
fn every_readme_row_matches_a_unit_directive() {
    for unit in UNITS {
        let lines = directives(unit).join("\n");
        for cell in readme_rows(unit).split('`').filter(|cell| cell.contains('=')) {
            let (key, value) = cell.split_once('=').unwrap();
            let mut of_key = lines.lines().filter(|line| line.starts_with(&format!("{key}=")));
            assert!(of_key.any(|line| value.split('…').all(|part| line.contains(part))), "{unit}: no line for {cell}");
        }
    }
}
