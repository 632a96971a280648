//! Invalid starts: the exit code gives the kind of the error, and the message says what to do.

use super::running_exporter::{RunningExporter, exporter};
use mosaic_harness::Fleet;
use std::fs;

const ANY_PORT: &str = "--web.listen-address=127.0.0.1:0";

#[test]
fn each_invalid_start_has_its_exit_code_and_message() {
    let fleet = Fleet::new();
    let running = RunningExporter::start(exporter(&fleet, &[ANY_PORT]));
    let taken = running.address().to_string();
    let file = |name: &str, text: &str| {
        let path = fleet.root().join(name);
        fs::write(&path, text).unwrap();
        format!("--web.config.file={}", path.display())
    };
    let invalid = file("invalid.yml", "tls_server_config:\n  cert_fle: x\n");
    let incomplete = file("incomplete.yml", "tls_server_config:\n  cert_file: server.crt\n");
    let missing = format!("--web.config.file={}", fleet.root().join("missing.yml").display());
    let plain_file = format!("--web.listen-address=unix:{}", fleet.root().join("incomplete.yml").display());
    let table: &[(&[&str], i32, &[&str])] = &[
        (&[&format!("--web.listen-address={taken}")], 75, &[&taken, "another program", "choose another address"]),
        (&["--web.systemd-socket"], 69, &["systemd", "socket unit"]),
        (&[&plain_file], 74, &["incomplete.yml", "not a socket"]),
        (&[ANY_PORT, &invalid], 78, &["invalid.yml", "line 2", "cert_fle"]),
        (&[ANY_PORT, &incomplete], 78, &["incomplete.yml"]),
        (&[ANY_PORT, &missing], 78, &["missing.yml", "No such file"]),
        (&["--colector.tmux"], 64, &["--colector.tmux"]),
        (&["--web.max-requests=many"], 64, &["--web.max-requests", "many"]),
        (&["now"], 64, &["now"]),
    ];
    for (flags, code, words) in table {
        let output = exporter(&fleet, flags).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(*code), "{flags:?}: {stderr}");
        for word in *words {
            assert!(stderr.contains(word), "{flags:?}: no '{word}' in: {stderr}");
        }
    }
}

#[test]
fn without_a_home_the_error_names_the_variables() {
    let fleet = Fleet::new();
    let mut command = exporter(&fleet, &[ANY_PORT]);
    let output = command.env_remove("HOME").env_remove("MOSAIC_HOME").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{stderr}");
    assert!(stderr.contains("MOSAIC_HOME") && stderr.contains("HOME"), "{stderr}");
}
