//! `mosaic agent screen`: prints the visible part of an agent's pane.

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_runtimes::{Composer, Profile};
use mosaic_tmux::CapturedPane;
use serde::Serialize;

use super::agent_pane::capture_pane;
use super::message_sender;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgent};
use crate::view::{print, print_json, print_notice};

/// Print the visible part of an agent's pane
///
/// The JSON output also has what decides whether a message can be typed: the composer, an open dialog, copy mode.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  mosaic agent screen coder0\n  mosaic agent screen coder0 --ansi\n  mosaic agent screen coder0 --json | jq -r .dialog"
)]
pub(crate) struct Screen {
    #[command(flatten)]
    agent: NamedAgent,

    /// Print colors, even if standard output is not a terminal
    #[arg(long, conflicts_with = "json")]
    ansi: bool,

    #[command(flatten)]
    json: JsonArg,
}

impl Screen {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let sender = message_sender(context);
        let (_, capture) = capture_pane(&sender, &roster, agent)?;
        if capture.dead {
            print_notice(&format!("NOTE: the process in the pane of {agent} has ended; this is its last screen"));
        }
        if self.json.enabled {
            let profile = sender.recipient(&roster, agent)?.profile;
            print_json(&ScreenReport::new(agent.as_str(), &capture, &profile))?;
        } else {
            print(&text(&capture, self.ansi))?;
        }
        Ok(ExitCode::Ok)
    }
}

/// Returns the rows up to the last one that is not blank.
fn text(capture: &CapturedPane, with_colors: bool) -> String {
    let screen = mosaic_runtimes::Screen::from_capture(capture);
    let plain = screen.visible_text();
    if !with_colors {
        return plain.iter().flat_map(|line| [line, "\n"]).collect();
    }
    let rows = capture.lines.iter().skip(capture.history).take(plain.len());
    let mut text: String = rows.flat_map(|line| [line.as_str(), "\n"]).collect();
    // A color continues in the next row, and has to end here.
    text.push_str("\x1b[0m");
    text
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScreenReport {
    schema: u32,
    agent: String,
    text: Vec<String>,
    dead: bool,
    in_mode: bool,
    width: usize,
    height: usize,
    cursor: Cursor,
    composer: Option<ComposerReport>,
    dialog: Option<String>,
    /// Identifies what the dialog asks, for `mosaic agent answer --question`.
    question: Option<String>,
}

/// Where the cursor is; the first line and column are 0.
#[derive(Debug, Serialize)]
struct Cursor {
    line: usize,
    column: usize,
}

#[derive(Debug, Serialize)]
struct ComposerReport {
    text: String,
    empty: bool,
}

impl ScreenReport {
    /// The version of the format.
    const SCHEMA: u32 = 1;

    fn new(agent: &str, capture: &CapturedPane, profile: &Profile) -> Self {
        let screen = mosaic_runtimes::Screen::from_capture(capture);
        let composer = Composer::find(&profile.composer, &screen);
        let dialog = profile.dialog_on(&screen);
        Self {
            schema: Self::SCHEMA,
            agent: agent.to_owned(),
            text: screen.visible_text().into_iter().map(str::to_owned).collect(),
            dead: capture.dead,
            in_mode: capture.in_mode,
            width: capture.width,
            height: capture.lines.len() - capture.history,
            cursor: Cursor { line: capture.cursor_line.saturating_sub(capture.history), column: capture.cursor_column },
            composer: composer.map(|composer| ComposerReport { text: composer.text, empty: composer.is_empty }),
            dialog: dialog.map(|dialog| dialog.name.clone()),
            question: profile.open_dialog(&screen).map(|open| open.question),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ScreenReport, text};
    use mosaic_runtimes::Profile;
    use mosaic_tmux::CapturedPane;
    use std::path::Path;

    const PROFILE: &str = "version: 1
composer: {kind: box, above: '^-+$', first: '^(.*)$', below: '^-+$'}
dialogs: [{name: permission, line: '^ Do you want to '}]
";

    fn capture(lines: &[&str]) -> CapturedPane {
        CapturedPane {
            pid: mosaic_domain::Pid::new(7),
            dead: false,
            in_mode: true,
            width: 40,
            cursor_line: 3,
            cursor_column: 2,
            terminal: "/dev/null".into(),
            title: String::new(),
            lines: lines.iter().map(ToString::to_string).collect(),
            history: 1,
            scrolled: 0,
        }
    }

    #[test]
    fn visible_rows_are_printed_without_blank_rows_at_the_end() {
        let capture = capture(&["history", "\x1b[31mred\x1b[39m", "", "row  ", "  ", ""]);
        assert_eq!(text(&capture, false), "red\n\nrow\n");
        assert_eq!(text(&capture, true), "\x1b[31mred\x1b[39m\n\nrow  \n\x1b[0m");
        assert_eq!(text(&self::capture(&["history", ""]), false), "");
    }

    #[test]
    fn json_has_what_decides_whether_a_message_can_be_typed() {
        let profile = Profile::parse(PROFILE, Path::new("test.yaml")).unwrap();
        let report =
            |lines: &[&str]| serde_json::to_value(ScreenReport::new("coder0", &capture(lines), &profile)).unwrap();
        let composer = report(&["history", "hello", "-----", "ab", "-----", ""]);
        let expected = serde_json::json!({
            "schema": 1, "agent": "coder0", "text": ["hello", "-----", "ab", "-----"], "dead": false, "inMode": true,
            "width": 40, "height": 5, "cursor": {"line": 2, "column": 2},
            "composer": {"text": "ab", "empty": false}, "dialog": null, "question": null,
        });
        assert_eq!(composer, expected);
        let dialog = report(&["-----", " Do you want to proceed?", " 1. Yes"]);
        assert_eq!((&dialog["composer"], &dialog["dialog"]), (&serde_json::Value::Null, &"permission".into()));
    }
}
