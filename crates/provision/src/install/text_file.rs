//! How a text gets to its place, and what becomes of the one that is there: pure.

use std::path::Path;

use super::draft::Draft;
use super::{FileKind, WantedFile};
use crate::tool_fronts::is_tool_front;
use crate::unit_files::home_of;
use crate::{Found, GENERATED, Step};

impl Draft<'_> {
    /// Plans a text file; whether it will change.
    pub(super) fn file(&mut self, file: &WantedFile) -> bool {
        let path = &file.path;
        let mode = file.kind.mode();
        let seen = self.seen;
        let change = match (seen.entries.get(path).unwrap_or(&Found::Nothing), file.kind) {
            (Found::Nothing, _) => "new".to_owned(),
            (Found::File { text, mode: there }, FileKind::Env) if *text == file.text => {
                self.own(path);
                if there & 0o077 != 0 {
                    self.steps.push(Step::Protect { path: path.clone(), mode });
                }
                return false;
            }
            (Found::File { text, mode: there }, kind)
                if *text == file.text && (kind != FileKind::ToolFront || there & 0o100 != 0) =>
            {
                self.own(path);
                return false;
            }
            (Found::File { text, .. }, FileKind::Unit(shipped)) if !is_our_unit(text, shipped) => self.keep_aside(path),
            (found @ Found::File { .. }, FileKind::ToolFront) if !is_tool_front(found) => self.keep_aside(path),
            (Found::Link(_), FileKind::ToolFront) => {
                let change = self.keep_aside(path);
                // Where the link leads is somebody else's, and written through it would change.
                self.steps.push(Step::Remove(path.clone()));
                change
            }
            (Found::File { text, .. }, FileKind::Unit(_)) => {
                self.note_other_home(path, text, &file.text);
                "changed".to_owned()
            }
            (Found::File { .. }, _) => file.change.clone().unwrap_or_else(|| "changed".to_owned()),
            (Found::Link(target), _) => {
                self.notes.push(format!(
                    "{} is a link to {} and stays as it is: remove it and run this again, or keep it up by hand",
                    self.layout.shown(path),
                    target.display()
                ));
                return false;
            }
            (Found::Other, _) => {
                self.notes
                    .push(format!("{} is no file and stays: move it away and run this again", self.layout.shown(path)));
                return false;
            }
        };
        self.write(path, Step::Write { path: path.clone(), text: file.text.clone(), mode, change });
        true
    }

    /// Keeps what is there under another name, until an uninstall puts it back; what is said of that.
    fn keep_aside(&mut self, path: &Path) -> String {
        let aside = self.seen.asides.get(path).cloned().unwrap_or_else(|| path.with_extension("kept"));
        let change = format!("in the place of another one, which is kept as {}", self.layout.shown(&aside));
        self.manifest.kept_aside.insert(path.to_owned(), aside.clone());
        self.steps.push(Step::KeepAside { path: path.to_owned(), aside });
        change
    }

    fn note_other_home(&mut self, path: &Path, there: &str, wanted: &str) {
        if home_of(there) != home_of(wanted) {
            self.notes.push(format!(
                "{} was for another fleet's home ({}) and is for this one from now on: a user has one fleet of units",
                self.layout.shown(path),
                home_of(there).unwrap_or("the default one")
            ));
        }
    }
}

/// Was this unit written by us, or copied by hand from what is shipped?
fn is_our_unit(text: &str, shipped: &str) -> bool {
    text.starts_with(GENERATED) || text == shipped
}
