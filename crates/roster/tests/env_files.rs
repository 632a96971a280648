//! Env files: what the roster says is written among what a site wrote, and nothing else changes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use std::path::Path;

use mosaic_roster::{AgentEnv, AgentSettings, Roster};
use proptest::prelude::*;

const MARKER: &str = AgentEnv::MARKER;

/// What holds for an agent that has these lines of its own in a roster with these sections.
fn settings(sections: &str, agent: &str) -> AgentSettings {
    let text = format!("version: 1\n{sections}\nagents:\n  - name: coder0\n    class: implementer\n{agent}");
    let roster = Roster::parse(&text, Path::new("roster.yaml")).unwrap();
    roster.settings(&roster.agents[0])
}

fn full() -> AgentSettings {
    settings(
        "defaults: {runtime: codex, heartbeat_interval: 30, working_directory: /srv/my files}",
        "    command: codex --say \"$HOME\"\n    model_hint: gpt-5\n",
    )
}

fn merged(text: &str, settings: &AgentSettings, search_path: Option<&str>) -> String {
    AgentEnv::parse(text).merged(settings, search_path).to_string()
}

#[test]
fn a_new_file_has_all_that_the_roster_says_in_a_fixed_order() {
    let expected = format!(
        "# Written by mosaic fleet install, from the roster. Your own lines and comments here are kept.
MOSAIC_TMUX_SOCKET=mosaic-factory
MOSAIC_AGENT_RUNTIME=codex
MOSAIC_AGENT_CLASS=implementer
MOSAIC_AGENT_WORKDIR=\"/srv/my files\"
MOSAIC_HEARTBEAT_INTERVAL=30
MOSAIC_AGENT_MODEL_HINT=gpt-5
{MARKER}
MOSAIC_AGENT_COMMAND=\"codex --say \\\"\\$HOME\\\"\"
{MARKER}
PATH=/opt/node/bin:/usr/bin
"
    );
    let env = AgentEnv::default().merged(&full(), Some("/opt/node/bin:/usr/bin"));
    assert_eq!(env.to_string(), expected);
    assert_eq!(env.value("MOSAIC_AGENT_COMMAND").as_deref(), Some("codex --say \"$HOME\""));
    assert_eq!(env.variables().len(), 8);
    assert_eq!(env.without_generated(), None);
}

#[test]
fn what_a_site_wrote_is_kept_in_order_and_ours_is_refreshed_in_place() {
    let site = "# our own notes
MOSAIC_AGENT_RUNTIME=pi
  ANTHROPIC_API_KEY = 'x y'   ; with care
MOSAIC_AGENT_COMMAND=\"claude --resume\" \\
  --verbose

; old
MOSAIC_AGENT_RUNTIME=claude
MOSAIC_AGENT_CLASS='implementer'
PATH=/site/bin
not a setting
";
    let expected = "# our own notes
MOSAIC_AGENT_RUNTIME=codex
  ANTHROPIC_API_KEY = 'x y'   ; with care
MOSAIC_AGENT_COMMAND=\"claude --resume\" \\
  --verbose

; old
MOSAIC_AGENT_CLASS='implementer'
PATH=/site/bin
not a setting
MOSAIC_TMUX_SOCKET=mosaic-factory
MOSAIC_AGENT_WORKDIR=\"/srv/my files\"
MOSAIC_HEARTBEAT_INTERVAL=30
MOSAIC_AGENT_MODEL_HINT=gpt-5
";
    assert_eq!(merged(site, &full(), Some("/opt/bin")), expected);
    let left = AgentEnv::parse(expected).without_generated().unwrap().to_string();
    assert!(left.contains("MOSAIC_AGENT_COMMAND=\"claude --resume\" \\\n  --verbose\n"), "{left}");
    assert!(left.contains("PATH=/site/bin\n") && !left.contains("MOSAIC_AGENT_RUNTIME"), "{left}");
}

