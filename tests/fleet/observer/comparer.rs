//! Who looks again and again, beside those who look for the first time.

use mosaic_harness::{Deadline, RosterFleet};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// Longer than a change of a file can be too young to be told from the next one.
const SETTLED: Duration = Duration::from_millis(2100);

/// The program in `resident.rs`, beside a fleet's manager.
#[derive(Debug)]
pub(crate) struct Onlooker {
    child: Child,
    asked: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Onlooker {
    pub(crate) fn of(fleet: &RosterFleet) -> Self {
        let mut command = fleet.units().manager().command(env!("CARGO_BIN_EXE_resident-observer"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { asked: child.stdin.take(), child, answers }
    }

    /// What the resident one sees, and what others see at the same time. While those differ among
    /// themselves something happens in between.
    pub(crate) fn look(&mut self) -> (Value, Value) {
        let deadline = Deadline::default();
        loop {
            writeln!(self.asked.as_ref().unwrap(), "look").unwrap();
            let mut line = String::new();
            self.answers.read_line(&mut line).unwrap();
            let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let [before, resident, after] = ["before", "resident", "after"].map(|whose| lasting(answer[whose].take()));
            if before == after {
                return (resident, after);
            }
            assert!(!deadline.passed(), "it never comes to rest: {:#?}", differences(&before, &after));
        }
    }

    /// Looks, and both see the same; that.
    pub(crate) fn agree(&mut self, when: &str) -> Value {
        let (resident, fresh) = self.look();
        assert!(resident == fresh, "{when}: {:#?}", differences(&resident, &fresh));
        resident
    }

    /// Looks until whatever has changed by now is remembered.
    pub(crate) fn settle(&mut self) {
        self.look();
        let changed = Instant::now();
        while changed.elapsed() < SETTLED {
            std::thread::sleep(SETTLED.saturating_sub(changed.elapsed()));
        }
        self.look();
        self.look();
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        drop(self.asked.take());
        let _ = self.child.wait();
    }
}

/// Without what changes from one moment to the next: durations, ages, what is used, and by a millisecond what
/// is counted from the present.
fn lasting(mut told: Value) -> Value {
    const PASSING: [&str; 7] =
        ["durationMs", "ageMs", "observedAt", "loadedAt", "memoryBytes", "cpuSeconds", "processSince"];
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !PASSING.contains(&name.as_str()));
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut told);
    told
}

/// Where two answers differ, with what the first and the second have there.
fn differences(one: &Value, other: &Value) -> Vec<String> {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let of = |(name, value)| (name, value, others.get(name).unwrap_or(&Value::Null));
            let named = |(name, one, other)| {
                differences(one, other).into_iter().map(move |difference| format!("{name}.{difference}"))
            };
            ones.iter().map(of).flat_map(named).collect()
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            ones.iter().zip(others).flat_map(|(one, other)| differences(one, other)).collect()
        }
        _ if one == other => Vec::new(),
        _ => vec![format!(" {one} / {other}")],
    }
}
