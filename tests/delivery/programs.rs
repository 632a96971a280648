//! Programs of every make take messages as they were sent: several senders' at once, none mixed with another.

use crate::crowd::{assert_all_arrived, crowd, send_all};
use crate::program::{self, PROFILE};
use crate::site::Site;

/// Sends messages of four senders to a terminal program.
fn take(site: &Site, messages: usize) {
    site.wait_screen("tui0", "test-tui");
    let crowd = crowd(4, messages);
    send_all(site, "tui0", &crowd);
    assert_all_arrived("tui0", &crowd, &program::wait_taken(site, "tui0", messages));
}

#[test]
fn one_with_a_spinner_takes_them_while_it_spins() {
    take(&program::site(&["tui0"], "tui", "--spinner"), 60);
}

#[test]
fn one_that_cannot_tell_a_paste_from_typing_takes_a_message_of_many_lines_as_one() {
    let site = program::site(&["tui0"], "tui", "--no-bracketed-paste");
    let pasted = PROFILE.lines().find(|line| line.starts_with("pasted:")).unwrap();
    site.write_profile("tui", &PROFILE.replace(&format!("{pasted}\n"), ""));
    take(&site, 60);
}

#[test]
fn one_that_loses_the_first_enter_is_given_another_and_takes_each_once() {
    take(&program::site(&["tui0"], "tui", "--swallow-first-enter"), 24);
}
