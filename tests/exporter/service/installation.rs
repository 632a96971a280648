//! Install, update and uninstall of the exporter's units, and the hardening of its service.

use crate::service::installed::{Installed, SERVICE, SOCKET};
use mosaic_harness::{Binaries, Fleet, FleetBuilder, HttpResponse};
use std::io::Write;

#[test]
fn an_occupied_port_is_reported_and_does_not_stop_the_install() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    manager.systemctl_ok(&["stop", SOCKET]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    manager.drop_in(SOCKET, "zz-test", &format!("[Socket]\nListenStream=\nListenStream={address}\n"));
    let output = installed.fleet.mosaic(&["fleet", "install"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout} {stderr}");
    assert!(stderr.contains(SOCKET) && stderr.contains("systemctl --user edit"), "{stderr}");
    let verified = installed.fleet.mosaic(&["fleet", "verify"]);
    let checks = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(
        checks.contains(&format!("{SOCKET} is failed")) && checks.contains("ListenStream=127.0.0.1:27872"),
        "{checks}"
    );
    // The next install succeeds once the address is free.
    drop(taken);
    let output = installed.fleet.mosaic(&["fleet", "install"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(manager.is_active(SOCKET), "active");
    assert_eq!(HttpResponse::get(address, "/metrics", &[]).status, 200);
    let verified = installed.fleet.mosaic(&["fleet", "verify"]);
    let checks = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(!checks.contains(&format!("{SOCKET} is failed")), "{checks}");
}

#[test]
fn the_updated_exporter_answers_the_next_scrape() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let before = installed.process();
    let program = installed.fleet.units().fleet().root().join("unpacked");
    let programs = Binaries::PRODUCT.map(Binaries::product);
    std::fs::create_dir(&program).unwrap();
    for path in programs {
        let name = path.file_name().unwrap();
        std::fs::copy(&path, program.join(name)).unwrap();
    }
    let exporter = program.join("mosaic-fleet-exporter");
    std::fs::OpenOptions::new().append(true).open(&exporter).unwrap().write_all(b"\n").unwrap();
    let mut install = installed.manager().command(program.join("mosaic"));
    let output = install.args(["fleet", "install"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    before.wait();
    assert!(installed.scrape().contains("mosaic_build_info"));
    assert_ne!(installed.process().pid(), before.pid());
}

#[test]
fn a_disabled_socket_stays_disabled_after_an_install() {
    let Some(installed) = Installed::or_skip() else { return };
    let (manager, fleet) = (installed.manager(), &installed.fleet);
    let install = || {
        let output = fleet.mosaic(&["fleet", "install"]);
        assert!(output.status.success(), "{output:?}");
        [output.stdout, output.stderr].map(|output_text| String::from_utf8(output_text).unwrap()).concat()
    };
    let states = || [manager.show(SOCKET, "UnitFileState"), manager.show(SOCKET, "ActiveState")];
    assert!(!install().contains("socket is disabled"));
    assert_eq!(states(), ["enabled", "active"]);
    manager.systemctl_ok(&["disable", "--now", SOCKET]);
    for _ in 0..2 {
        let output_text = install();
        let advice = format!(
            "the exporter's socket is disabled: to serve metrics again, run `systemctl --user enable --now {SOCKET}`"
        );
        assert!(output_text.contains(&advice), "{output_text}");
        assert_eq!(states(), ["disabled", "inactive"]);
    }
    manager.systemctl_ok(&["enable", "--now", SOCKET]);
    assert!(!install().contains("socket is disabled"));
    assert!(installed.scrape().contains("mosaic_build_info"));

    // A masked unit stays masked.
    manager.systemctl_ok(&["stop", SOCKET, SERVICE]);
    let unit = manager.unit_directory().join(SOCKET);
    std::fs::remove_file(&unit).unwrap();
    std::os::unix::fs::symlink("/dev/null", &unit).unwrap();
    manager.systemctl_ok(&["daemon-reload"]);
    let output_text = install();
    assert!(output_text.contains("is a link to /dev/null and stays"), "{output_text}");
    assert_eq!(states(), ["masked", "inactive"]);
}

#[test]
fn uninstall_removes_the_exporter_units() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let process = installed.process();
    let output = installed.fleet.mosaic(&["fleet", "uninstall", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    process.wait();
    let manager = installed.manager();
    assert_eq!((manager.show(SOCKET, "LoadState"), manager.show(SERVICE, "LoadState")), both("not-found"));
    assert_eq!((manager.show(SOCKET, "ActiveState"), manager.show(SERVICE, "ActiveState")), both("inactive"));
    assert!(!manager.exporter_socket().exists());
    let units = manager.unit_directory();
    let left: Vec<_> = walk(&units).into_iter().filter(|path| path.contains("exporter")).collect();
    assert_eq!(left, [""; 0]);
}

fn both(word: &str) -> (String, String) {
    (word.to_owned(), word.to_owned())
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let below = |path: std::path::PathBuf| {
        let mut all = vec![path.display().to_string()];
        if path.is_dir() && !path.is_symlink() {
            all.extend(walk(&path));
        }
        all
    };
    entries.flat_map(|entry| below(entry.path())).collect()
}

/// systemd supports other restrictions for an ordinary user than for root.
fn assert_hardened(builder: FleetBuilder) {
    let Some(installed) = Installed::build_or_skip(builder) else { return };
    assert!(installed.fleet.mosaic(&["fleet", "start"]).status.success());
    let scrape = installed.scrape();
    // The restrictions do not affect the observation.
    for collector in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        let series = format!("mosaic_collector_success{{collector=\"{collector}\"}} 1\n");
        assert!(scrape.contains(&series), "{series} {scrape}");
    }
    assert!(scrape.contains("mosaic_agent_process_alive{agent=\"coder0\"} 1\n"), "{scrape}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", installed.process().pid())).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.lines().any(|there| there == line), "{line} {status}");
    }
}

#[test]
fn the_service_is_hardened() {
    assert_hardened(Fleet::builder());
}

#[test]
fn the_service_of_an_ordinary_user_is_hardened() {
    if mosaic_harness::is_root_or_skip("another user") {
        assert_hardened(Fleet::builder().owner(65534, 65534));
    }
}
