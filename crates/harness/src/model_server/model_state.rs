use super::dialect::Reply;
use crate::Deadline;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The state that the threads of a [`ModelServer`](crate::ModelServer) share: the recorded conversations and the
/// settings of the next responses.
#[derive(Debug, Default)]
pub(super) struct ModelState {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    conversations: Conversations,
    /// The parts of the user turns in the latest request that offers tools.
    latest: Vec<Vec<String>>,
    /// The number of guards that hold back responses.
    holds: usize,
    /// The number of responses that are being held back.
    held: usize,
    /// The next responses to requests with tools, instead of "noted".
    replies: VecDeque<Reply>,
    /// The status and message with which every request is rejected.
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
        assert!(held > 0, "no request was held back within {:?}", Deadline::DEFAULT);
    }

    pub(super) fn wait_latest(&self, until: impl Fn(&[Vec<String>]) -> bool, deadline: Deadline) -> Vec<Vec<String>> {
        self.wait(deadline, |state| until(&state.latest)).latest.clone()
    }

    /// Records the user turns of one request, which repeats its conversation from the start; with their parts, if the
    /// request offers tools.
    pub(super) fn record(&self, turns: Vec<String>, parts: Option<Vec<Vec<String>>>) {
        self.change(|state| {
            state.conversations.record(turns);
            state.latest = parts.unwrap_or_else(|| std::mem::take(&mut state.latest));
        });
    }

    /// Blocks while responses are held back. Returns false if the server has stopped.
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

    /// Ignores poisoning: the thread that panicked has reported its own failure.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The user turns of all conversations, collected from requests that each repeat a whole conversation.
///
/// Two requests belong to the same conversation if the turns of one are a prefix of the other's; the longer one is
/// kept. So two equal turns count twice, and a repeated request adds none.
#[derive(Debug, Default)]
pub(super) struct Conversations(Vec<Vec<String>>);

impl Conversations {
    /// Adds a request with its user turns.
    pub(super) fn record(&mut self, turns: Vec<String>) {
        let same = |known: &&mut Vec<String>| known.starts_with(&turns) || turns.starts_with(known);
        // Of several matching conversations, the one with the longest common prefix.
        match self.0.iter_mut().filter(same).max_by_key(|known| known.len().min(turns.len())) {
            Some(known) if known.len() < turns.len() => *known = turns,
            Some(_) => {}
            None if turns.is_empty() => {}
            None => self.0.push(turns),
        }
    }

    /// All turns, one conversation after the other.
    pub(super) fn turns(&self) -> Vec<String> {
        self.0.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::Conversations;

    #[test]
    fn a_repeated_request_counts_once_and_an_equal_turn_counts_again() {
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
