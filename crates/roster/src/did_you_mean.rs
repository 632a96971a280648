//! Suggestions for misspelled words, here and in the programs that read a roster.

use std::fmt::Display;

/// The most similar of `words`, if one of them is similar to `given`.
pub(crate) fn closest<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    similar_words(given, words).into_iter().next()
}

/// The words similar to `given`, best match first. A common beginning counts as a similarity of at least 0.75.
#[must_use]
pub fn similar_words<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let similarity = |word: &str| {
        let word = word.to_lowercase();
        let is_prefix = !given.is_empty() && (word.starts_with(&given) || given.starts_with(&word));
        let similarity = strsim::normalized_damerau_levenshtein(&given, &word);
        if is_prefix { similarity.max(0.75) } else { similarity }
    };
    let mut ranked: Vec<(f64, &str)> =
        words.map(|word| (similarity(word), word)).filter(|(similarity, _)| *similarity >= 0.5).collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranked.into_iter().map(|(_, word)| word).collect()
}

/// A question that suggests these words, to be appended to an error: `; did you mean a, b or c?`. Empty without words.
#[must_use]
pub fn suggestion(words: &[impl Display]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    match words.as_slice() {
        [] => String::new(),
        [word] => format!("; did you mean {word}?"),
        [words @ .., last] => format!("; did you mean {} or {last}?", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{similar_words, suggestion};

    #[test]
    fn similar_words_are_found_best_match_first() {
        let words = || ["coder0", "coder1", "lead", "reviewer"].into_iter();
        assert_eq!(similar_words("coder1", words()), ["coder1", "coder0"]);
        assert_eq!(similar_words("REV", words()), ["reviewer"]);
        assert!(similar_words("", words()).is_empty());
    }

    #[test]
    fn a_suggestion_lists_its_words() {
        let table: [(&[&str], &str); 4] = [
            (&[], ""),
            (&["a"], "; did you mean a?"),
            (&["a", "b"], "; did you mean a or b?"),
            (&["a", "b", "c"], "; did you mean a, b or c?"),
        ];
        for (words, expected) in table {
            assert_eq!(suggestion(words), expected);
        }
    }
}
