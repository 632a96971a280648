//! The results as a table or a JSON document.

use crate::figures::Figure;
use crate::row::{Bound, Cell, Row};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;
use std::process::ExitCode;

const HEADING: [&str; 7] = ["figure", "bash", "rust", "ratio", "bound", "verdict", "n"];
const VERDICT: usize = 5;

/// All rows, and the figures that could not be measured.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    failures: Vec<(Figure, String)>,
    load: Load,
}

impl Table {
    /// Creates an empty table and records the load before the measurements.
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new(), failures: Vec::new(), load: Load::new() }
    }

    pub(crate) fn add(&mut self, figure: Figure, rows: Vec<Row>, failure: Option<String>) {
        self.rows.extend(rows);
        self.failures.extend(failure.map(|reason| (figure, reason)));
        self.load.end();
    }

    /// The exit code for `--check`: 1 if a bound is missed, else 69 if a figure with a bound was not measured.
    pub(crate) fn exit_code(&self) -> ExitCode {
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

    pub(crate) fn text(&self, colors: Colors) -> String {
        let lines: Vec<[String; 7]> = self.rows.iter().map(line).collect();
        let widths: [usize; 7] = std::array::from_fn(|column| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.chain([HEADING[column].len()]).max().unwrap_or_default()
        });
        let mut text = String::new();
        let heading = aligned(&HEADING.map(str::to_owned), widths, |_, cell| cell.to_owned());
        let _ = writeln!(text, "{}", colors.heading(&heading));
        for (line, row) in lines.iter().zip(&self.rows) {
            let paint = |column: usize, cell: &str| match row.met() {
                Some(true) if column == VERDICT => colors.good(cell),
                Some(false) if column == VERDICT => colors.bad(cell),
                _ => cell.to_owned(),
            };
            let _ = writeln!(text, "{}", aligned(line, widths, paint));
        }
        for (figure, reason) in &self.failures {
            let _ = writeln!(text, "{}: {}: {reason}", figure.name(), colors.bad("could not run"));
        }
        let _ = writeln!(text, "\nMedians, with (min–max) or the 99th percentile. {}", self.load.text());
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
        Cell::Text(text) => return text.clone(),
    };
    let [median, min, max, p99] =
        [spread.median, spread.min, spread.max, spread.p99].map(|number| row.unit.text(number));
    match row.bound {
        Bound::P99Below(_) | Bound::P99AtMostAndRatio(..) => format!("{median}, p99 {p99}"),
        _ if min == max => median,
        _ => format!("{median} ({}–{max})", min.split(' ').next().unwrap_or_default()),
    }
}

/// The one-minute load average before and after the measurements.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Load {
    before: f64,
    after: f64,
}

impl Load {
    /// Reads the load before the measurements.
    pub(crate) fn new() -> Self {
        Self { before: average(), after: 0.0 }
    }

    pub(crate) fn end(&mut self) {
        self.after = average();
    }

    /// Formats the load as a sentence, with a warning if the machine was busy before the run, for example with a build.
    pub(crate) fn text(self) -> String {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let Self { before, after } = self;
        let busy = u32::try_from(processors).is_ok_and(|processors| before > f64::from(processors) / 2.0);
        let warning = if busy { "; at this load, times are longer and less precise" } else { "" };
        format!("Load average {before:.2} before and {after:.2} after, {processors} processors{warning}.")
    }
}

fn average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|average| average.parse().ok()).unwrap_or_default()
}

/// Whether to print colors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colors(bool);

impl Colors {
    /// Uses colors if standard output is a terminal and `NO_COLOR` is unset or empty.
    pub(crate) fn for_stdout() -> Self {
        let disabled = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !disabled)
    }

    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self(false)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::Colors;
    use super::Table;
    use crate::figures::Figure;
    use crate::row::Bound;
    use crate::row::Cell;
    use crate::row::Row;
    use crate::samples::Samples;
    use crate::samples::UnitOfMeasure;

    fn row(rust: Cell, bound: Bound) -> Row {
        let bash = Cell::from(Samples::from_iter([400.0, 420.0]));
        Row {
            figure: "memory".into(),
            unit: UnitOfMeasure::Kilobytes,
            bash,
            rust,
            bound,
            how: "read from /proc".into(),
        }
    }

    #[test]
    fn a_line_has_the_measurements_the_bound_and_the_verdict() {
        let mut table = Table::new();
        let rust = || Cell::from(Samples::from_iter([41.0]));
        table.add(Figure::Memory, vec![row(rust(), Bound::EachAtMost(60.0)), row(rust(), Bound::AtMost(40.0))], None);
        table.add(Figure::Unit, vec![row(Cell::text("could not run"), Bound::Ratio(0.5))], Some("no bus".into()));
        let text = table.text(Colors::none());
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
