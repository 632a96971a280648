//! A command that may start no more processes or threads says so, and does not panic.

use mosaic_harness::{Binaries, Fleet, is_root_or_skip, required_program};
use std::fs;

/// A user who has no processes besides those of these tests.
const USER: (u32, u32) = (64_321, 64_321);

#[test]
fn a_command_at_the_limit_of_threads_says_what_is_short() {
    if !is_root_or_skip("a limit that holds, and another user") {
        return;
    }
    let Some(prlimit) = required_program("prlimit") else { return };
    let fleet = Fleet::builder().owner(USER.0, USER.1).build();
    // The user may not be able to enter the build directory.
    for program in Binaries::PRODUCT {
        fs::copy(Binaries::product(program), fleet.root().join(program)).unwrap();
    }
    let mosaic = fleet.root().join("mosaic");
    let run = |limit: u32, words: &[&str]| {
        let mut command = fleet.command(&prlimit);
        command.arg(format!("--nproc={limit}:{limit}")).arg("--").arg(&mosaic).args(words);
        command.output().unwrap()
    };
    let made = run(1000, &["fleet", "init", "--profile", "minimal", "--write", "--force"]);
    assert!(made.status.success(), "{made:?}");
    let commands: [&[&str]; 7] = [
        &["fleet", "ps"],
        &["fleet", "status"],
        &["fleet", "verify"],
        &["fleet", "start"],
        &["fleet", "stop"],
        &["fleet", "install"],
        &["agent", "send", "--all", "-m", "hello"],
    ];
    let mut faults = Vec::new();
    for words in commands {
        // The command itself is the first of its user's processes. Beyond 1, some of what it starts can be started.
        for limit in 1..=4 {
            let output = run(limit, words);
            let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            let is_bug = text.contains("panicked") || !matches!(output.status.code(), Some(0 | 1 | 69 | 74));
            // A command that needs neither a thread nor a program succeeds.
            let is_named = text.contains("Resource temporarily unavailable") || output.status.success();
            if is_bug || limit == 1 && !is_named {
                faults.push(format!("{} at {limit}: {:?} {text}", words.join(" "), output.status));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
