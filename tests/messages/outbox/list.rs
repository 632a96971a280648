//! What `mosaic agent outbox` lists.

use crate::outbox::outbox_fixture::{Stage, short};

#[test]
fn what_waits_is_listed_with_why() {
    let stage = Stage::new();
    let id = stage.queue("please rebase\nand push");
    let listed = stage.outbox_command(&[]);
    assert_eq!((listed.code, listed.errors.as_str()), (0, ""), "{listed:?}");
    let [heading, row, why] = listed.said.lines().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["ID", "AGENT", "STATE", "AGE", "FROM", "TEXT"]);
    assert!(row.trim_start().starts_with(&format!("{}  coder0  waiting", short(&id))), "{row}");
    assert!(row.ends_with("please rebase"), "{row}");
    assert!(why.trim_start().starts_with("the agent has no session; expires in 23h"), "{why}");
    let message = &stage.listed(&["coder0"])[0];
    assert_eq!(
        (&message["id"], &message["state"], &message["code"]),
        (&id.into(), &"waiting".into(), &"no-session".into())
    );
    assert_eq!(message["text"], "please rebase\nand push");
}

#[test]
fn an_agent_is_known_by_the_roster_or_by_its_messages() {
    let stage = Stage::new();
    let unknown = stage.outbox_command(&["codr0"]);
    assert_eq!(unknown.code, 64, "{unknown:?}");
    assert!(unknown.errors.contains("did you mean coder0 or coder1?"), "{unknown:?}");
    let none = stage.outbox_command(&["coder0"]);
    assert_eq!((none.code, none.said.as_str()), (0, ""), "{none:?}");
    assert_eq!(none.errors, "NOTE: there are no messages\n");
    stage.queue("hello");
    std::fs::rename(stage.path("outbox/coder0"), stage.path("outbox/gone0")).unwrap();
    assert_eq!(stage.listed(&["gone0"]).len(), 1);
    assert_eq!(stage.listed(&["coder0"]).len(), 0);
    std::fs::remove_file(stage.path("roster.yaml")).unwrap();
    assert_eq!(stage.listed(&[]).len(), 1);
}

#[test]
fn a_file_that_is_no_message_is_told_and_hides_no_other() {
    let stage = Stage::new();
    let wrong = stage.path("outbox/coder0/00000000000001-0001.json");
    std::fs::create_dir_all(wrong.parent().unwrap()).unwrap();
    std::fs::write(&wrong, "{").unwrap();
    let alone = stage.outbox_command(&[]);
    assert_eq!(alone.code, 74, "{alone:?}");
    let warning = format!("WARNING: {} is not a message: ", wrong.display());
    assert!(alone.errors.starts_with(&warning), "{alone:?}");
    stage.queue("hello");
    let both = stage.outbox_command(&[]);
    assert_eq!(both.code, 0, "{both:?}");
    assert!(both.errors.starts_with(&warning) && both.said.ends_with("more\n"), "{both:?}");
    assert_eq!(stage.outbox_command(&["coder1"]).errors, "NOTE: there are no messages\n");
}

#[test]
fn what_arrived_is_shown_for_an_hour_and_then_with_all() {
    let stage = Stage::new();
    stage.open(&stage.agent("coder0"), "");
    let (id, outcome) = stage.send("hello", &[]);
    assert_eq!(outcome, "accepted");
    assert_eq!(stage.listed(&[])[0]["state"], "accepted");
    stage.change(&id, |record| record["since"] = "2020-01-01T00:00:00Z".into());
    let listed = stage.outbox_command(&[]);
    assert_eq!((listed.code, listed.said.as_str()), (0, ""), "{listed:?}");
    assert!(listed.errors.contains("--all"), "{listed:?}");
    assert_eq!(stage.listed(&["--all"]).len(), 1);
}
