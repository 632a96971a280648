//! `mosaic agent answer`: answers the dialog that is open in an agent's pane, by what an answer means.

use std::time::Duration;

use clap::Args;
use mosaic_delivery::{AnswerOutcome, Answered, Recipient, ShownDialog};
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_roster::Roster;
use mosaic_runtimes::Answer as Wanted;
use serde::Serialize;

use super::agent_pane::capture_pane;
use super::message_sender;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgent, Seconds};
use crate::view::{print, print_json, print_json_outcome, print_outcome};

/// Show the dialog that is open in an agent's pane, or answer it
///
/// The answer is looked up on the screen by its meaning or its text, never by its place, and is not given if the dialog does
/// not offer it, if several answers can be meant, or if the dialog is not the one of --question.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Answer {
    #[command(flatten)]
    agent: NamedAgent,

    /// allow, allow-once, deny, or the text of one of the answers; without it, the dialog is shown
    #[arg(value_name = "ANSWER")]
    wanted: Option<Wanted>,

    /// Answer only this question, as shown without ANSWER and by 'mosaic agent screen --json'
    #[arg(long, value_name = "ID", requires = "wanted")]
    question: Option<String>,

    /// How long the dialog may take to close [default: 10]
    #[arg(long, value_name = "SECONDS", requires = "wanted")]
    wait: Option<Seconds>,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Exit codes: 0 answered, or a dialog is open; 1 refused, or no dialog is open; 2 the answer was given, and the dialog
is still open; 75 a message is being typed.

Examples:
  mosaic agent answer coder0                 show what is asked
  mosaic agent answer coder0 allow-once
  mosaic agent answer coder0 deny --question 3f2a9c01
  mosaic agent answer coder0 'Yes, I trust this folder'";

/// How long to wait while a message is being typed, which usually takes less.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a dialog may take to close. Programs close it within some frames; on a busy host it takes seconds.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

impl Answer {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let sender = message_sender(context);
        let to = sender.recipient(&roster, agent)?;
        let Some(answer) = &self.wanted else { return self.show(context, &roster, agent, &to) };
        let _lock = sender.lock_agent(agent, LOCK_TIMEOUT)?;
        let server = sender.server(&roster)?;
        let wait = self.wait.map_or(CLOSE_TIMEOUT, |Seconds(wait)| wait);
        let answered = sender.service(&server).answer(&to, answer, self.question.as_deref(), wait)?;
        let report = AnswerReport::new(agent, &answered);
        if self.json.enabled {
            print_json_outcome(&report);
        } else {
            print_outcome(&report.text());
        }
        Ok(match answered.outcome {
            AnswerOutcome::Accepted => ExitCode::Ok,
            AnswerOutcome::Unconfirmed => ExitCode::Unconfirmed,
            AnswerOutcome::Refused(_) => ExitCode::CheckFailed,
        })
    }

    fn show(
        &self,
        context: &Context,
        roster: &Roster,
        agent: &AgentName,
        to: &Recipient,
    ) -> Result<ExitCode, CommandError> {
        let (_, capture) = capture_pane(&message_sender(context), roster, agent)?;
        let dialog = ShownDialog::on(&to.profile, &mosaic_runtimes::Screen::from_capture(&capture));
        let dialog = dialog.filter(|_| !capture.dead);
        let report = dialog.as_ref().map(DialogReport::new);
        match (&report, self.json.enabled) {
            (_, true) => print_json(&report)?,
            (Some(report), false) => print(&report.text(agent))?,
            (None, false) => print(&format!("{agent}: no dialog is open\n"))?,
        }
        Ok(if report.is_some() { ExitCode::Ok } else { ExitCode::CheckFailed })
    }
}

/// A dialog as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DialogReport {
    name: String,
    question: String,
    text: Vec<String>,
    answers: Vec<OfferedReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfferedReport {
    text: String,
    means: Option<String>,
}

impl DialogReport {
    pub(super) fn new(dialog: &ShownDialog) -> Self {
        let answers = dialog.answers.iter().map(|answer| OfferedReport {
            text: answer.label.clone(),
            means: answer.means.as_ref().map(ToString::to_string),
        });
        Self {
            name: dialog.name.clone(),
            question: dialog.question.clone(),
            text: dialog.text.clone(),
            answers: answers.collect(),
        }
    }

    fn text(&self, agent: &AgentName) -> String {
        let mut text = format!("{agent}: {}, question {}\n\n", self.name, self.question);
        for line in &self.text {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        text.extend(self.answers.iter().map(|OfferedReport { text: label, means }| {
            let means = means.as_ref().map_or_else(String::new, |means| format!("   ({means})"));
            format!("  '{label}'{means}\n")
        }));
        if self.answers.is_empty() {
            text.push_str("  Its answers are not known for this runtime: use 'mosaic agent key'.\n");
        }
        text
    }
}

/// What came of an answer, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerReport {
    schema: u32,
    agent: String,
    outcome: &'static str,
    code: Option<&'static str>,
    reason: Option<String>,
    /// The text of the answer that was given.
    answer: Option<String>,
    dialog: Option<DialogReport>,
}

impl AnswerReport {
    /// The version of the format.
    const SCHEMA: u32 = 1;

    fn new(agent: &AgentName, answered: &Answered) -> Self {
        let (outcome, code, reason) = match &answered.outcome {
            AnswerOutcome::Accepted => ("accepted", None, None),
            AnswerOutcome::Unconfirmed => (
                "unconfirmed",
                Some("still-open"),
                Some("the answer was given, and the dialog is still open".to_owned()),
            ),
            AnswerOutcome::Refused(refusal) => ("refused", Some(refusal.code()), Some(refusal.to_string())),
        };
        Self {
            schema: Self::SCHEMA,
            agent: agent.to_string(),
            outcome,
            code,
            reason,
            answer: answered.label.clone(),
            dialog: answered.dialog.as_ref().map(DialogReport::new),
        }
    }

    fn text(&self) -> String {
        let answer = self.answer.as_ref().map_or_else(String::new, |answer| format!(" '{answer}'"));
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        format!("{}{answer}: {}{reason}\n", self.agent, self.outcome)
    }
}
