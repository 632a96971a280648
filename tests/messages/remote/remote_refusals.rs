//! What does not arrive, and how that is told.

use crate::remote::other_host::{OtherHost, THERE, receipt, said};
use std::process::Output;

fn send_to(host: &OtherHost, whom: &str, words: &[&str]) -> Output {
    host.command(whom, &[&["-m", "hello"], words].concat()).output().unwrap()
}

#[test]
fn exit_codes_are_those_of_the_other_host() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    // Refused: it is down.
    let output = send_to(&host, THERE, &["--json"]);
    assert_eq!((output.status.code(), &receipt(&output)["code"]), (Some(1), &"no-session".into()));
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("refused"), "{output:?}");
    // Unconfirmed: its Enter does nothing.
    host.start(&agent, &format!("--busy-until {}", host.there.root().join("never").display()));
    let output = send_to(&host, THERE, &["--wait", "2", "--json"]);
    assert_eq!((output.status.code(), &receipt(&output)["outcome"]), (Some(2), &"unconfirmed".into()));
    // It makes no sense there.
    std::fs::write(host.there.mosaic_home().join("fleet/roster.yaml"), "version: 1\nagents: 7\n").unwrap();
    let there = host.there.command(host.there.root().join("programs/mosaic")).args(["agent", "roster"]).output();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), there.unwrap().status.code(), "{output:?}");
    assert!(
        said(&output).contains("there rejected the message") && said(&output).contains("roster.yaml"),
        "{output:?}"
    );
}

#[test]
fn an_agent_that_is_not_in_the_other_roster_is_told_by_that_host() {
    let Some(host) = OtherHost::or_skip() else { return };
    let roster = host.there.mosaic_home().join("fleet/roster.yaml");
    let text = std::fs::read_to_string(&roster).unwrap().replace("name: coder0", "name: coder1");
    std::fs::write(roster, text).unwrap();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(said(&output).contains("coder0") && said(&output).contains("coder1"), "{output:?}");
}

#[test]
fn a_host_without_mosaic_is_told_with_what_installs_it() {
    let Some(host) = OtherHost::or_skip() else { return };
    std::fs::remove_file(host.there.home().join(".local/bin/mosaic")).unwrap();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    let said = said(&output);
    assert!(said.contains("there is no mosaic on mf-remote@there") && said.contains("mosaic fleet install"), "{said}");
}

#[test]
fn one_that_cannot_receive_is_told_to_be_too_old() {
    let Some(host) = OtherHost::or_skip() else { return };
    let mosaic = host.there.home().join(".local/bin/mosaic");
    std::fs::remove_file(&mosaic).unwrap();
    host.here.install_script(&mosaic, "#!/bin/sh\necho \"ERROR: unrecognized subcommand '$2'\" >&2\nexit 64\n");
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(said(&output).contains("cannot receive messages"), "{output:?}");
}

#[test]
fn a_host_that_is_not_reached_or_lets_nobody_in_was_sent_nothing() {
    let Some(host) = OtherHost::or_skip() else { return };
    let output = send_to(&host, "nowhere", &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(said(&output).contains("cannot reach nowhere; nothing was sent to it"), "{output:?}");
    std::fs::write(host.there.root().join("authorized_keys"), "").unwrap();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(said(&output).contains("Permission denied"), "what ssh says is told: {output:?}");
    assert_eq!(host.outbox().messages().len(), 0);
}

#[test]
fn a_host_that_would_be_an_option_is_none() {
    let Some(host) = OtherHost::or_skip() else { return };
    for wrong in ["-oProxyCommand=x", "-oProxyCommand", "there;x"] {
        let output = send_to(&host, wrong, &[]);
        assert_eq!(output.status.code(), Some(64), "{wrong}: {output:?}");
    }
}

#[test]
fn what_a_login_prints_is_no_answer() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    host.start(&agent, "");
    // As a shell's own start files do, in whatever encoding.
    let mosaic = host.there.home().join(".local/bin/mosaic");
    std::fs::remove_file(&mosaic).unwrap();
    let real = host.there.root().join("programs/mosaic");
    let greets = format!("#!/bin/sh\nprintf 'Gr\\374\\337e\\nready\\n'\nexec {} \"$@\"\n", real.display());
    host.here.install_script(&mosaic, &greets);
    let output = send_to(&host, THERE, &["--json", "--no-preamble"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(agent.received(), ["hello"]);
}
