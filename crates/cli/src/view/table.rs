//! A table that fits the screen: what matters least is left out first.

use unicode_width::UnicodeWidthStr;

use super::line::fit;
use super::wrap::paragraph;
use super::{Line, Paint, Style};

/// How far rows are indented, and how far columns are apart.
const GAP: usize = 2;
/// No column is cut to less.
const NARROWEST: usize = 4;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    heading: &'static str,
    right: bool,
    /// What is higher is left out first; what has none, never.
    dispensable: Option<u8>,
}

impl Column {
    /// A column of words.
    pub(crate) fn left(heading: &'static str) -> Self {
        Self { heading, right: false, dispensable: None }
    }

    /// A column of numbers, aligned at their ends.
    pub(crate) fn right(heading: &'static str) -> Self {
        Self { right: true, ..Self::left(heading) }
    }

    /// It may be left out; of several, the one with the highest number goes first.
    pub(crate) fn dispensable(self, rank: u8) -> Self {
        Self { dispensable: Some(rank), ..self }
    }
}

/// A cell: how it looks, and what is in it.
pub(crate) type Cell = (Paint, String);

#[derive(Clone, Debug)]
enum Row {
    Cells(Vec<Cell>),
    /// A line across all columns.
    Across(Line),
    /// A text below the row before it.
    Note(Paint, String),
}

/// Columns, and rows of cells.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// One more row: a cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// A line that is not divided into columns.
    pub(super) fn across(&mut self, line: Line) {
        self.rows.push(Row::Across(line));
    }

    /// What is to be said of the row before: below it, as wide as the table.
    pub(super) fn note(&mut self, paint: Paint, text: &str) {
        self.rows.push(Row::Note(paint, text.to_owned()));
    }

    /// The lines, none longer than the style allows.
    pub(crate) fn lay_out(&self, style: &Style) -> Vec<Line> {
        let widths = self.widths(style.columns);
        let headings = self.columns.iter().map(|column| (Paint::Dim, column.heading.to_owned())).collect::<Vec<_>>();
        let mut lines = vec![self.line(&headings, &widths, style)];
        for row in &self.rows {
            match row {
                Row::Cells(cells) => lines.push(self.line(cells, &widths, style)),
                Row::Across(line) => lines.push(line.clone()),
                Row::Note(paint, text) => {
                    lines.extend(paragraph(&Line::default().space(4), *paint, text, style.columns));
                }
            }
        }
        lines.into_iter().map(|line| line.fit(style.columns, style.ellipsis())).collect()
    }

    fn line(&self, cells: &[Cell], widths: &[Option<usize>], style: &Style) -> Line {
        let shown = self.columns.iter().zip(cells).zip(widths);
        shown.filter_map(|((column, cell), width)| Some((column, cell, (*width)?))).fold(
            Line::default(),
            |line, (column, (paint, text), width)| {
                let text = fit(text, width, style.ellipsis());
                let rest = width.saturating_sub(text.width());
                let (before, after) = if column.right { (rest, 0) } else { (0, rest) };
                line.space(GAP + before).with(*paint, &text).space(after)
            },
        )
    }

    /// How wide each column is; `None` if it is left out.
    fn widths(&self, columns: usize) -> Vec<Option<usize>> {
        let natural = |at: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| match row {
                Row::Cells(cells) => cells.get(at).map(|(_, text)| text.width()),
                Row::Across(_) | Row::Note(..) => None,
            });
            cells.chain([column.heading.width()]).max()
        };
        let mut widths: Vec<Option<usize>> =
            self.columns.iter().enumerate().map(|(at, column)| natural(at, column)).collect();
        let taken = |widths: &[Option<usize>]| widths.iter().flatten().map(|width| width + GAP).sum::<usize>();
        while taken(&widths) > columns {
            let shown = (0..widths.len()).filter(|at| widths[*at].is_some());
            let Some(least) = shown
                .filter(|at| self.columns[*at].dispensable.is_some())
                .max_by_key(|at| self.columns[*at].dispensable)
            else {
                break;
            };
            widths[least] = None;
        }
        while taken(&widths) > columns {
            let Some(widest) = widths.iter_mut().flatten().filter(|width| **width > NARROWEST).max() else { break };
            *widest -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Table};
    use crate::view::{Paint, Style, render};

    fn table() -> Table {
        let columns = [Column::left("NAME"), Column::left("KIND").dispensable(1), Column::right("SIZE").dispensable(2)];
        let mut table = Table::new(columns);
        let plain = |text: &str| (Paint::Plain, text.to_owned());
        table.row([plain("a-rather-long-name"), plain("界"), plain("7")]);
        table.note(Paint::Plain, "what is to be said of it");
        table.row([plain("b"), plain("other"), plain("12345")]);
        table
    }

    fn text(columns: usize) -> String {
        let style = Style { columns, colour: false, ascii: false };
        render(&table().lay_out(&style), &style)
    }

    #[test]
    fn what_matters_least_is_left_out_first_and_then_what_is_widest_is_cut() {
        let whole = "  NAME                KIND    SIZE
  a-rather-long-name  界         7
    what is to be said of it
  b                   other  12345
";
        assert_eq!(text(usize::MAX), whole);
        assert_eq!(text(34), whole);
        let without_size = "  NAME                KIND
  a-rather-long-name  界
    what is to be said of it
  b                   other
";
        assert_eq!(text(33), without_size);
        let narrow = "  NAME
  a-rather…
    what is
    to be
    said of
    it
  b
";
        assert_eq!(text(11), narrow);
    }
}
