//! Messages that do not arrive on another host, and their errors.

use crate::remote::other_host::{OtherHost, THERE, receipt, stderr};
use std::process::Output;

fn send_to(host: &OtherHost, destination: &str, words: &[&str]) -> Output {
    host.command(destination, &[&["-m", "hello"], words].concat()).output().unwrap()
}

#[test]
fn exit_codes_come_from_the_other_host() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    // Refused: the agent is not running.
    let output = send_to(&host, THERE, &["--json"]);
    assert_eq!((output.status.code(), &receipt(&output)["code"]), (Some(1), &"no-session".into()));
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("refused"), "{output:?}");
    // Unconfirmed: Enter has no effect.
    host.start(&agent, &format!("--busy-until {}", host.there.root().join("never").display()));
    let output = send_to(&host, THERE, &["--wait", "2", "--json"]);
    assert_eq!((output.status.code(), &receipt(&output)["outcome"]), (Some(2), &"unconfirmed".into()));
    // The other host's roster is invalid.
    std::fs::write(host.there.mosaic_home().join("fleet/roster.yaml"), "version: 1\nagents: 7\n").unwrap();
    let there = host.there.command(host.there.root().join("programs/mosaic")).args(["agent", "roster"]).output();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), there.unwrap().status.code(), "{output:?}");
    assert!(
        stderr(&output).contains("there rejected the message") && stderr(&output).contains("roster.yaml"),
        "{output:?}"
    );
}

#[test]
fn an_unknown_remote_agent_is_reported_by_the_other_host() {
    let Some(host) = OtherHost::or_skip() else { return };
    let roster = host.there.mosaic_home().join("fleet/roster.yaml");
    let text = std::fs::read_to_string(&roster).unwrap().replace("name: coder0", "name: coder1");
    std::fs::write(roster, text).unwrap();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(stderr(&output).contains("coder0") && stderr(&output).contains("coder1"), "{output:?}");
}

#[test]
fn a_host_without_mosaic_is_reported_with_the_install_command() {
    let Some(host) = OtherHost::or_skip() else { return };
    std::fs::remove_file(host.there.home().join(".local/bin/mosaic")).unwrap();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    let stderr = stderr(&output);
    assert!(
        stderr.contains("there is no mosaic on mf-remote@there") && stderr.contains("mosaic fleet install"),
        "{stderr}"
    );
}

#[test]
fn a_host_with_tmux_alone_gets_a_message_to_a_pane_without_a_confirmation() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    host.start(&agent, "");
    agent.wait_screen("test-tui");
    std::fs::remove_file(host.there.home().join(".local/bin/mosaic")).unwrap();
    let socket = host.there.tmux_socket();
    let send = |target: &str| {
        let words = ["--tmux-socket", socket, "--tmux-target", target, "--host-label", "far", "--json"];
        let mut command =
            host.command(THERE, &[&words[..], &["--source-label", "me", "-m", "hello\nthere; $(id)"]].concat());
        // The agent is named by its pane alone.
        let arguments: Vec<_> = command.get_args().filter(|word| *word != "coder0").map(ToOwned::to_owned).collect();
        let mut plain = host.here.command(command.get_program());
        plain.args(arguments).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command = plain;
        command.output().unwrap()
    };
    let output = send("=coder0:");
    assert_eq!((output.status.code(), &receipt(&output)["code"]), (Some(2), &"no-mosaic".into()), "{output:?}");
    assert_eq!(agent.wait_received(1), ["[me -> far:coder0] hello\nthere; $(id)"]);
    let output = send("=coder:");
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(stderr(&output).contains("there is no pane =coder:"), "{output:?}");
}

#[test]
fn a_host_with_an_old_mosaic_is_reported_as_such() {
    let Some(host) = OtherHost::or_skip() else { return };
    let mosaic = host.there.home().join(".local/bin/mosaic");
    std::fs::remove_file(&mosaic).unwrap();
    host.here.install_script(&mosaic, "#!/bin/sh\necho \"ERROR: unrecognized subcommand '$2'\" >&2\nexit 64\n");
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(stderr(&output).contains("cannot receive messages"), "{output:?}");
}

#[test]
fn an_unreachable_host_or_a_refused_login_sends_nothing() {
    let Some(host) = OtherHost::or_skip() else { return };
    let output = send_to(&host, "nowhere", &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(stderr(&output).contains("cannot reach nowhere; nothing was sent to it"), "{output:?}");
    std::fs::write(host.there.root().join("authorized_keys"), "").unwrap();
    let output = send_to(&host, THERE, &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(stderr(&output).contains("Permission denied"), "the output of ssh is passed on: {output:?}");
    assert_eq!(host.outbox().messages().len(), 0);
}

#[test]
fn a_host_that_looks_like_an_option_is_refused() {
    let Some(host) = OtherHost::or_skip() else { return };
    for wrong in ["-oProxyCommand=x", "-oProxyCommand", "there;x"] {
        let output = send_to(&host, wrong, &[]);
        assert_eq!(output.status.code(), Some(64), "{wrong}: {output:?}");
    }
}

#[test]
fn output_of_login_scripts_is_ignored() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    host.start(&agent, "");
    // Start files of a shell can print text in any encoding.
    let mosaic = host.there.home().join(".local/bin/mosaic");
    std::fs::remove_file(&mosaic).unwrap();
    let real = host.there.root().join("programs/mosaic");
    let greets = format!("#!/bin/sh\nprintf 'Gr\\374\\337e\\nready\\n'\nexec {} \"$@\"\n", real.display());
    host.here.install_script(&mosaic, &greets);
    let output = send_to(&host, THERE, &["--json", "--no-preamble"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(agent.received(), ["hello"]);
}
