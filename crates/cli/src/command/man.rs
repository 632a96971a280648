//! `mosaic man`: the manual pages.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory, ValueHint};
use clap_mangen::Man as Page;
use mosaic_domain::ExitCode;

use crate::error::CommandError;
use crate::grammar::Mosaic;

/// Write the manual pages, one for each command
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic man --directory ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Where to; it is made if it is not there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(&self) -> Result<ExitCode, CommandError> {
        std::fs::create_dir_all(&self.directory)
            .map_err(|source| CommandError::io("make the directory", &self.directory, source))?;
        for (name, page) in pages()? {
            let path = self.directory.join(name);
            std::fs::write(&path, page).map_err(|source| CommandError::io("write", &path, source))?;
        }
        Ok(ExitCode::Ok)
    }
}

/// File names, and what is in the files: `mosaic.1`, `mosaic-fleet.1`, `mosaic-fleet-ps.1`, …
fn pages() -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let mut root = Mosaic::command().disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    let mut left = vec![root];
    while let Some(command) = left.pop() {
        left.extend(command.get_subcommands().cloned());
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let mut page = Vec::new();
        Page::new(command.name(name.clone()).after_help(Resettable::Reset))
            .render(&mut page)
            .map_err(|source| CommandError::io("make", format!("{name}.1"), source))?;
        page.extend_from_slice(as_it_is(&after).as_bytes());
        pages.push((format!("{name}.1"), page));
    }
    Ok(pages)
}

/// Examples and tables of exit codes, each in a section of its own, line by line: filled into a
/// paragraph they would not be ones.
fn as_it_is(text: &str) -> String {
    let mut sections = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            end(&mut sections);
            sections.extend([".SH ", &section(heading), "\n.nf\n"]);
        } else {
            // A line that begins with a dot or a quote would be a request to the formatter.
            sections.extend([BLANK.trim_end(), &literally(line.strip_prefix("  ").unwrap_or(line)), "\n"]);
        }
    }
    end(&mut sections);
    sections
}

/// A line without anything.
const BLANK: &str = "\\&\n";

/// Ends the section that was begun, and not with a blank line.
fn end(sections: &mut String) {
    if sections.is_empty() {
        return;
    }
    if sections.ends_with(&format!("\n{BLANK}")) {
        sections.truncate(sections.len() - BLANK.len());
    }
    sections.push_str(".fi\n");
}

/// The heading under which a manual page has it.
fn section(heading: &str) -> String {
    match heading {
        "Example" => "EXAMPLES".to_owned(),
        "Exit codes" | "Exit codes of every command" => "EXIT STATUS".to_owned(),
        other => literally(other).to_uppercase(),
    }
}

fn literally(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}

#[cfg(test)]
mod tests {
    use super::{as_it_is, pages};
    use std::collections::BTreeMap;

    #[test]
    fn every_command_has_a_page_with_its_name_and_its_example() {
        let pages: BTreeMap<String, Vec<u8>> = pages().unwrap().into_iter().collect();
        for name in ["mosaic", "mosaic-fleet", "mosaic-fleet-ps", "mosaic-agent-tail", "mosaic-man"] {
            let page = String::from_utf8(pages[&format!("{name}.1")].clone()).unwrap();
            assert!(page.contains(&format!(".TH {name} 1")), "{page}");
            assert!(page.contains("\n.SH EXAMPLES\n.nf\n\\&mosaic "), "{page}");
        }
    }

    #[test]
    fn exit_codes_have_a_section_of_their_own() {
        let after = "What -x is:\n  .a\n\nExamples:\n  mosaic 'x'\n\nExit codes:\n  0   yes";
        let expected = ".SH WHAT \\-X IS\n.nf\n\\&.a\n.fi\n.SH EXAMPLES\n.nf\n\\&mosaic \\(aqx\\(aq\n.fi\n\
                        .SH EXIT STATUS\n.nf\n\\&0   yes\n.fi\n";
        assert_eq!(as_it_is(after), expected);
        assert_eq!(as_it_is(""), "");
    }
}
