//! What agents' screens say of their doing: a program that asks before it can report, for a login say, is only seen
//! to, and so is one that has been answered, or interrupted, and tells nobody.
//!
//! A screen is looked at where it could tell more than the agent does: not of one that works and prints, nor of one
//! that is idle, or waits, and prints nothing. What was seen of it holds until it prints again.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome, Pid, RuntimeName, SocketName};
use mosaic_heartbeat::{Activity, ActivityReport};
use mosaic_roster::Roster;
use mosaic_runtimes::{ProfileLibrary, Profile, Screen, ScreenSign};
use mosaic_tmux::{PaneId, Server};

use super::{ProcessSeen, RunFiles, TmuxServer};

/// Whom to ask, and how patiently.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) search_path: Option<OsString>,
    pub(super) socket: SocketName,
    pub(super) limit: Duration,
    pub(super) home: MosaicHome,
    /// Whose screens could tell something.
    pub(super) agents: Vec<Unexplained>,
}

/// An agent of which its screen may tell more than it does itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unexplained {
    agent: AgentName,
    runtime: RuntimeName,
    pane: PaneId,
    pid: Pid,
    /// In seconds since 1970.
    last_output: i64,
    /// The program in the foreground, if it is known.
    program: Option<String>,
}

/// What runs programs that are scripts, which then go by its name.
const INTERPRETERS: [&str; 4] = ["node", "MainThread", "bun", "python"];

/// What is remembered between looks.
#[derive(Debug, Default)]
pub(super) struct ScreenMemory {
    /// Those of one look: nobody waits for a site's new profile longer than for the next.
    profiles: BTreeMap<RuntimeName, Option<Arc<Profile>>>,
    known: HashMap<AgentName, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    of: Unexplained,
    sign: Option<ScreenSign>,
    /// Since when it is known to show that, in seconds since 1970.
    since: i64,
    /// In seconds since 1970.
    looked_at: i64,
}

/// What a screen says, and since when at the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenSays {
    /// What it says.
    pub sign: ScreenSign,
    /// In seconds since 1970: its last output; of somebody who looks again and again, that of the first look that
    /// saw the same.
    pub since: i64,
}

/// Those whose screens are worth a look.
pub(super) fn unexplained(
    roster: &Roster,
    server: &TmuxServer,
    files: Option<&RunFiles>,
    processes: Option<&BTreeMap<Pid, ProcessSeen>>,
    now: Timestamp,
) -> Vec<Unexplained> {
    let agents = roster.agents.iter().filter_map(|agent| {
        let pane = server.sessions.get(agent.name.as_str()).filter(|pane| !pane.dead)?;
        let said = files.and_then(|files| files.activities.get(&agent.name));
        could_tell(said, pane.last_output, now).then(|| Unexplained {
            agent: agent.name.clone(),
            runtime: roster.runtime_of(agent),
            pane: pane.id,
            pid: pane.pid,
            last_output: pane.last_output,
            program: processes.and_then(|processes| processes.get(&pane.pid)?.foreground.clone()),
        })
    });
    agents.collect()
}

fn could_tell(said: Option<&ActivityReport>, last_output: i64, now: Timestamp) -> bool {
    let Some(said) = said else { return true };
    match said.activity {
        // No dialog prints all the time, and nobody who is interrupted does.
        Activity::Working => last_output + 1 < now.as_second(),
        // Whoever is answered prints, and so does who goes on.
        Activity::Waiting | Activity::Idle => last_output > said.since.as_second() + 1,
        Activity::Blocked => false,
    }
}

impl ScreenMemory {
    /// What screens say, where they say something.
    pub(super) fn look(&mut self, asked: &Asked) -> Result<BTreeMap<AgentName, ScreenSays>, String> {
        let library = ProfileLibrary::new(&asked.home);
        self.profiles.clear();
        let with_dialogs: Vec<_> = asked
            .agents
            .iter()
            .filter(|agent| self.profile(&library, agent).is_some_and(|profile| agent.runs(&profile)))
            .collect();
        let before = std::mem::take(&mut self.known);
        let holds = |agent: &Unexplained| before.get(&agent.agent).filter(|known| known.holds_of(agent)).cloned();
        let (old, new): (Vec<_>, Vec<_>) =
            with_dialogs.into_iter().map(|agent| (agent, holds(agent))).partition(|(_, known)| known.is_some());
        self.known.extend(old.into_iter().filter_map(|(agent, known)| Some((agent.agent.clone(), known?))));
        if !new.is_empty() {
            let looked_at = Timestamp::now().as_second();
            let program = mosaic_tmux::find_program(asked.search_path.as_deref()).map_err(|error| error.to_string())?;
            let server = Server::new(program, asked.socket.clone()).within(asked.limit);
            let screens = server.screens(new.iter().map(|(agent, _)| agent.pane)).map_err(|error| error.to_string())?;
            for (agent, _) in new {
                let sight = screens.get(&agent.pane).filter(|sight| sight.pid == agent.pid && !sight.dead);
                let (Some(sight), Some(profile)) = (sight, self.profile(&library, agent)) else { continue };
                let sign = profile.sign_on(&Screen::from_capture(sight));
                let same = before.get(&agent.agent).filter(|known| known.of.pid == agent.pid && known.sign == sign);
                let since = same.map_or(agent.last_output, |known| known.since);
                self.known.insert(agent.agent.clone(), Known { of: agent.clone(), sign, since, looked_at });
            }
        }
        let says = |known: &Known| Some(ScreenSays { sign: known.sign.clone()?, since: known.since });
        Ok(self.known.iter().filter_map(|(agent, known)| Some((agent.clone(), says(known)?))).collect())
    }

