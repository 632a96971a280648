//! The shape that all names here share.

/// Is this 1 to 64 characters, an ASCII letter or digit first, and then those or one of `others`?
///
/// Such a text means nothing to a shell, is no option, and leaves no directory.
pub(crate) fn is_word(given: &str, others: &[u8]) -> bool {
    given.len() <= 64
        && given.starts_with(|first: char| first.is_ascii_alphanumeric())
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}
