//! `mosaic man`: writes the manual pages.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory, ValueHint};
use clap_mangen::Man as Page;
use mosaic_exit_code::ExitCode;

use crate::error::CommandError;
use crate::grammar::Mosaic;

/// Write the manual pages, one per command
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic man --directory ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The directory to write to; it is created if it does not exist
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(&self) -> Result<ExitCode, CommandError> {
        std::fs::create_dir_all(&self.directory)
            .map_err(|source| CommandError::io("create the directory", &self.directory, source))?;
        for (name, page) in pages()? {
            let path = self.directory.join(name);
            std::fs::write(&path, page).map_err(|source| CommandError::io("write", &path, source))?;
        }
        Ok(ExitCode::Ok)
    }
}

/// The file names and contents of all pages: `mosaic.1`, `mosaic-fleet.1`, `mosaic-fleet-ps.1`, …
fn pages() -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let mut root = Mosaic::command().disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    let mut remaining = vec![root];
    while let Some(command) = remaining.pop() {
        remaining.extend(command.get_subcommands().cloned());
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let mut page = Vec::new();
        Page::new(command.name(name.clone()).after_help(Resettable::Reset))
            .render(&mut page)
            .map_err(|source| CommandError::io("render", format!("{name}.1"), source))?;
        page.extend_from_slice(preformatted(&after).as_bytes());
        pages.push((format!("{name}.1"), page));
    }
    Ok(pages)
}

/// Renders examples and exit codes as sections with the lines kept, because `man` would fill them into
/// paragraphs.
fn preformatted(text: &str) -> String {
    let mut sections = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            end_section(&mut sections);
            sections.extend([".SH ", &section_heading(heading), "\n.nf\n"]);
        } else {
            // A line that begins with a dot or a quote would be a request to troff.
            sections.extend([BLANK.trim_end(), &escape(line.strip_prefix("  ").unwrap_or(line)), "\n"]);
        }
    }
    end_section(&mut sections);
    sections
}

/// An empty line.
const BLANK: &str = "\\&\n";

/// Ends the current section, without the empty line at its end.
fn end_section(sections: &mut String) {
    if sections.is_empty() {
        return;
    }
    if sections.ends_with(&format!("\n{BLANK}")) {
        sections.truncate(sections.len() - BLANK.len());
    }
    sections.push_str(".fi\n");
}

/// The heading of a section in a manual page.
fn section_heading(heading: &str) -> String {
    match heading {
        "Example" => "EXAMPLES".to_owned(),
        "Exit codes" | "Exit codes of every command" => "EXIT STATUS".to_owned(),
        other => escape(other).to_uppercase(),
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}

#[cfg(test)]
mod tests {
    use super::{pages, preformatted};
    use std::collections::BTreeMap;

    #[test]
    fn every_command_has_a_page_with_its_name_and_examples() {
        let pages: BTreeMap<String, Vec<u8>> = pages().unwrap().into_iter().collect();
        for name in ["mosaic", "mosaic-fleet", "mosaic-fleet-ps", "mosaic-agent-tail", "mosaic-man"] {
            let page = String::from_utf8(pages[&format!("{name}.1")].clone()).unwrap();
            assert!(page.contains(&format!(".TH {name} 1")), "{page}");
            assert!(page.contains("\n.SH EXAMPLES\n.nf\n\\&mosaic "), "{page}");
        }
    }

    #[test]
    fn exit_codes_and_examples_have_sections_of_their_own() {
        let after = "What -x is:\n  .a\n\nExamples:\n  mosaic 'x'\n\nExit codes:\n  0   yes";
        let expected = ".SH WHAT \\-X IS\n.nf\n\\&.a\n.fi\n.SH EXAMPLES\n.nf\n\\&mosaic \\(aqx\\(aq\n.fi\n\
                        .SH EXIT STATUS\n.nf\n\\&0   yes\n.fi\n";
        assert_eq!(preformatted(after), expected);
        assert_eq!(preformatted(""), "");
    }
}
