//! Observes a fleet repeatedly with one `Observer`, which caches the previous observation, and prints how long each
//! observation took and the memory at the end. It is a separate program, since its environment selects the fleet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a development tool: a panic names the line and affects one figure"
)]

use mosaic_probe::{Depth, FleetLocation, Observer, Scope};
use std::env;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The allocator of the shipped programs.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// `repeated-observation COUNT MILLISECONDS`: observes `COUNT` times after a warm-up, with a pause before each. Prints
/// a line with the duration in milliseconds for each observation, then resident kB, open files and threads.
fn main() {
    let numbers: Vec<u64> = env::args().skip(1).map(|number| number.parse().expect("a number")).collect();
    let [count, pause] = numbers[..] else { panic!("usage: repeated-observation COUNT MILLISECONDS") };
    let variable = |name: &str| env::var_os(name);
    let here = env::current_dir().unwrap();
    let target = Arc::new(FleetLocation::resolve(None, None, variable, &here).unwrap().target(variable).unwrap());
    let mut observer = Observer::default();
    for nth in 0..=count {
        thread::sleep(Duration::from_millis(pause));
        let begun = Instant::now();
        let observation = observer.observe(&target, Depth::Verify).unwrap();
        let passed = observation.passed(&Scope::default());
        let took = begun.elapsed();
        assert!(passed, "observation {nth} finds drift: {:?}", observation.snapshot.drift.first());
        if nth > 0 {
            println!("{}", took.as_secs_f64() * 1e3);
        }
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    // Without the descriptor of the listing itself.
    let open = fs::read_dir("/proc/self/fd").unwrap().count() - 1;
    println!("{} {open} {}", number("VmRSS:"), number("Threads:"));
}
