//! What is typed of a message: itself, or where it is to be read.

use std::path::Path;

use crate::{Payload, Refusal};
use mosaic_runtimes::{ComposerForm, Profile};

/// The kernel takes no longer line from whoever types one (`N_TTY_BUF_SIZE`, less its end).
const LONGEST_LINE: usize = 4095;

/// How a text gets to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Typed as it is.
    Typed,
    /// In a file, which the agent is told to read.
    InFile,
    /// Not at all.
    Refused(Refusal),
}

impl Content {
    /// Decides by the runtime's profile.
    #[must_use]
    pub fn of(payload: &Payload, profile: &Profile) -> Self {
        let text = payload.as_str();
        let changed = text.chars().find(|character| profile.changes.contains(*character));
        let is_line = matches!(profile.composer, ComposerForm::Line { .. });
        let longest_line = text.split('\n').map(str::len).max().unwrap_or_default();
        let refusal = match changed {
            _ if text.len() > profile.longest => Refusal::TooLong { bytes: text.len(), longest: profile.longest },
            _ if is_line && longest_line > LONGEST_LINE => {
                Refusal::TooLong { bytes: longest_line, longest: LONGEST_LINE }
            }
            Some('\t') => Refusal::Changed("tab"),
            Some(_) => Refusal::Changed("character"),
            None => return Self::Typed,
        };
        if profile.reads_files { Self::InFile } else { Self::Refused(refusal) }
    }

    /// What is typed instead of a text that is in a file.
    #[must_use]
    pub fn pointer(path: &Path, bytes: usize) -> String {
        format!("Read this message, it is in the file {} ({bytes} bytes)", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::Content;
    use crate::{Payload, Refusal};
    use mosaic_runtimes::Profile;
    use std::path::Path;

    #[test]
    fn nothing_is_cut_short_or_changed_without_a_word() {
        let profile = |text: &str| Profile::parse(text, Path::new("p")).unwrap();
        let agent = profile(
            "version: 1\ncomposer: {kind: box, first: '^(.*)$'}\nlongest: 10\nchanges: \"\\t\"\nreads_files: true\n",
        );
        let shell = profile("version: 1\ncomposer: {kind: line, prompt: '^[$] $'}\nchanges: \"\\t\"\n");
        let long = format!("{}\nshort", "x".repeat(4096));
        let table = [
            (&agent, "0123456789", Content::Typed),
            (&agent, "0123456789a", Content::InFile),
            (&agent, "a\tb", Content::InFile),
            (&shell, "a b", Content::Typed),
            (&shell, "a\tb", Content::Refused(Refusal::Changed("tab"))),
            (&shell, &long, Content::Refused(Refusal::TooLong { bytes: 4096, longest: 4095 })),
        ];
        for (profile, text, expected) in table {
            assert_eq!(Content::of(&Payload::new(text.as_bytes()).unwrap(), profile), expected, "{text}");
        }
    }
}
