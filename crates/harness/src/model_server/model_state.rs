use super::dialect::Reply;
use crate::Deadline;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What the threads of a [`ModelServer`](crate::ModelServer) share: what was said, and whether it
/// may be answered.
#[derive(Debug, Default)]
pub(super) struct ModelState {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    conversations: Conversations,
    /// How many guards hold the answers back.
    holds: usize,
    /// How many answers are being held back.
    held: usize,
    /// What it answers next instead of "noted".
    replies: VecDeque<Reply>,
    /// A status and a message, instead of any answer.
    refusal: Option<(String, String)>,
    stopped: bool,
}

impl ModelState {
    pub(super) fn user_turns(&self) -> Vec<String> {
        self.lock().conversations.turns()
    }

    pub(super) fn wait_user_turns(&self, count: usize, deadline: Deadline) -> Vec<String> {
        let state = self.wait(deadline, |state| state.conversations.turns().len() >= count);
        let turns = state.conversations.turns();
        drop(state);
        assert!(turns.len() >= count, "{count} user turns within {:?}; there are: {turns:#?}", Deadline::DEFAULT);
        turns
    }

    pub(super) fn wait_held(&self, deadline: Deadline) {
        let held = self.wait(deadline, |state| state.held > 0).held;
        assert!(held > 0, "nobody asked the model within {:?}", Deadline::DEFAULT);
    }

    /// What one request repeats of its conversation.
    pub(super) fn record(&self, turns: Vec<String>) {
        self.change(|state| state.conversations.record(turns));
    }

    /// Returns when an answer may go out; false when there is to be none.
    pub(super) fn may_answer(&self) -> bool {
        let mut state = self.lock();
        if state.holds > 0 {
            state.held += 1;
            self.changed.notify_all();
            let waited = self.changed.wait_while(state, |state| state.holds > 0 && !state.stopped);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.held -= 1;
        }
        !state.stopped
    }

    pub(super) fn reply_next(&self, reply: Reply) {
        self.change(|state| state.replies.push_back(reply));
    }

    pub(super) fn take_reply(&self) -> Reply {
        self.lock().replies.pop_front().unwrap_or_default()
    }

    pub(super) fn refuse(&self, refusal: Option<(String, String)>) {
        self.change(|state| state.refusal = refusal);
    }

    pub(super) fn refusal(&self) -> Option<(String, String)> {
        self.lock().refusal.clone()
    }

    pub(super) fn hold(&self) {
        self.change(|state| state.holds += 1);
    }

    pub(super) fn release(&self) {
        self.change(|state| state.holds -= 1);
    }

    pub(super) fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.lock().stopped
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait(&self, deadline: Deadline, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.lock(), deadline.remaining(), |state| !until(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A test that failed with the lock in its hands has said so itself.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What users said, out of requests that repeat their whole conversation each time.
///
/// Two requests belong to one conversation when what one of them says is how the other begins; the
/// longer one is then all there is to know. So two equal turns are two, and a request that is
/// repeated adds none.
#[derive(Debug, Default)]
pub(super) struct Conversations(Vec<Vec<String>>);

impl Conversations {
    /// Another request, with all that its user has said.
    pub(super) fn record(&mut self, turns: Vec<String>) {
        let same = |known: &&mut Vec<String>| known.starts_with(&turns) || turns.starts_with(known);
        // Of several that fit the one that it goes on with.
        match self.0.iter_mut().filter(same).max_by_key(|known| known.len().min(turns.len())) {
            Some(known) if known.len() < turns.len() => *known = turns,
            Some(_) => {}
            None if turns.is_empty() => {}
            None => self.0.push(turns),
        }
    }

    /// All turns, conversation by conversation.
    pub(super) fn turns(&self) -> Vec<String> {
        self.0.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::Conversations;

    #[test]
    fn what_is_repeated_counts_once_and_what_is_said_twice_counts_twice() {
        let table: [(&[&[&str]], &[&str]); 6] = [
            (&[], &[]),
            (&[&[]], &[]),
            (&[&["a"], &["a", "a"], &["a", "a", "b"]], &["a", "a", "b"]),
            (&[&["a"], &["a"]], &["a"]),
            (&[&["a", "b"], &["a"]], &["a", "b"]),
            (&[&["a"], &["x"], &["a", "b"], &["x", "y"]], &["a", "b", "x", "y"]),
        ];
        for (requests, expected) in table {
            let mut conversations = Conversations::default();
            for request in requests {
                conversations.record(request.iter().map(ToString::to_string).collect());
            }
            assert_eq!(conversations.turns(), expected, "{requests:?}");
        }
    }
}
