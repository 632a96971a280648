//! `mosaic agent screen`: what an agent's pane shows now.

use clap::Args;
use mosaic_domain::ExitCode;
use mosaic_runtimes::{Composer, Profile, shown_lines};
use mosaic_tmux::PaneSight;
use serde::Serialize;

use super::agent_sight::agent_sight;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgent};
use crate::mail::Office;
use crate::view::{print, print_json, tell};

/// Show what an agent's pane shows now
///
/// In JSON also what of it decides whether a message can be typed: the composer, an open dialog, copy mode.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  mosaic agent screen coder0\n  mosaic agent screen coder0 --ansi\n  mosaic agent screen coder0 --json | jq -r .dialog"
)]
pub(crate) struct Screen {
    #[command(flatten)]
    agent: NamedAgent,

    /// With its colours, also where standard output is no terminal
    #[arg(long, conflicts_with = "json")]
    ansi: bool,

    #[command(flatten)]
    json: JsonArg,
}

impl Screen {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let office = Office::new(context);
        let (_, sight) = agent_sight(&office, &roster, agent)?;
        if sight.dead {
            tell(&format!("NOTE: the process in the pane of {agent} has ended; this is what it left"));
        }
        if self.json.enabled {
            let profile = office.recipient(&roster, agent)?.profile;
            print_json(&Answer::of(agent.as_str(), &sight, &profile))?;
        } else {
            print(&text(&sight, self.ansi))?;
        }
        Ok(ExitCode::Ok)
    }
}

/// The rows, to the last one that is not blank.
fn text(sight: &PaneSight, coloured: bool) -> String {
    let screen = mosaic_runtimes::Screen::of(sight);
    let plain = shown_lines(&screen);
    if !coloured {
        return plain.iter().flat_map(|line| [line, "\n"]).collect();
    }
    let rows = sight.lines.iter().skip(sight.history).take(plain.len());
    let mut text: String = rows.flat_map(|line| [line.as_str(), "\n"]).collect();
    // Colours go on from row to row, and are to end here.
    text.push_str("\x1b[0m");
    text
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    schema: u32,
    agent: String,
    text: Vec<String>,
    dead: bool,
    in_mode: bool,
    width: usize,
    height: usize,
    cursor: Cursor,
    composer: Option<ComposerAnswer>,
    dialog: Option<String>,
}

/// Where the cursor is; the first line and column are 0.
#[derive(Debug, Serialize)]
struct Cursor {
    line: usize,
    column: usize,
}

#[derive(Debug, Serialize)]
struct ComposerAnswer {
    text: String,
    empty: bool,
}

impl Answer {
    /// The version of the format.
    const SCHEMA: u32 = 1;

    fn of(agent: &str, sight: &PaneSight, profile: &Profile) -> Self {
        let screen = mosaic_runtimes::Screen::of(sight);
        let composer = Composer::find(&profile.composer, &screen);
        let dialog = profile.dialog_on(&screen);
        Self {
            schema: Self::SCHEMA,
            agent: agent.to_owned(),
            text: shown_lines(&screen).into_iter().map(str::to_owned).collect(),
            dead: sight.dead,
            in_mode: sight.in_mode,
            width: sight.width,
            height: sight.lines.len() - sight.history,
            cursor: Cursor { line: sight.cursor_line.saturating_sub(sight.history), column: sight.cursor_column },
            composer: composer.map(|composer| ComposerAnswer { text: composer.text, empty: composer.is_empty }),
            dialog: dialog.map(|dialog| dialog.name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, text};
    use mosaic_runtimes::Profile;
    use mosaic_tmux::PaneSight;
    use std::path::Path;

    const PROFILE: &str = "version: 1
composer: {kind: box, above: '^-+$', first: '^(.*)$', below: '^-+$'}
dialogs: [{name: permission, line: '^ Do you want to '}]
";

    fn sight(lines: &[&str]) -> PaneSight {
        PaneSight {
            pid: mosaic_domain::Pid::new(7).unwrap(),
            dead: false,
            in_mode: true,
            width: 40,
            cursor_line: 3,
            cursor_column: 2,
            terminal: "/dev/null".into(),
            lines: lines.iter().map(ToString::to_string).collect(),
            history: 1,
        }
    }

    #[test]
    fn what_is_visible_is_shown_without_the_blank_rows_at_the_end() {
        let sight = sight(&["history", "\x1b[31mred\x1b[39m", "", "row  ", "  ", ""]);
        assert_eq!(text(&sight, false), "red\n\nrow\n");
        assert_eq!(text(&sight, true), "\x1b[31mred\x1b[39m\n\nrow  \n\x1b[0m");
        assert_eq!(text(&self::sight(&["history", ""]), false), "");
    }

    #[test]
    fn in_json_is_what_decides_whether_a_message_can_be_typed() {
        let profile = Profile::parse(PROFILE, Path::new("test.yaml")).unwrap();
        let answer = |lines: &[&str]| serde_json::to_value(Answer::of("coder0", &sight(lines), &profile)).unwrap();
        let composer = answer(&["history", "hello", "-----", "ab", "-----", ""]);
        let expected = serde_json::json!({
            "schema": 1, "agent": "coder0", "text": ["hello", "-----", "ab", "-----"], "dead": false, "inMode": true,
            "width": 40, "height": 5, "cursor": {"line": 2, "column": 2},
            "composer": {"text": "ab", "empty": false}, "dialog": null,
        });
        assert_eq!(composer, expected);
        let dialog = answer(&["-----", " Do you want to proceed?", " 1. Yes"]);
        assert_eq!((&dialog["composer"], &dialog["dialog"]), (&serde_json::Value::Null, &"permission".into()));
    }
}
