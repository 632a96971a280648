/// What users said, out of requests that repeat their whole conversation each time.
///
/// Two requests belong to one conversation when what one of them says is how the other begins; the
/// longer one is then all there is to know. So two equal turns are two, and a request that is
/// repeated adds none.
#[derive(Debug, Default)]
pub(super) struct Conversations(Vec<Vec<String>>);

impl Conversations {
    /// Another request, with all that its user has said.
    pub(super) fn hear(&mut self, turns: Vec<String>) {
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
                conversations.hear(request.iter().map(ToString::to_string).collect());
            }
            assert_eq!(conversations.turns(), expected, "{requests:?}");
        }
    }
}
