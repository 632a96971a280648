//! A connection that breaks when the message was told.

use crate::other_host::{OtherHost, said};
use mosaic_harness::ProcessWatch;
use rustix::process::Signal;

#[test]
fn who_is_cut_off_says_that_it_may_have_arrived_and_where_to_look() {
    let Some(host) = OtherHost::or_skip() else { return };
    let agent = host.agent();
    let done = host.there.root().join("done");
    // Until then Enter does nothing, so it is not accepted.
    host.start(&agent, &format!("--busy-until {}", done.display()));
    let sending = host.begin("half-way", &["--no-preamble"]);
    host.outbox().wait_states(&["submitted"]);
    let [ssh] = host.here.processes_named("ssh").try_into().unwrap();
    ProcessWatch::new(ssh).unwrap().signal(Signal::KILL.as_raw());
    let output = sending.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = said(&output);
    assert!(
        said.contains("the connection was lost after the message was sent")
            && said.contains("check there before you resend"),
        "{said}"
    );
    // The other host goes on alone, and Enter is pressed again.
    std::fs::write(done, "").unwrap();
    assert_eq!(agent.wait_received(1), ["half-way"]);
    host.outbox().wait_states(&["accepted"]);
}