#[test]
fn what_the_roster_no_longer_says_is_removed_if_it_was_ours() {
    let bare = settings("", "");
    let ours = AgentEnv::default().merged(&full(), Some("/opt/bin"));
    let text = format!("{ours}# mine\nMINE=1\n");
    let expected = format!(
        "# Written by mosaic fleet install, from the roster. Your own lines and comments here are kept.
MOSAIC_TMUX_SOCKET=mosaic-factory
MOSAIC_AGENT_RUNTIME=pi
MOSAIC_AGENT_CLASS=implementer
{MARKER}
PATH=/opt/bin
# mine
MINE=1
"
    );
    assert_eq!(merged(&text, &bare, None), expected);
    assert_eq!(AgentEnv::parse(&text).without_generated().unwrap().to_string(), "# mine\nMINE=1\n");
    // The site's own command stays when the roster has none, and wins when it has one.
    let site = "MOSAIC_AGENT_COMMAND=mine\n";
    for settings in [&bare, &full()] {
        let env = AgentEnv::parse(site).merged(settings, None);
        assert_eq!(env.value("MOSAIC_AGENT_COMMAND").as_deref(), Some("mine"));
        assert!(!env.to_string().contains(MARKER));
    }
    // Ours beside the site's goes.
    let both = format!("{MARKER}\nMOSAIC_AGENT_COMMAND=ours\nMOSAIC_AGENT_COMMAND=mine\n");
    assert!(!merged(&both, &full(), None).contains(MARKER));
}

#[test]
fn a_file_with_an_odd_end_takes_nothing_of_ours_in() {
    for odd in [
        "A=1",
        "A='open",
        "A=\"open",
        "A=1\\",
        "# note \\",
        "A=1\0rest",
        "key",
        "A=1\r\n# x\r\n",
        "  ",
        "A=\"a\\",
        "A=\\\n",
    ] {
        let env = AgentEnv::parse(odd).merged(&full(), Some("/bin"));
        let again = AgentEnv::parse(&env.to_string());
        assert_eq!(again.value("MOSAIC_AGENT_RUNTIME").as_deref(), Some("codex"), "{odd:?}");
        assert_eq!(again.value("PATH").as_deref(), Some("/bin"), "{odd:?}");
        assert_eq!(again.value("A"), AgentEnv::parse(odd).value("A"), "{odd:?}");
        assert_eq!(again.merged(&full(), Some("/bin")), again, "{odd:?}");
    }
}

#[test]
fn what_follows_a_comment_once_a_line_between_is_gone_is_no_part_of_it() {
    let odd = "# note \\\nMOSAIC_AGENT_WORKDIR=/x\nMOSAIC_AGENT_RUNTIME=pi\n";
    let bare = settings("", "");
    let once = merged(odd, &bare, None);
    assert!(once.starts_with("# note \\\n#\nMOSAIC_AGENT_RUNTIME="), "{once}");
    assert_eq!(merged(&once, &bare, None), once);
}

#[test]
fn line_ends_of_windows_stay() {
    let text = "A=1\r\nMOSAIC_AGENT_RUNTIME=pi\r\nB=2\r\n";
    assert!(merged(text, &full(), None).starts_with("A=1\r\nMOSAIC_AGENT_RUNTIME=codex\r\nB=2\r\n"));
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once_and_loses_nothing(text in "(MOSAIC_AGENT_(COMMAND|RUNTIME|WORKDIR)=x?\n|PATH=y\n|# From the roster; the next line is written again by mosaic fleet install.\n|[A-B]=|[#;'\"\\\\ \\r\\n\\t\\x00x$=]){0,30}") {
        for (settings, path) in [(full(), Some("/opt/bin")), (settings("", ""), None)] {
            let once = merged(&text, &settings, path);
            prop_assert_eq!(&merged(&once, &settings, path), &once);
            let (before, after) = (AgentEnv::parse(&text), AgentEnv::parse(&once));
            for key in ["A", "B"] {
                prop_assert_eq!(before.value(key), after.value(key), "{:?} {:?}", text, once);
            }
            prop_assert_eq!(after.value("MOSAIC_AGENT_RUNTIME"), Some(settings.runtime.to_string()));
        }
    }
}
