//! Which of several words somebody may have meant.

/// The word most like `given`, if one is like it at all.
pub(crate) fn nearest<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    ranked(given, words).into_iter().next()
}

/// The words that are like `given`, best first.
pub(crate) fn ranked<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let likeness = |word: &str| {
        let word = word.to_lowercase();
        let begins = !given.is_empty() && (word.starts_with(&given) || given.starts_with(&word));
        let likeness = strsim::normalized_damerau_levenshtein(&given, &word);
        if begins { likeness.max(0.75) } else { likeness }
    };
    let mut ranked: Vec<(f64, &str)> =
        words.map(|word| (likeness(word), word)).filter(|(likeness, _)| *likeness >= 0.5).collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranked.into_iter().map(|(_, word)| word).collect()
}
