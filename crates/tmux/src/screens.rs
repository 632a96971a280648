//! What several panes show, in one call.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{PaneId, PaneSight, Server, TmuxError};

impl Server {
    /// The screens of these panes, without their history; one that is gone is not among them.
    ///
    /// # Errors
    /// There is no server, or it does not answer.
    pub fn screens(&self, panes: impl IntoIterator<Item = PaneId>) -> Result<HashMap<PaneId, PaneSight>, TmuxError> {
        // Nobody who writes on a screen may be taken for this.
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let mark = format!("mosaic-screen-{}-{nanos}-", std::process::id());
        let mut commands = String::new();
        // A line each: of one whose pane is gone the others do not suffer.
        for pane in panes {
            // Without its %: what is displayed is read as a date's format, too.
            let number = pane.to_string().replace('%', "");
            let facts = format!("display-message -p -t {pane} '{}'", PaneSight::FORMAT);
            let _ = writeln!(commands, "display-message -p {mark}{number} ; {facts} ; capture-pane -p -e -t {pane}");
        }
        Ok(parse(&self.script(&commands)?.printed, &mark))
    }
}

fn parse(printed: &str, mark: &str) -> HashMap<PaneId, PaneSight> {
    let mut seen = HashMap::new();
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(pane) = line.strip_prefix(mark).and_then(|number| format!("%{number}").parse().ok()) else { continue };
        let facts = lines.next().unwrap_or_default();
        let mut shown = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with(mark)) {
            shown.push(line.to_owned());
        }
        if let Some(sight) = PaneSight::parse(facts, shown) {
            seen.insert(pane, sight);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn each_screen_is_that_of_its_pane_and_one_that_is_gone_is_none() {
        let printed = "m-1\n813\t0\t0\t80\t2\t0\t1\t/dev/pts/1\none\n\nm-2\n\nm-3\n\
            814\t0\t0\t80\t1\t0\t0\t/dev/pts/2\nthree\n";
        let mut seen: Vec<_> = parse(printed, "m-").into_iter().collect();
        seen.sort_by_key(|(_, sight)| sight.pid);
        let read: Vec<_> = seen.iter().map(|(pane, sight)| (pane.to_string(), sight.lines.join("|"))).collect();
        assert_eq!(read, [("%1".to_owned(), "one|".to_owned()), ("%3".to_owned(), "three".to_owned())]);
    }
}
