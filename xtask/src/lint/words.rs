//! Keeps words out of the texts that a person reads: they hide who acts, or belong to an older vocabulary.

use crate::lint::{Findings, Outcome};
use crate::repository::{Repository, TextFile};

/// What may not be written, and what to write instead.
///
/// A phrase is also found across a line break in a comment, in an identifier (`is_told`, `NobodyReads`), and with an
/// apostrophe behind it.
const FORBIDDEN: [(&str, &str); 19] = [
    ("nobody", "'no process', 'no agent', 'no user', or the passive voice"),
    ("somebody", "the concrete noun: 'a user', 'another process'"),
    ("anybody", "the concrete noun: 'any user', 'another process'"),
    ("everybody", "the concrete noun: 'every user', 'all local processes'"),
    ("whoever", "the concrete noun: 'the process that', 'a caller that'"),
    ("whomever", "the concrete noun: 'the process that', 'a caller that'"),
    ("told", "'reports', 'receives', 'is configured with'; 'distinguished' for 'told apart'"),
    ("hears", "'receives', 'is notified of'"),
    ("wish", "'requests', 'the requested state', 'wants'"),
    ("wishes", "'requests', 'the requested state', 'wants'"),
    ("what is there", "the concrete noun: 'the installed files', 'the existing session'"),
    ("what there is", "the concrete noun: 'the installed files', 'the existing session'"),
    ("all there is", "the concrete noun"),
    ("is at it", "'holds the lock', 'is running'"),
    ("are at it", "'hold the lock', 'are running'"),
    ("what comes of it", "'the result', 'the outcome'"),
    ("what became of it", "'the result', 'the outcome'"),
    ("what becomes of it", "'the result', 'the outcome'"),
    ("unit lies", "'unit-active-process-dead'"),
];

/// A place where forbidden words may stand, and why. A path that ends with `/` stands for all files below it.
struct Exemption {
    path: &'static str,
    reason: &'static str,
}

const EXEMPT: [Exemption; 5] = [
    Exemption { path: "xtask/src/lint/words.rs", reason: "lists the words" },
    Exemption { path: "LICENSE", reason: "is a legal text of others" },
    Exemption { path: "Cargo.lock", reason: "lists names of other projects' crates" },
    Exemption { path: "fuzz/Cargo.lock", reason: "lists names of other projects' crates" },
    Exemption { path: "crates/runtimes/screens/", reason: "is recorded from other programs" },
];

/// Finds the forbidden words in all text files of the repository.
pub(super) fn check(repository: &Repository) -> Outcome {
    let files = repository.text_files()?;
    let unused = EXEMPT.iter().filter(|exemption| !files.iter().any(|file| exemption.covers(&file.path)));
    let unused = unused.map(|exemption| {
        format!("{}: it is exempt because it {}, but there is no such file", exemption.path, exemption.reason)
    });
    let read = files.iter().filter(|file| !EXEMPT.iter().any(|exemption| exemption.covers(&file.path)));
    Ok(unused.chain(read.flat_map(find_in)).collect())
}

impl Exemption {
    fn covers(&self, path: &str) -> bool {
        if self.path.ends_with('/') { path.starts_with(self.path) } else { path == self.path }
    }
}

fn find_in(file: &TextFile) -> Findings {
    let words = split_words(&file.text);
    let mut findings = Findings::new();
    for (first, word) in words.iter().enumerate() {
        for (phrase, instead) in FORBIDDEN {
            if is_phrase(&words[first..], phrase) {
                findings.push(format!("{}:{}: '{phrase}': write {instead}", file.path, word.line));
            }
        }
    }
    findings
}

/// A word of a text, in lower case.
#[derive(Debug, PartialEq, Eq)]
struct Word {
    text: String,
    line: usize,
    /// Only white space, comment markers, or the separators of an identifier stand between it and the word before.
    joined: bool,
}

/// Splits at everything but letters, and before the capital letters of a `CamelCase` identifier.
fn split_words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut line = 1;
    let mut joined = true;
    let mut previous = ' ';
    for char in text.chars() {
        if char.is_alphabetic() {
            let continues = previous.is_alphabetic() && !(previous.is_lowercase() && char.is_uppercase());
            match words.last_mut() {
                Some(word) if continues => word.text.extend(char.to_lowercase()),
                _ => words.push(Word { text: char.to_lowercase().collect(), line, joined }),
            }
            joined = true;
        } else if !char.is_whitespace() && !"/#*>|_-!\\".contains(char) {
            joined = false;
        }
        line += usize::from(char == '\n');
        previous = char;
    }
    words
}

fn is_phrase(words: &[Word], phrase: &str) -> bool {
    let mut expected = phrase.split(' ').enumerate();
    expected.all(|(nth, text)| words.get(nth).is_some_and(|word| word.text == text && (nth == 0 || word.joined)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let file = TextFile { path: "a.rs".to_owned(), text: text.to_owned() };
        find_in(&file).into_iter().map(|finding| finding.split(": write").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_forbidden_word_is_found_with_file_and_line() {
        assert_eq!(found("//! One.\n//! Nobody reads.\n"), ["a.rs:2: 'nobody'"]);
    }

    #[test]
    fn a_forbidden_word_is_found_however_it_is_written() {
        for text in
            ["Somebody's", "SOMEBODY", "fn is_somebody_here()", "struct FleetOfSomebody;", "\"somebody\"", "somebody1"]
        {
            assert_eq!(found(text), ["a.rs:1: 'somebody'"], "{text}");
        }
    }

    #[test]
    fn a_phrase_is_found_across_a_line_break_of_a_comment() {
        for text in ["what is there", "what is\n    /// there", "what_is_there", "> what\n> is there", "`unit-lies`"] {
            assert_eq!(found(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_only_contains_a_forbidden_word_is_allowed() {
        for text in ["wishlist", "untold", "shears", "It says what is. There is more.", "what is it", "the unit, lies"]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn an_exemption_covers_a_file_or_a_directory() {
        let covers = |path, file| Exemption { path, reason: "" }.covers(file);
        assert!(covers("a/", "a/b/c") && covers("a/b", "a/b"));
        assert!(!covers("a/b", "a/b/c") && !covers("a/", "ab/c"));
    }
}
