//! How the outcome of an order is told: a line an agent as it is known, or JSON at the end.

use mosaic_domain::ExitCode;
use mosaic_probe::verify::Status;
use serde::Serialize;

use super::{Order, Report, Subject};
use crate::error::CommandError;
use crate::view::{Line, Paint, Style, print, print_json, status_mark};

/// Collects reports, and prints them.
#[derive(Debug)]
pub(crate) struct Teller {
    style: Style,
    order: Order,
    json: bool,
    /// The widest name that is to be expected.
    width: usize,
    reports: Vec<Report>,
    trouble: Option<CommandError>,
}

/// The answer as a whole.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    schema: u32,
    order: &'a str,
    ok: bool,
    holder: Option<AnswerLine<'a>>,
    agents: Vec<AnswerLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerLine<'a> {
    name: &'a str,
    ok: bool,
    outcome: &'a str,
    reason: Option<&'a str>,
    seconds: f64,
}

impl Teller {
    /// One that has nothing to tell yet.
    pub(crate) fn new<'a>(style: Style, order: Order, json: bool, names: impl Iterator<Item = &'a str>) -> Self {
        let width = names.map(str::len).max().unwrap_or_default().max(Subject::Holder.name().len());
        Self { style, order, json, width, reports: Vec::new(), trouble: None }
    }

    /// Tells of one agent.
    pub(crate) fn tell(&mut self, report: Report) {
        if !self.json && self.trouble.is_none() {
            self.trouble = print(&(line(&report, self.width, &self.style).render(self.style.color) + "\n")).err();
        }
        self.reports.push(report);
    }

    /// Tells what there is to tell at the end.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn finish(self) -> Result<ExitCode, CommandError> {
        if let Some(trouble) = self.trouble {
            return Err(trouble);
        }
        let code = exit_code(&self.reports);
        if self.json {
            let (holder, agents) = self.reports.iter().partition::<Vec<_>, _>(|one| one.subject == Subject::Holder);
            print_json(&Answer {
                schema: 1,
                order: self.order.word(),
                ok: code == ExitCode::Ok,
                holder: holder.last().map(|report| answer_line(report)),
                agents: agents.into_iter().map(answer_line).collect(),
            })?;
        }
        Ok(code)
    }
}

/// 0 if all is as it was ordered, else 1.
pub(crate) fn exit_code(reports: &[Report]) -> ExitCode {
    if reports.iter().all(|report| report.outcome.is_ok()) { ExitCode::Ok } else { ExitCode::CheckFailed }
}

fn line(report: &Report, width: usize, style: &Style) -> Line {
    let status = if report.outcome.is_ok() { Status::Pass } else { Status::Fail };
    let name = format!("{:width$}", report.subject.name());
    // Not cut: what is at its end is where to look.
    status_mark(status).line(style).with(Paint::Bold, &name).space(2).with(Paint::Plain, &report.text())
}

fn answer_line(report: &Report) -> AnswerLine<'_> {
    AnswerLine {
        name: report.subject.name(),
        ok: report.outcome.is_ok(),
        outcome: report.outcome.as_ref().map_or("failed", |change| change.word()),
        reason: report.outcome.as_ref().err().map(String::as_str),
        seconds: (report.took.as_secs_f64() * 1000.0).round() / 1000.0,
    }
}
