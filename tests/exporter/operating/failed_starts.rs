//! Starts that cannot work: the exit code says of which kind, and the message what to do.

use super::running_exporter::{Started, exporter};
use mosaic_harness::Fleet;
use std::fs;

const ANYWHERE: &str = "--web.listen-address=127.0.0.1:0";

#[test]
fn each_invalid_start_has_its_exit_code_and_message() {
    let fleet = Fleet::new();
    let running = Started::of(exporter(&fleet, &[ANYWHERE]));
    let taken = running.address().to_string();
    let file = |name: &str, text: &str| {
        let path = fleet.root().join(name);
        fs::write(&path, text).unwrap();
        format!("--web.config.file={}", path.display())
    };
    let nonsense = file("nonsense.yml", "tls_server_config:\n  cert_fle: x\n");
    let half = file("half.yml", "tls_server_config:\n  cert_file: server.crt\n");
    let nowhere = format!("--web.config.file={}", fleet.root().join("nowhere.yml").display());
    let plain_file = format!("--web.listen-address=unix:{}", fleet.root().join("half.yml").display());
    let table: &[(&[&str], i32, &[&str])] = &[
        (&[&format!("--web.listen-address={taken}")], 75, &[&taken, "another program", "choose another address"]),
        (&["--web.systemd-socket"], 69, &["systemd", "socket unit"]),
        (&[&plain_file], 74, &["half.yml", "not a socket"]),
        (&[ANYWHERE, &nonsense], 78, &["nonsense.yml", "line 2", "cert_fle"]),
        (&[ANYWHERE, &half], 78, &["half.yml"]),
        (&[ANYWHERE, &nowhere], 78, &["nowhere.yml", "No such file"]),
        (&["--colector.tmux"], 64, &["--colector.tmux"]),
        (&["--web.max-requests=many"], 64, &["--web.max-requests", "many"]),
        (&["now"], 64, &["now"]),
    ];
    for (flags, code, words) in table {
        let output = exporter(&fleet, flags).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(*code), "{flags:?}: {said}");
        for word in *words {
            assert!(said.contains(word), "{flags:?}: no '{word}' in: {said}");
        }
    }
}

#[test]
fn without_a_home_the_error_names_the_variables() {
    let fleet = Fleet::new();
    let mut command = exporter(&fleet, &[ANYWHERE]);
    let output = command.env_remove("HOME").env_remove("MOSAIC_HOME").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("MOSAIC_HOME") && said.contains("HOME"), "{said}");
}
