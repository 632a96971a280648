//! The table of agents: pure.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::line::Line;
use super::paint::Paint;
use super::{Condition, Row, Style};

const HEADINGS: [&str; 6] = ["AGENT", "CONDITION", "PID", "BEAT", "STARTS", "LAST OUTPUT"];
/// The mark has no heading.
const LEAD: &str = "    ";

/// Lays out the rows. Columns are as wide as they must be, and at least so wide that they do not
/// move when an agent is started again; no line is longer than the screen.
pub(crate) fn table(rows: &[Row], style: &Style) -> Vec<Line> {
    let cells: Vec<[String; 6]> = rows.iter().map(cells).collect();
    let width = |column: usize, least: usize| {
        let widths = cells.iter().map(|row| row[column].width());
        widths.chain([HEADINGS[column].width(), least]).max().unwrap_or(0)
    };
    let widths = [width(0, 0), width(1, 0), width(2, 7), width(3, 7), width(4, 0)];
    let mut heading = Line::default().with(Paint::Plain, LEAD);
    for (text, width) in HEADINGS.iter().zip(widths) {
        heading = heading.column(Paint::Dim, text, width);
    }
    let mut lines = vec![heading.with(Paint::Dim, HEADINGS[5]).fit(style.columns)];
    for (row, cells) in rows.iter().zip(&cells) {
        let condition = row.verdict.condition;
        let mark = if style.ascii { condition.mark().1 } else { condition.mark().0 };
        let mut line = Line::default().with(Paint::Plain, "  ").with(condition.paint(), mark).with(Paint::Plain, " ");
        for (column, (text, width)) in cells.iter().zip(widths).enumerate() {
            line = line.column(if column == 1 { condition.paint() } else { Paint::Plain }, text, width);
        }
        lines.push(line.with(Paint::Plain, &cells[5]).fit(style.columns));
    }
    lines
}

fn cells(row: &Row) -> [String; 6] {
    let missing = || "-".to_owned();
    let alive = matches!(row.verdict.condition, Condition::Up | Condition::Stale);
    let process = row.process.filter(|_| alive);
    let last = match &row.verdict.reason {
        Some(reason) => format!("({reason}) {}", row.output),
        None => row.output.clone(),
    };
    [
        row.agent.to_string(),
        row.verdict.condition.word().to_owned(),
        process.map_or_else(missing, |process| process.pid.to_string()),
        row.age.map_or_else(missing, age),
        row.starts.map_or_else(missing, |starts| starts.to_string()),
        last,
    ]
}

fn age(age: Duration) -> String {
    if age < Duration::from_secs(100) { format!("{:.1} s", age.as_secs_f64()) } else { format!("{} s", age.as_secs()) }
}

#[cfg(test)]
mod tests {
    use super::{Row, Style, table};
    use crate::view::{Condition, Verdict};
    use mosaic_domain::ProcessIdentity;
    use std::time::Duration;

    fn row(agent: &str, condition: Condition, reason: Option<&str>, output: &str) -> Row {
        let boot = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap();
        Row {
            agent: agent.parse().unwrap(),
            verdict: Verdict { condition, reason: reason.map(str::to_owned) },
            process: Some(ProcessIdentity { pid: 18960.try_into().unwrap(), start_ticks: 1, boot }),
            exit: None,
            age: Some(Duration::from_millis(430)),
            starts: Some(1),
            output: output.to_owned(),
        }
    }

    fn rows() -> [Row; 4] {
        [
            row("planner", Condition::Up, None, "stand-in: step 3: 界"),
            row("worker", Condition::Dead, Some("heartbeat: exited signal:9"), "stand-in: step 2: x"),
            Row { age: Some(Duration::from_secs(1234)), ..row("reviewer", Condition::Stale, None, "") },
            Row { process: None, age: None, starts: None, ..row("late", Condition::Starting, None, "") },
        ]
    }

    fn text(style: &Style) -> String {
        table(&rows(), style).iter().map(|line| line.render(style.colour) + "\n").collect()
    }

    #[test]
    fn columns_are_aligned() {
        let expected = "    \
    AGENT     CONDITION  PID      BEAT     STARTS  LAST OUTPUT
  ● planner   up         18960    0.4 s    1       stand-in: step 3: 界
  ✗ worker    dead       -        0.4 s    1       (heartbeat: exited signal:9) stand-in: step 2: x
  ◌ reviewer  stale      18960    1234 s   1
  ◐ late      starting   -        -        -
";
        assert_eq!(text(&Style { columns: 200, colour: false, ascii: false }), expected);
    }

    #[test]
    fn a_narrow_terminal_gets_the_beginning_of_each_line() {
        let expected = "    AGENT     COND…
  * planner   up  …
  x worker    dead…
  ! reviewer  stal…
  ~ late      star…
";
        assert_eq!(text(&Style { columns: 19, colour: false, ascii: true }), expected);
        for columns in 0..80 {
            let style = Style { columns, colour: false, ascii: false };
            assert!(table(&rows(), &style).iter().all(|line| line.width() <= columns), "{columns}");
        }
    }

    #[test]
    fn colour_is_never_the_only_sign() {
        let style = |colour| Style { columns: 100, colour, ascii: false };
        let (plain, coloured) = (text(&style(false)), text(&style(true)));
        assert!(!plain.contains('\x1b'));
        assert!(coloured.contains("\x1b[1;31m✗\x1b[0m") && coloured.contains("\x1b[1;31mdead\x1b[0m"), "{coloured}");
        for word in ["up", "dead", "stale", "starting"] {
            assert!(plain.contains(word));
        }
    }
}
