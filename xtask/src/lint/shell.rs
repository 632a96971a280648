//! Runs shellcheck over all shell scripts.

use crate::cargo::Cargo;
use crate::failure::Failure;
use crate::lint::{Outcome, printed};
use crate::repository::{Repository, TextFile};

pub(super) fn check(cargo: &Cargo, repository: &Repository) -> Outcome {
    let scripts: Vec<String> =
        repository.text_files()?.into_iter().filter(is_script).map(|file| format!("./{}", file.path)).collect();
    if scripts.is_empty() {
        return Err(Failure::failed("no shell script found, expected ./dev at least"));
    }
    let mut shellcheck = cargo.program("shellcheck");
    shellcheck.args(["--external-sources", "--source-path=SCRIPTDIR", "--"]).args(scripts);
    printed(Cargo::run("shellcheck", &mut shellcheck))
}

/// By its suffix, or by the interpreter in its first line.
fn is_script(file: &TextFile) -> bool {
    let first = file.text.lines().next().unwrap_or_default();
    let interpreter = first.strip_prefix("#!").and_then(|line| {
        let mut words = line.split_whitespace().filter_map(|word| word.rsplit('/').next());
        let program = words.next()?;
        if program == "env" { words.next() } else { Some(program) }
    });
    file.has_extension("sh") || interpreter.is_some_and(|name| ["sh", "bash", "dash", "ksh"].contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_by_its_suffix_or_interpreter() {
        let file = |path: &str, text: &str| is_script(&TextFile { path: path.to_owned(), text: text.to_owned() });
        assert!(file("a.sh", "") && file("dev", "#!/usr/bin/env bash\n") && file("x", "#! /bin/sh -e"));
        assert!(!file("a.py", "#!/usr/bin/env python3\n") && !file("README.md", "sh"));
    }
}
