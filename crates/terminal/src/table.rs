//! A table that fits the terminal: optional columns are left out first, then the widest ones are cut.

use unicode_width::UnicodeWidthStr;

use crate::line::truncate;
use crate::{Line, Paint, Style, paragraph};

/// The indent of rows, and the distance between columns.
const GAP: usize = 2;
/// The width below which no column is cut.
const MIN_CUT_WIDTH: usize = 4;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    right: bool,
    min_width: usize,
    /// The column with the highest number is left out first; one without a number is always shown.
    optional: Option<u8>,
}

impl Column {
    /// A left-aligned column, for text.
    #[must_use]
    pub fn left(heading: &'static str) -> Self {
        Self { heading, right: false, min_width: 0, optional: None }
    }

    /// A right-aligned column, for numbers.
    #[must_use]
    pub fn right(heading: &'static str) -> Self {
        Self { right: true, ..Self::left(heading) }
    }

    /// Lets the column be left out on a narrow terminal. Columns are left out from the highest number down.
    #[must_use]
    pub fn optional(self, rank: u8) -> Self {
        Self { optional: Some(rank), ..self }
    }

    /// Reserves a width, so that the columns to the right stay in place while the content changes.
    #[must_use]
    pub fn min_width(self, columns: usize) -> Self {
        Self { min_width: columns, ..self }
    }
}

/// The content of a cell.
pub type Cell = (Paint, String);

#[derive(Clone, Debug)]
enum Row {
    Cells(Vec<Cell>),
    /// A line across all columns.
    Line(Line),
    /// A text below the previous row.
    Note(Paint, String),
}

/// A table under construction: columns, and rows in the order in which they are shown.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Appends a row with one cell per column.
    pub fn push_row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// Appends a line across all columns.
    pub fn push_line(&mut self, line: Line) {
        self.rows.push(Row::Line(line));
    }

    /// Appends a text below the last row, indented and wrapped to the width of the terminal.
    pub fn push_note(&mut self, paint: Paint, text: &str) {
        self.rows.push(Row::Note(paint, text.to_owned()));
    }

    /// Lays out the headings and rows. No line is wider than the style allows.
    #[must_use]
    pub fn lay_out(&self, style: &Style) -> Vec<Line> {
        let widths = self.widths(style.columns);
        let headings = self.columns.iter().map(|column| (Paint::Dim, column.heading.to_owned())).collect::<Vec<_>>();
        let mut lines = vec![self.line(&headings, &widths, style)];
        for row in &self.rows {
            match row {
                Row::Cells(cells) => lines.push(self.line(cells, &widths, style)),
                Row::Line(line) => lines.push(line.clone()),
                Row::Note(paint, text) => {
                    lines.extend(paragraph(&Line::default().space(4), *paint, text, style.columns));
                }
            }
        }
        lines.into_iter().map(|line| line.truncate(style.columns, style.ellipsis())).collect()
    }

    fn line(&self, cells: &[Cell], widths: &[Option<usize>], style: &Style) -> Line {
        let shown = self.columns.iter().zip(cells).zip(widths);
        shown.filter_map(|((column, cell), width)| Some((column, cell, (*width)?))).fold(
            Line::default(),
            |line, (column, (paint, text), width)| {
                let text = truncate(text, width, style.ellipsis());
                let rest = width.saturating_sub(text.width());
                let (before, after) = if column.right { (rest, 0) } else { (0, rest) };
                line.space(GAP + before).with(*paint, &text).space(after)
            },
        )
    }

    /// The width of each column; `None` for one that is left out.
    fn widths(&self, columns: usize) -> Vec<Option<usize>> {
        let natural = |at: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| match row {
                Row::Cells(cells) => cells.get(at).map(|(_, text)| text.width()),
                Row::Line(_) | Row::Note(..) => None,
            });
            cells.chain([column.heading.width(), column.min_width]).max()
        };
        let mut widths: Vec<Option<usize>> =
            self.columns.iter().enumerate().map(|(at, column)| natural(at, column)).collect();
        let total = |widths: &[Option<usize>]| widths.iter().flatten().map(|width| width + GAP).sum::<usize>();
        while total(&widths) > columns {
            let shown = (0..widths.len()).filter(|at| widths[*at].is_some() && self.columns[*at].optional.is_some());
            let Some(first_out) = shown.max_by_key(|at| self.columns[*at].optional) else { break };
            widths[first_out] = None;
        }
        while total(&widths) > columns {
            let Some(widest) = widths.iter_mut().flatten().filter(|width| **width > MIN_CUT_WIDTH).max() else {
                break;
            };
            *widest -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Table};
    use crate::{Paint, Style, render};

    fn table() -> Table {
        let columns = [Column::left("NAME"), Column::left("KIND").optional(1), Column::right("SIZE").optional(2)];
        let mut table = Table::new(columns);
        let plain = |text: &str| (Paint::Plain, text.to_owned());
        table.push_row([plain("a-rather-long-name"), plain("界"), plain("7")]);
        table.push_note(Paint::Plain, "a note about the first row");
        table.push_row([plain("b"), plain("other"), plain("12345")]);
        table
    }

    fn text(columns: usize) -> String {
        let style = Style { columns, color: false, ascii: false };
        render(&table().lay_out(&style), &style)
    }

    #[test]
    fn optional_columns_are_left_out_before_the_widest_columns_are_cut() {
        let whole = "  NAME                KIND    SIZE
  a-rather-long-name  界         7
    a note about the first row
  b                   other  12345
";
        assert_eq!(text(usize::MAX), whole);
        assert_eq!(text(34), whole);
        let without_size = "  NAME                KIND
  a-rather-long-name  界
    a note about the first row
  b                   other
";
        assert_eq!(text(33), without_size);
        let narrow = "  NAME
  a-rather…
    a note
    about
    the
    first
    row
  b
";
        assert_eq!(text(11), narrow);
    }

    #[test]
    fn a_reserved_width_keeps_the_columns_to_its_right_in_place() {
        let mut table = Table::new([Column::right("PID").min_width(7), Column::left("TEXT")]);
        table.push_row([(Paint::Plain, "7".to_owned()), (Paint::Plain, "x".to_owned())]);
        let style = Style { columns: 80, color: false, ascii: false };
        assert_eq!(render(&table.lay_out(&style), &style), "      PID  TEXT\n        7  x\n");
    }
}
