//! `mosaic agent outbox` without a subcommand: the list of messages.

use crate::outbox::outbox_fixture::{OutboxFleet, short_id};

#[test]
fn waiting_messages_are_listed_with_the_reason() {
    let fleet = OutboxFleet::new();
    let id = fleet.queue("please rebase\nand push");
    let listed = fleet.outbox_command(&[]);
    assert_eq!((listed.code, listed.stderr.as_str()), (0, ""), "{listed:?}");
    let [heading, row, reason] = listed.stdout.lines().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["ID", "AGENT", "STATE", "AGE", "FROM", "TEXT"]);
    assert!(row.trim_start().starts_with(&format!("{}  coder0  waiting", short_id(&id))), "{row}");
    assert!(row.ends_with("please rebase"), "{row}");
    assert!(reason.trim_start().starts_with("the agent has no session; expires in 23h"), "{reason}");
    let message = &fleet.listed(&["coder0"])[0];
    assert_eq!(
        (&message["id"], &message["state"], &message["code"]),
        (&id.into(), &"waiting".into(), &"no-session".into())
    );
    assert_eq!(message["text"], "please rebase\nand push");
}

#[test]
fn an_agent_is_known_by_the_roster_or_by_its_messages() {
    let fleet = OutboxFleet::new();
    let unknown = fleet.outbox_command(&["codr0"]);
    assert_eq!(unknown.code, 64, "{unknown:?}");
    assert!(unknown.stderr.contains("did you mean coder0 or coder1?"), "{unknown:?}");
    let none = fleet.outbox_command(&["coder0"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, ""), "{none:?}");
    assert_eq!(none.stderr, "NOTE: there are no messages\n");
    fleet.queue("hello");
    std::fs::rename(fleet.path("outbox/coder0"), fleet.path("outbox/gone0")).unwrap();
    assert_eq!(fleet.listed(&["gone0"]).len(), 1);
    assert_eq!(fleet.listed(&["coder0"]).len(), 0);
    std::fs::remove_file(fleet.path("roster.yaml")).unwrap();
    assert_eq!(fleet.listed(&[]).len(), 1);
}

#[test]
fn an_invalid_message_file_is_reported_and_hides_no_other() {
    let fleet = OutboxFleet::new();
    let wrong = fleet.path("outbox/coder0/00000000000001-0001.json");
    std::fs::create_dir_all(wrong.parent().unwrap()).unwrap();
    std::fs::write(&wrong, "{").unwrap();
    let alone = fleet.outbox_command(&[]);
    assert_eq!(alone.code, 74, "{alone:?}");
    let warning = format!("WARNING: {} is not a message: ", wrong.display());
    assert!(alone.stderr.starts_with(&warning), "{alone:?}");
    fleet.queue("hello");
    let both = fleet.outbox_command(&[]);
    assert_eq!(both.code, 0, "{both:?}");
    assert!(both.stderr.starts_with(&warning) && both.stdout.contains("; expires in 23h"), "{both:?}");
    assert_eq!(fleet.outbox_command(&["coder1"]).stderr, "NOTE: there are no messages\n");
}

#[test]
fn delivered_messages_are_listed_for_an_hour_and_later_with_all() {
    let fleet = OutboxFleet::new();
    fleet.open(&fleet.agent("coder0"), "");
    let (id, outcome) = fleet.send("hello", &[]);
    assert_eq!(outcome, "accepted");
    assert_eq!(fleet.listed(&[])[0]["state"], "accepted");
    fleet.change(&id, |record| record["since"] = "2020-01-01T00:00:00Z".into());
    let listed = fleet.outbox_command(&[]);
    assert_eq!((listed.code, listed.stdout.as_str()), (0, ""), "{listed:?}");
    assert!(listed.stderr.contains("--all"), "{listed:?}");
    assert_eq!(fleet.listed(&["--all"]).len(), 1);
}
