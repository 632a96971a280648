//! What strace saw of a sidecar.

use std::collections::BTreeMap;

/// The system calls between a sidecar's beats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trace {
    pub(crate) beats: usize,
    pub(crate) calls: usize,
    /// Calls that made a process; threads do not count.
    pub(crate) forks: usize,
}

impl Trace {
    /// Of the output of `strace -f -o`: from one beat of the agent's to its last, the start and the
    /// first beats, which are not yet the rule, left out.
    pub(crate) fn parse(text: &str, agent: &str) -> Result<Self, String> {
        const NOT_YET_THE_RULE: usize = 2;
        let calls = completed(text);
        let heartbeat = format!("/{agent}.hb\"");
        let is_beat = |call: &String| {
            // mv asks first whether it would replace something, and fails on purpose.
            call.starts_with("rename") && call.contains(&heartbeat) && call.ends_with("= 0")
        };
        let beats: Vec<usize> = calls.iter().enumerate().filter(|(_, call)| is_beat(call)).map(|(at, _)| at).collect();
        let beats = beats.get(NOT_YET_THE_RULE..).unwrap_or_default();
        let (Some(first), Some(last)) = (beats.first(), beats.last()) else {
            return Err(format!("strace saw {} calls and not enough beats of {agent}", calls.len()));
        };
        if first == last {
            return Err(format!("strace saw only one beat of {agent} that counts"));
        }
        let between = &calls[*first..*last];
        let forks = between.iter().filter(|call| makes_a_process(call)).count();
        Ok(Self { beats: beats.len() - 1, calls: between.len(), forks })
    }
}

fn makes_a_process(call: &str) -> bool {
    let name = call.split('(').next().unwrap_or_default();
    matches!(name, "fork" | "vfork" | "clone" | "clone3") && !call.contains("CLONE_THREAD")
}

/// The calls in the order in which they returned, those that another process interrupted put
/// together again.
fn completed(text: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((pid, event)) = line.split_once(' ') else { continue };
        let event = event.trim();
        if event.starts_with("+++") || event.starts_with("---") {
            continue;
        }
        if let Some(start) = event.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, start);
        } else if event.starts_with("<... ") {
            let rest = event.split_once(" resumed>").map_or("", |(_, rest)| rest);
            calls.push(format!("{}{rest}", begun.remove(pid).unwrap_or_default()));
        } else {
            calls.push(event.to_owned());
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::Trace;

    #[test]
    fn only_what_is_between_the_beats_counts() {
        // Lines as strace 6.1 writes them, made short.
        let start = "7 execve(\"/x/agent-sidecar\", [...], 0x7 /* 9 vars */) = 0\n";
        let beat = "7 openat(AT_FDCWD, \"/r/.a.hb.new\", O_WRONLY) = 3\n\
                    7 rename(\"/r/.a.hb.new\", \"/r/a.hb\") = 0\n\
                    7 poll([{fd=3, events=POLLIN}], 1, 15000) = 0 (Timeout)\n";
        let text = format!("{start}{}", beat.repeat(5));
        assert_eq!(Trace::parse(&text, "a"), Ok(Trace { beats: 2, calls: 6, forks: 0 }));
        assert!(Trace::parse(&text, "b").is_err());
        assert!(Trace::parse(&format!("{start}{}", beat.repeat(3)), "a").is_err());
    }

    #[test]
    fn a_shells_children_are_its_forks_and_their_calls_are_its_calls() {
        let beat = "7 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 8\n\
                    7 wait4(-1,  <unfinished ...>\n\
                    8 renameat2(AT_FDCWD, \"/r/a.hb.tmp.7\", AT_FDCWD, \"/r/a.hb\", RENAME_NOREPLACE) = -1 EEXIST\n\
                    8 renameat(AT_FDCWD, \"/r/a.hb.tmp.7\", AT_FDCWD, \"/r/a.hb\" <unfinished ...>\n\
                    8 <... renameat resumed>) = 0\n\
                    8 +++ exited with 0 +++\n\
                    7 <... wait4 resumed>[{WIFEXITED(s)}], 0, NULL) = 8\n\
                    7 --- SIGCHLD {si_signo=SIGCHLD} ---\n";
        assert_eq!(Trace::parse(&beat.repeat(4), "a"), Ok(Trace { beats: 1, calls: 4, forks: 1 }));
    }
}
