//! Messages that arrive on another host, their receipts, and a lost connection.

use crate::remote::other_host::{OtherHost, command_lines, receipt, stderr};
use mosaic_harness::ProcessWatch;
use rustix::process::Signal;

#[test]
fn a_remote_message_arrives_once_and_returns_its_receipt() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    host.start(&agent, "");
    let output = host.send("are you there?", &["--json", "--source-label", "here:me", "--host-label", "there"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(receipt(&output)["outcome"], "accepted");
    let [kept] = host.outbox().messages().try_into().unwrap();
    assert_eq!((&kept["id"], &kept["state"]), (&receipt(&output)["id"], &"accepted".into()));
    let [received] = agent.received().try_into().unwrap();
    assert!(received.starts_with("[here:me -> there:coder0]") && received.ends_with("are you there?"), "{received}");
    // The sending host keeps no record.
    assert!(!host.here.mosaic_home().join("fleet/outbox").exists());
}

#[test]
fn hostile_texts_arrive_byte_for_byte() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    host.start(&agent, "");
    let texts = [
        "it's \"quoted\" \\ and `ticked`",
        "$(touch /tmp/mf-hostile) ${HOME} $PATH; rm -rf ~ & | > <",
        "--leading dashes -oProxyCommand=x",
        "two\nlines\n\nand a blank one, then é, 漢字 and 🦀",
        "#{session_name} %1 mosaic-ready",
        "mosaic-ready",
    ];
    for (nth, text) in texts.iter().enumerate() {
        let output = host.send(text, &["--no-preamble"]);
        assert_eq!(output.status.code(), Some(0), "{text:?}: {output:?}");
        assert_eq!(agent.wait_received(nth + 1)[nth], *text);
    }
    assert_eq!(agent.received(), texts);
}

#[test]
fn a_long_text_is_in_a_file_on_the_host_where_the_agent_is() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    host.start(&agent, "");
    let text = "'quoted' $(line) of a long text\n".repeat(6400);
    let output = host.send(&text, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let file = receipt(&output)["file"].as_str().unwrap().to_owned();
    assert!(file.starts_with(host.there.mosaic_home().to_str().unwrap()), "{file}");
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim_end(), text.trim_end());
    let [received] = agent.received().try_into().unwrap();
    assert!(received.contains(&file), "{received}");
}

#[test]
fn nothing_of_a_message_is_on_any_command_line() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    let loaded = host.there.root().join("loaded");
    host.start(&agent, &format!("--no-composer-until {}", loaded.display()));
    let (text, label) = ("a-secret-of-two-hosts", "label-of-the-sender");
    let sending = host.begin(text, &["--wait", "25", "--no-preamble", "--source-label", label]);
    // The message has arrived and waits for a composer.
    host.outbox().wait_states(&["staged"]);
    assert_eq!(host.there.processes_named("mosaic").len(), 1);
    let has = |what: &str| {
        let all = command_lines();
        all.into_iter().filter(|line| line.windows(what.len()).any(|window| window == what.as_bytes())).count()
    };
    assert!(has("mosaic\0agent\0receive\0") > 0, "the command line of the receiver is found");
    assert_eq!(has(text), 0);
    // The label is on the command line of the sender alone.
    assert_eq!(has(label), 1);
    std::fs::write(loaded, "").unwrap();
    let output = sending.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(agent.received(), [text]);
}

#[test]
fn a_queued_message_waits_on_the_other_host() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    let output = host.send("when you are up", &["--queue", "--json", "--no-preamble"]);
    assert_eq!(
        (output.status.code(), &receipt(&output)["outcome"]),
        (Some(0), &"waiting".into()),
        "{}",
        stderr(&output)
    );
    assert!(host.outbox().mark().exists());
    host.start(&agent, "");
    assert_eq!(agent.wait_received(1), ["when you are up"]);
    host.outbox().wait_states(&["accepted"]);
    assert_eq!(agent.received(), ["when you are up"]);
}

#[test]
fn a_lost_connection_is_reported_as_unknown_delivery() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    let done = host.there.root().join("done");
    // Until the file exists, the program does not act on Enter, so that the message is not accepted.
    host.start(&agent, &format!("--enter-until {}", done.display()));
    let sending = host.begin("half-way", &["--no-preamble"]);
    host.outbox().wait_states(&["submitted"]);
    let [ssh] = host.here.processes_named("ssh").try_into().unwrap();
    ProcessWatch::new(ssh).unwrap().signal(Signal::KILL.as_raw());
    let output = sending.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let stderr = stderr(&output);
    assert!(
        stderr.contains("the connection was lost after the message was sent")
            && stderr.contains("check there before you resend"),
        "{stderr}"
    );
    // The other host continues alone.
    std::fs::write(done, "").unwrap();
    assert_eq!(agent.wait_received(1), ["half-way"]);
    host.outbox().wait_states(&["accepted"]);
}
