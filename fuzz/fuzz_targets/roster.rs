//! The parsers of rosters and env files reject or read any input, without a crash or a hang. An edit of a roster can
//! be undone without a trace.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mosaic_roster::{AgentEnvFile, Class, NewAgent, Roster, add_agent, remove_agent, set_value};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let path = Path::new("roster.yaml");
    let env = AgentEnvFile::parse(text);
    assert_eq!(env.to_string(), text, "an env file is kept byte for byte");
    let roster = match Roster::parse(text, path) {
        Ok(roster) => roster,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for agent in &roster.agents {
        let settings = roster.settings(agent);
        let merged = env.merged(&settings, Some("/bin")).to_string();
        assert_eq!(AgentEnvFile::parse(&merged).merged(&settings, Some("/bin")).to_string(), merged);
        let _ = remove_agent(text, &agent.name, path);
    }
    let name = "added-by-the-fuzzer".parse().expect("the name is valid");
    let _ = set_value(text, &["tmux", "socket_name"], "other", path);
    if let Ok(added) = add_agent(text, &NewAgent::new(name, Class::Canary), path) {
        let name = "added-by-the-fuzzer".parse().expect("the name is valid");
        let removed = remove_agent(&added, &name, path).expect("an added agent can be removed");
        // An empty list is written as `[]`, whatever its form was before.
        assert!(removed == text || roster.agents.is_empty(), "{text:?} {removed:?}");
    }
});