    /// One with dialogs. A site's that cannot be used is told by who sends a message.
    fn profile(&mut self, library: &ProfileLibrary, agent: &Unexplained) -> Option<Arc<Profile>> {
        if let Some(profile) = self.profiles.get(&agent.runtime) {
            return profile.clone();
        }
        let profile = library.profile(&agent.runtime).ok().filter(|profile| !profile.dialogs.is_empty()).map(Arc::new);
        self.profiles.insert(agent.runtime.clone(), profile.clone());
        profile
    }
}

impl Unexplained {
    /// Is it the profile's program that shows there? A shell that waits to start it is not.
    fn runs(&self, profile: &Profile) -> bool {
        let Some(program) = &self.program else { return true };
        let known = profile.programs.iter().map(String::as_str).chain(INTERPRETERS);
        // `opencode.exe`, `node-MainThread`; but a `ping` is no pi.
        let is_it = |name: &str| {
            let rest = program.strip_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphabetic()))
        };
        profile.programs.is_empty() || known.into_iter().any(is_it)
    }
}

impl Known {
    /// It has not printed since. tmux counts in seconds: what was printed in the second of the look may have been after it.
    fn holds_of(&self, agent: &Unexplained) -> bool {
        self.of == *agent && self.looked_at > agent.last_output
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Unexplained, could_tell};
    use jiff::Timestamp;
    use mosaic_heartbeat::Activity;

    #[test]
    fn a_screen_is_looked_at_where_it_could_tell_more_than_the_agent() {
        let now = Timestamp::from_second(1_000).unwrap();
        for (said, last_output, expected) in [
            (None, 1_000, true),
            (None, 10, true),
            (Some(Activity::Working), 1_000, false),
            (Some(Activity::Working), 999, false),
            (Some(Activity::Working), 998, true),
            (Some(Activity::Waiting), 901, false),
            (Some(Activity::Waiting), 902, true),
            (Some(Activity::Idle), 901, false),
            (Some(Activity::Idle), 902, true),
            (Some(Activity::Blocked), 1_000, false),
        ] {
            let report = said.map(|activity| {
                format!("ts={}\nactivity={activity}\n", Timestamp::from_second(900).unwrap()).parse().unwrap()
            });
            assert_eq!(could_tell(report.as_ref(), last_output, now), expected, "{said:?} {last_output}");
        }
    }

    #[test]
    fn only_what_a_profile_knows_is_read_by_it() {
        let profile = |programs: &str| {
            let text = format!("version: 1\nprograms: {programs}\ncomposer: {{kind: line, prompt: x}}\n");
            mosaic_runtimes::Profile::parse(&text, std::path::Path::new("x.yaml")).unwrap()
        };
        for (program, programs, expected) in [
            (Some("claude"), "[claude]", true),
            (Some("opencode.exe"), "[opencode]", true),
            (Some("node-MainThread"), "[codex]", true),
            (Some("sleep"), "[codex]", false),
            (Some("python3.11"), "[codex]", true),
            (Some("ping"), "[pi]", false),
            (Some("bash"), "[codex]", false),
            (Some("bash"), "[]", true),
            (None, "[codex]", true),
        ] {
            let agent = Unexplained {
                agent: "coder0".parse().unwrap(),
                runtime: "codex".parse().unwrap(),
                pane: "%4".parse().unwrap(),
                pid: 7.try_into().unwrap(),
                last_output: 0,
                program: program.map(str::to_owned),
            };
            assert_eq!(agent.runs(&profile(programs)), expected, "{program:?} {programs}");
        }
    }

    #[test]
    fn what_was_seen_holds_until_something_is_printed() {
        let agent = |last_output, pid: u32| Unexplained {
            agent: "coder0".parse().unwrap(),
            runtime: "pi".parse().unwrap(),
            pane: "%4".parse().unwrap(),
            pid: pid.try_into().unwrap(),
            last_output,
            program: None,
        };
        let known = |looked_at| Known { of: agent(100, 7), sign: None, since: 0, looked_at };
        assert!(known(101).holds_of(&agent(100, 7)));
        assert!(!known(100).holds_of(&agent(100, 7)), "it may have printed later in that second");
        assert!(!known(105).holds_of(&agent(103, 7)));
        assert!(!known(105).holds_of(&agent(100, 8)), "another process");
    }
}
