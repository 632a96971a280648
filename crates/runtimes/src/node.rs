//! Node, which runs the programs that are scripts.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mosaic_process::{bounded_output, find_on_path};

use crate::program_version::ProgramVersion;

/// An installed Node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The program.
    pub path: PathBuf,
    /// Its version.
    pub version: ProgramVersion,
}

/// The name of the program.
pub const NODE: &str = "node";
/// How long Node may take to print its version.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Node {
    /// Finds Node on a search path; `None` if there is none, or if it does not tell its version.
    #[must_use]
    pub fn on_path(search_path: Option<&OsStr>) -> Option<Self> {
        Self::at(find_on_path(NODE, search_path, Path::new("."))?)
    }

    /// The Node of that path, unless it does not tell its version.
    #[must_use]
    pub fn at(path: PathBuf) -> Option<Self> {
        let output = bounded_output(Command::new(&path).arg("--version"), TIMEOUT).ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.trim().strip_prefix('v')?.parse().ok()?;
        Some(Self { path, version })
    }

    /// Whether a program is a script that Node runs, by the first line of its file.
    #[must_use]
    pub fn runs(file: &Path) -> bool {
        let mut begin = Vec::new();
        let read = File::open(file).and_then(|file| file.take(128).read_to_end(&mut begin));
        let line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        read.is_ok() && line.starts_with("#!") && line.split(['/', ' ']).any(|word| word == NODE)
    }
}

#[cfg(test)]
mod tests {
    use super::Node;
    use std::fs;

    #[test]
    fn a_script_names_its_interpreter() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, expected) in [
            ("#!/usr/bin/env node\nx", true),
            ("#!/usr/bin/env -S node --x\n", true),
            ("#!/opt/node/bin/node", true),
            ("#!/bin/sh\nexec node x\n", false),
            ("\u{7f}ELF node", false),
            ("", false),
        ] {
            fs::write(file.path(), text).unwrap();
            assert_eq!(Node::runs(file.path()), expected, "{text}");
        }
        assert!(!Node::runs("/nonexistent".as_ref()));
    }
}
