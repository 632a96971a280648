//! A resident observer beside fresh ones.

use mosaic_harness::{Deadline, RosterFleet};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// Longer than the time in which two changes of a file can have the same timestamp.
const SETTLED: Duration = Duration::from_millis(2100);

/// The program `resident-observer`, run in the environment of a fleet's manager.
#[derive(Debug)]
pub(crate) struct ObserverComparison {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl ObserverComparison {
    pub(crate) fn start(fleet: &RosterFleet) -> Self {
        let mut command = fleet.units().manager().command(env!("CARGO_BIN_EXE_resident-observer"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { requests: child.stdin.take(), child, answers }
    }

    /// The observation of the resident observer and that of a fresh one at the same time. Repeats while fresh
    /// observations before and after it differ, because the fleet changed in between.
    pub(crate) fn observe(&mut self) -> (Value, Value) {
        let deadline = Deadline::default();
        loop {
            writeln!(self.requests.as_ref().unwrap(), "observe").unwrap();
            let mut line = String::new();
            self.answers.read_line(&mut line).unwrap();
            let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let [before, resident, after] = ["before", "resident", "after"].map(|field| stable(answer[field].take()));
            if before == after {
                return (resident, after);
            }
            assert!(!deadline.passed(), "the fleet keeps changing: {:#?}", differences(&before, &after));
        }
    }

    /// The observation that both must agree on.
    #[track_caller]
    pub(crate) fn observe_equal(&mut self, when: &str) -> Value {
        let (resident, fresh) = self.observe();
        assert!(resident == fresh, "{when}: {:#?}", differences(&resident, &fresh));
        resident
    }

    /// Waits until the resident observer has cached all present files.
    pub(crate) fn settle(&mut self) {
        self.observe();
        let changed = Instant::now();
        while changed.elapsed() < SETTLED {
            std::thread::sleep(SETTLED.saturating_sub(changed.elapsed()));
        }
        self.observe();
        self.observe();
    }
}

impl Drop for ObserverComparison {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

/// An observation without the fields that change all the time: durations, ages, usage, and times computed from the
/// present.
fn stable(mut observation: Value) -> Value {
    const VOLATILE: [&str; 7] =
        ["durationMs", "ageMs", "observedAt", "loadedAt", "memoryBytes", "cpuSeconds", "processSince"];
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !VOLATILE.contains(&name.as_str()));
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut observation);
    observation
}

/// The paths at which two observations differ, with both values.
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
