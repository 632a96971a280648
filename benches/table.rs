//! What was measured, as one table or one JSON document.

use crate::bound::Bound;
use crate::cell::Cell;
use crate::colours::Colours;
use crate::figures::Figure;
use crate::load::Load;
use crate::row::Row;
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::ExitCode;

const HEADING: [&str; 7] = ["figure", "bash", "rust", "ratio", "bound", "verdict", "n"];
const VERDICT: usize = 5;

/// All rows, and what could not be measured.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    failures: Vec<(Figure, String)>,
    load: Load,
}

impl Table {
    /// Without a row, before anything is measured.
    pub(crate) fn begin() -> Self {
        Self { rows: Vec::new(), failures: Vec::new(), load: Load::begin() }
    }

    pub(crate) fn add(&mut self, figure: Figure, rows: Vec<Row>, failure: Option<String>) {
        self.rows.extend(rows);
        self.failures.extend(failure.map(|reason| (figure, reason)));
        self.load.end();
    }

    /// 1 when a bound is missed, else 69 when something with a bound was not measured.
    pub(crate) fn verdict(&self) -> ExitCode {
        if self.rows.iter().any(|row| row.met() == Some(false)) {
            return ExitCode::from(1);
        }
        let unmeasured = !self.failures.is_empty() || self.rows.iter().any(Row::is_unjudged);
        ExitCode::from(if unmeasured { 69 } else { 0 })
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let mut value = json!(row);
            value["ratio"] = json!(row.ratio());
            value["met"] = json!(row.met());
            value
        });
        let failures = self.failures.iter().map(|(figure, reason)| json!({"figure": figure.name(), "reason": reason}));
        json!({
            "schema": 1,
            "rows": rows.collect::<Vec<_>>(),
            "couldNotRun": failures.collect::<Vec<_>>(),
            "loadAverage": self.load,
        })
    }

    pub(crate) fn text(&self, colours: Colours) -> String {
        let lines: Vec<[String; 7]> = self.rows.iter().map(line).collect();
        let widths: [usize; 7] = std::array::from_fn(|column| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.chain([HEADING[column].len()]).max().unwrap_or_default()
        });
        let mut text = String::new();
        let heading = aligned(&HEADING.map(str::to_owned), widths, |_, cell| cell.to_owned());
        let _ = writeln!(text, "{}", colours.heading(&heading));
        for (line, row) in lines.iter().zip(&self.rows) {
            let paint = |column: usize, cell: &str| match row.met() {
                Some(true) if column == VERDICT => colours.good(cell),
                Some(false) if column == VERDICT => colours.bad(cell),
                _ => cell.to_owned(),
            };
            let _ = writeln!(text, "{}", aligned(line, widths, paint));
        }
        for (figure, reason) in &self.failures {
            let _ = writeln!(text, "{}: {}: {reason}", figure.name(), colours.bad("could not run"));
        }
        let _ = writeln!(text, "\nMedians; (min–max) or p99 beside them. {}", self.load.text());
        for rows in self.rows.chunk_by(|one, next| one.how == next.how) {
            let figures: Vec<&str> = rows.iter().map(|row| row.figure.as_str()).collect();
            let _ = writeln!(text, "  {}: {}", figures.join(" | "), rows[0].how);
        }
        text
    }
}

fn aligned(line: &[String; 7], widths: [usize; 7], paint: impl Fn(usize, &str) -> String) -> String {
    let mut text = String::new();
    for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
        let gap = " ".repeat(width - cell.chars().count() + 2);
        text += &paint(column, cell);
        text += &gap;
    }
    text.trim_end().to_owned()
}

fn line(row: &Row) -> [String; 7] {
    let repetitions =
        |cell: &Cell| cell.spread().map_or_else(|| "-".to_owned(), |spread| spread.repetitions.to_string());
    let (bash, rust) = (repetitions(&row.bash), repetitions(&row.rust));
    let bound = match row.bound {
        Bound::Free => "-".to_owned(),
        Bound::Ratio(most) if most < 0.1 => format!("≤ 1/{:.0}", 1.0 / most),
        Bound::Ratio(most) => format!("≤ {most}"),
        Bound::AtMost(most) => format!("≤ {}", row.unit.text(most)),
        Bound::EachAtMost(most) => format!("each ≤ {}", row.unit.text(most)),
        Bound::P99Below(limit) => format!("p99 < {}", row.unit.text(limit)),
        Bound::P99AtMostAndRatio(limit, most) => format!("p99 ≤ {}, ≤ {most}", row.unit.text(limit)),
    };
    let ratio = match row.ratio() {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(ratio) if ratio < 0.1 => format!("1/{:.0}", 1.0 / ratio),
        Some(ratio) => format!("{ratio:.2}"),
    };
    let verdict = match row.met() {
        Some(true) => "met",
        Some(false) => "NOT MET",
        None if row.is_unjudged() => "not measured",
        None => "-",
    };
    let n = if bash == rust { rust } else { format!("{bash} / {rust}") };
    [row.figure.clone(), side(row, &row.bash), side(row, &row.rust), ratio, bound, verdict.to_owned(), n]
}

fn side(row: &Row, cell: &Cell) -> String {
    let spread = match cell {
        Cell::Measured(spread) => spread,
        Cell::Said(text) => return text.clone(),
    };
    let [median, min, max, p99] =
        [spread.median, spread.min, spread.max, spread.p99].map(|number| row.unit.text(number));
    match row.bound {
        Bound::P99Below(_) | Bound::P99AtMostAndRatio(..) => format!("{median}, p99 {p99}"),
        _ if min == max => median,
        _ => format!("{median} ({}–{max})", min.split(' ').next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::bound::Bound;
    use crate::cell::Cell;
    use crate::colours::Colours;
    use crate::figures::Figure;
    use crate::row::Row;
    use crate::samples::Samples;
    use crate::unit_of_measure::UnitOfMeasure;

    fn row(rust: Cell, bound: Bound) -> Row {
        let bash = Cell::from(Samples::from_iter([400.0, 420.0]));
        Row { figure: "memory".into(), unit: UnitOfMeasure::Kilobytes, bash, rust, bound, how: "by a look".into() }
    }

    #[test]
    fn a_line_says_what_was_measured_and_whether_that_is_what_was_promised() {
        let mut table = Table::begin();
        let rust = || Cell::from(Samples::from_iter([41.0]));
        table.add(Figure::Memory, vec![row(rust(), Bound::EachAtMost(60.0)), row(rust(), Bound::AtMost(40.0))], None);
        table.add(Figure::Unit, vec![row(Cell::said("could not run"), Bound::Ratio(0.5))], Some("no bus".into()));
        let text = table.text(Colours::none());
        let lines: Vec<&str> = text.lines().take(5).collect();
        assert_eq!(
            lines,
            [
                "figure  bash                 rust           ratio  bound         verdict       n",
                "memory  410 kB (400–420 kB)  41 kB          0.10   each ≤ 60 kB  met           2 / 1",
                "memory  410 kB (400–420 kB)  41 kB          0.10   ≤ 40 kB       NOT MET       2 / 1",
                "memory  410 kB (400–420 kB)  could not run  -      ≤ 0.5         not measured  2 / -",
                "unit: could not run: no bus",
            ]
        );
        assert_eq!(table.json()["rows"][1]["met"], false);
        assert_eq!(table.json()["couldNotRun"][0]["reason"], "no bus");
    }
}
