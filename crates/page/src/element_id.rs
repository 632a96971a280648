//! Names of elements: what an event says of an agent finds its place by them.

use std::fmt::Write as _;

/// The element of an agent. Every name has its own, also a session's that is no agent's.
pub(crate) fn agent_id(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 2);
    id.push_str("a-");
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') {
            id.push(letter);
        } else {
            // An id has no spaces, and a full stop comes before the part of an agent's row.
            let _ = write!(id, ":{:x}:", u32::from(letter));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::agent_id;

    #[test]
    fn no_two_names_share_an_element() {
        assert_eq!(agent_id("coder-0_a"), "a-coder-0_a");
        assert_eq!(agent_id("a b.c"), "a-a:20:b:2e:c");
        assert_ne!(agent_id("a b"), agent_id("a:20:b"));
    }
}
