//! A test that is killed leaves no user manager behind.

use mosaic_harness::{CgroupTree, Deadline, Fleet, ProcessWatch, UserManager};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[test]
fn the_manager_of_a_killed_test_goes_with_it() {
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_test::waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(test.stdout.take().unwrap()).lines().map_while(Result::ok);
    // Nothing of it when there is no user manager to be had here.
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
        assert!(!deadline.passed(), "{:?} is left", tree.directories());
        std::thread::yield_now();
    }
    // A directory in /tmp is all that such a test leaves.
    std::fs::remove_dir_all(root).unwrap();
}

/// The half that is killed.
#[test]
#[ignore = "the_manager_of_a_killed_test_goes_with_it runs it"]
fn waits_to_be_killed() {
    let fleet = Fleet::new();
    let Some(_manager) = UserManager::start_or_skip(&fleet) else { return };
    println!("\nroot {}", fleet.root().display());
    loop {
        std::thread::park();
    }
}
