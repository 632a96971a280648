//! Suggestions for misspelled words.

/// The most similar of `words`, if one of them is similar to `given`.
pub(crate) fn closest<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    ranked(given, words).into_iter().next()
}

/// The words similar to `given`, best match first. A common beginning counts as a similarity of at least 0.75.
pub(crate) fn ranked<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
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
