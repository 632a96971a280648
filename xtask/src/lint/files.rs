//! Checks the names and the sizes of files.

use crate::lint::{Findings, Outcome};
use crate::repository::{Repository, TextFile};

/// These names say nothing about the content of a file.
const VAGUE: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

/// The largest number of lines of a Rust file.
const LONGEST: usize = 500;

/// Finds files and directories with a vague name.
pub(super) fn vague_names(repository: &Repository) -> Outcome {
    Ok(repository.files(&[])?.iter().filter_map(|path| vague_name(path)).collect())
}

fn vague_name(path: &str) -> Option<String> {
    let stems = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    let vague = stems.into_iter().find(|stem| VAGUE.contains(stem))?;
    Some(format!("{path}: the name '{vague}' says nothing about the content; name it after the content"))
}

/// Finds Rust files that are too long.
pub(super) fn long_files(repository: &Repository) -> Outcome {
    Ok(too_long(&repository.text_files()?))
}

fn too_long(files: &[TextFile]) -> Findings {
    let rust = files.iter().filter(|file| file.has_extension("rs"));
    rust.filter_map(|TextFile { path, text }| {
        let lines = text.lines().count();
        (lines > LONGEST).then(|| format!("{path}: {lines} lines, expected at most {LONGEST}; split it by concept"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vague_file_or_directory_name_is_found() {
        for path in ["crates/a/src/util.rs", "crates/common/src/lib.rs", "misc/x.md", "helpers.test.sh"] {
            assert!(vague_name(path).is_some(), "{path}");
        }
        assert_eq!(vague_name("crates/probe/src/utilization.rs"), None);
    }

    #[test]
    fn a_rust_file_of_more_than_500_lines_is_found() {
        let file = |path: &str, lines| TextFile { path: path.to_owned(), text: "x\n".repeat(lines) };
        let files = [file("a.rs", 500), file("b.rs", 501), file("c.md", 900)];
        assert_eq!(too_long(&files), ["b.rs: 501 lines, expected at most 500; split it by concept"]);
    }
}
