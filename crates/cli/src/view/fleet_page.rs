//! All of `mosaic fleet ps` on one page: pure.

use mosaic_probe::snapshot::Snapshot;

use super::agent_table::agent_table;
use super::drift_list::drift_list;
use super::fleet_header::fleet_header;
use super::{Line, Style};

/// Header, table and drift.
pub(crate) fn fleet_page(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut lines = fleet_header(snapshot, style);
    if !snapshot.agents.is_empty() {
        lines.push(Line::default());
        lines.extend(agent_table(snapshot, style));
    }
    let drift = drift_list(&snapshot.drift, style);
    if !drift.is_empty() {
        lines.push(Line::default());
        lines.extend(drift);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::fleet_page;
    use crate::view::{Style, render, test_fleet};

    fn frame(columns: usize, colour: bool) -> String {
        let style = Style { columns, colour, ascii: false };
        render(&fleet_page(&test_fleet::fleet(), &style), &style)
    }

    #[test]
    fn the_page_fits_terminals_of_every_width() {
        for columns in [40, 80, 120, 200] {
            insta::assert_snapshot!(format!("page_{columns}"), frame(columns, false));
        }
    }

    #[test]
    fn colour_adds_nothing_that_is_not_said_in_words() {
        let coloured = frame(120, true);
        assert!(coloured.contains("\x1b[1;31m✗ dead"), "{coloured}");
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, frame(120, false));
    }

    #[test]
    fn without_utf8_there_is_nothing_but_ascii() {
        let style = Style { columns: 80, colour: false, ascii: true };
        let page = render(&fleet_page(&test_fleet::fleet(), &style), &style);
        assert!(page.is_ascii(), "{page}");
        assert!(page.contains("x dead"), "{page}");
    }

    #[test]
    fn only_words_that_must_stay_whole_are_longer_than_the_terminal() {
        for columns in 40..200 {
            let style = Style { columns, colour: false, ascii: false };
            for line in fleet_page(&test_fleet::fleet(), &style) {
                let text = line.render(false);
                assert!(line.width() <= columns || text.split_whitespace().count() == 1, "{columns}: {text}");
            }
        }
    }

    #[test]
    fn that_a_fleet_runs_without_a_manager_is_no_fault() {
        let mut fleet = test_fleet::fleet();
        let systemd = fleet.sources.get_mut(&mosaic_probe::snapshot::SourceName::Systemd).unwrap();
        systemd.ok = false;
        systemd.error = Some("there is no systemd user manager here".to_owned());
        let style = Style { columns: 120, colour: false, ascii: false };
        let page = |fleet: &mosaic_probe::Snapshot| render(&fleet_page(fleet, &style), &style);
        assert!(page(&fleet).contains("✗ systemd: there is no"), "{}", page(&fleet));
        fleet.direct = true;
        assert!(!page(&fleet).contains("✗ systemd"), "{}", page(&fleet));
        assert!(page(&fleet).contains("started directly"), "{}", page(&fleet));
    }

    #[test]
    fn a_fleet_that_nobody_could_see_is_still_a_page() {
        let mut fleet = test_fleet::fleet();
        fleet.agents.clear();
        fleet.drift.clear();
        fleet.holder = mosaic_probe::snapshot::HolderSnapshot::default();
        let style = Style { columns: 120, colour: false, ascii: false };
        insta::assert_snapshot!(render(&fleet_page(&fleet, &style), &style));
    }
}
