//! A killed test leaves no user manager behind.

use mosaic_harness::{CgroupTree, Deadline, Fleet, ProcessWatch, UserManager};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[test]
fn killing_a_test_stops_its_user_manager() {
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_test::waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(test.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The child prints no root if this machine allows no user manager.
    let Some(root) = lines.into_iter().find_map(|line| line.strip_prefix("root ").map(PathBuf::from)) else {
        test.wait().unwrap();
        return;
    };
    let name = format!("{}.slice", root.file_name().unwrap().to_str().unwrap());
    let tree = CgroupTree::top().child(name);
    let daemons: Vec<_> = tree.processes().into_iter().map(|pid| ProcessWatch::new(pid).unwrap()).collect();
    test.kill().unwrap();
    test.wait().unwrap();
    for daemon in daemons {
        daemon.wait();
    }
    let deadline = Deadline::default();
    while tree.directories().iter().any(|directory| directory.exists()) {
        assert!(!deadline.passed(), "{:?} still exists", tree.directories());
        std::thread::yield_now();
    }
    // A killed test leaves only its directory in /tmp.
    std::fs::remove_dir_all(root).unwrap();
}

/// The process that is killed.
#[test]
#[ignore = "killing_a_test_stops_its_user_manager runs it"]
fn waits_to_be_killed() {
    let fleet = Fleet::new();
    let Some(_manager) = UserManager::start_or_skip(&fleet) else { return };
    println!("\nroot {}", fleet.root().display());
    loop {
        std::thread::park();
    }
}
