//! The time from the call to the acceptance of a message, compared with a script that pastes, sleeps, presses Enter,
//! sleeps and captures the pane.

use crate::arguments::Effort;
use crate::row::{Bound, Cell, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use mosaic_harness::{Binaries, Fleet, ModelServer, Pi};
use std::fmt::Write as _;
use std::fs;
use std::process::Output;
use std::time::Instant;

/// The number of agents that receive a message at the same time.
const MANY: usize = 100;

/// The script that the product replaces.
const SCRIPT: &str = r#"
target==$1:
printf '%s' "$2" | tmux -u -L "$MOSAIC_TMUX_SOCKET" load-buffer -b mosaic -
tmux -u -L "$MOSAIC_TMUX_SOCKET" paste-buffer -p -d -b mosaic -t "$target"
sleep 0.5
tmux -u -L "$MOSAIC_TMUX_SOCKET" send-keys -t "$target" Enter
sleep 1.2
tmux -u -L "$MOSAIC_TMUX_SOCKET" capture-pane -p -t "$target"
"#;

/// The runtime profile of `test-tui --line`.
const REPL: &str = "version: 1\ncomposer: {kind: line, prompt: '^> $'}\n";

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let fleet = Fleet::new();
    Message::Fleet(fleet.root().to_owned()).send();
    let repl = |agent: &str| {
        let log = fleet.root().join(agent);
        format!("exec {} {} --line", Binaries::test_tui().display(), log.display())
    };
    let profiles = fleet.mosaic_home().join("fleet/runtimes");
    fs::create_dir_all(&profiles)
        .and_then(|()| fs::write(profiles.join("line.yaml"), REPL))
        .map_err(|error| error.to_string())?;
    let server = ModelServer::start();
    let pi = Pi::installed_or_skip();
    let mut agents: Vec<(String, &str, String)> =
        (0..MANY).map(|nth| (format!("repl{nth}"), "line", repl(&format!("repl{nth}")))).collect();
    if let Some(pi) = &pi {
        pi.configure(&fleet, &server);
        agents.push(("pi0".to_owned(), "pi", pi.command()));
    }
    write_roster(&fleet, &agents)?;
    checked(&fleet, &["fleet", "start", "--timeout", "120"])?;
    for (agent, what) in [("repl0", "a REPL"), ("pi0", "an idle pi")] {
        if pi.is_none() && agent == "pi0" {
            Message::CouldNotRun("pi is not installed".to_owned()).send();
            continue;
        }
        // The first message waits until the agent has started.
        checked(&fleet, &["agent", "send", agent, "--wait", "60", "-m", "warm-up"])?;
        one(&fleet, agent, what, effort)?;
    }
    all(&fleet, effort)
}

/// Sends messages to one agent, alternately with the script and the product.
fn one(fleet: &Fleet, agent: &str, what: &str, effort: Effort) -> Result<(), String> {
    let (mut script, mut product) = (Samples::default(), Samples::default());
    for round in 0..effort.pick(5, 40) {
        let begun = Instant::now();
        let text = format!("message {round} by the script");
        let output = fleet.command("bash").args(["-euc", SCRIPT, "script", agent, &text]).output();
        let output = output.map_err(|error| format!("bash: {error}"))?;
        succeeded("the script", &output)?;
        script.add(begun.elapsed().as_secs_f64() * 1e3);

        let begun = Instant::now();
        checked(fleet, &["agent", "send", agent, "-m", &format!("message {round} by the product")])?;
        product.add(begun.elapsed().as_secs_f64() * 1e3);
    }
    let row = Row {
        figure: format!("message to {what}, until accepted"),
        unit: UnitOfMeasure::Milliseconds,
        bash: script.into(),
        rust: product.into(),
        bound: Bound::Ratio(0.25),
        how:
            "alternately, to one agent; the script is `paste, sleep 0.5, Enter, sleep 1.2, capture` and does not check \
              whether the message was accepted"
                .to_owned(),
    };
    Message::Row(Box::new(row)).send();
    Ok(())
}

/// Sends messages to many agents.
fn all(fleet: &Fleet, effort: Effort) -> Result<(), String> {
    let mut samples = Samples::default();
    for round in 0..effort.pick(3, 20) {
        let begun = Instant::now();
        checked(fleet, &["agent", "send", "--class", "implementer", "-m", &format!("message {round} to all")])?;
        samples.add(begun.elapsed().as_secs_f64() * 1e3);
    }
    let row = Row {
        figure: format!("message to {MANY} agents, until all accept"),
        unit: UnitOfMeasure::Milliseconds,
        bash: Cell::text("not measured"),
        rust: samples.into(),
        bound: Bound::AtMost(2000.0),
        how: "`mosaic agent send --class implementer`, to REPLs on one tmux server".to_owned(),
    };
    Message::Row(Box::new(row)).send();
    Ok(())
}

fn write_roster(fleet: &Fleet, agents: &[(String, &str, String)]) -> Result<(), String> {
    let socket = fleet.tmux_socket();
    let mut roster = format!(
        "version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\ndefaults:\n  heartbeat_interval: \
         600\nruntimes:\n  line:\n    command: cat\nagents:\n"
    );
    for (name, runtime, command) in agents {
        let class = if *runtime == "pi" { "research" } else { "implementer" };
        let command = serde_json::to_string(command).map_err(|error| error.to_string())?;
        let _ = writeln!(roster, "  - {{name: {name}, runtime: {runtime}, class: {class}, command: {command}}}");
    }
    let directory = fleet.mosaic_home().join("fleet");
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(directory.join("roster.yaml"), roster))
        .map_err(|error| error.to_string())
}

fn checked(fleet: &Fleet, words: &[&str]) -> Result<(), String> {
    let output = fleet.command(Binaries::mosaic()).args(words).output().map_err(|error| format!("mosaic: {error}"))?;
    succeeded(&format!("mosaic {}", words.join(" ")), &output)
}

fn succeeded(what: &str, output: &Output) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    let output_text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    Err(format!("{what}: {}: {}", output.status, String::from_utf8_lossy(&output_text).trim()))
}
