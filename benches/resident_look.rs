//! Looks at its fleet again and again, as one who remembers, and tells how long each look took and what it
//! occupies in the end. It is a program of its own, because a fleet is looked at by its environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program of the developers': a panic in it names the line and costs one figure"
)]

use mosaic_probe::{Depth, FleetLocation, Observer, Scope};
use std::env;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// That of the programs which look.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// How often to look, and how many milliseconds to wait before each: a line of milliseconds for each look
/// but the first, and at the end resident kilobytes, open files and threads.
fn main() {
    let numbers: Vec<u64> = env::args().skip(1).map(|number| number.parse().expect("a number")).collect();
    let [looks, pause] = numbers[..] else { panic!("usage: resident-look LOOKS MILLISECONDS") };
    let variable = |name: &str| env::var_os(name);
    let here = env::current_dir().unwrap();
    let target = Arc::new(FleetLocation::resolve(None, None, variable, &here).unwrap().target(variable).unwrap());
    let mut observer = Observer::default();
    for nth in 0..=looks {
        thread::sleep(Duration::from_millis(pause));
        let begun = Instant::now();
        let look = observer.observe(&target, Depth::Verify).unwrap();
        let passed = look.passed(&Scope::default());
        let took = begun.elapsed();
        assert!(passed, "look {nth}: the fleet is not as it should be: {:?}", look.snapshot.drift.first());
        if nth > 0 {
            println!("{}", took.as_secs_f64() * 1e3);
        }
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    // The listing itself is one more.
    let open = fs::read_dir("/proc/self/fd").unwrap().count() - 1;
    println!("{} {open} {}", number("VmRSS:"), number("Threads:"));
}
