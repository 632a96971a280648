//! The pane in which a program is recorded, in a tmux server of its own.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::RecordError;

/// The size of a pane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    columns: u16,
    rows: u16,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sides = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
        match sides {
            Some((columns, rows)) if columns >= 20 && rows >= 5 => Ok(Self { columns, rows }),
            _ => Err("expected columns and rows, at least 20x5, such as 80x24".to_owned()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.columns, self.rows)
    }
}

/// What a pane showed at one moment.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The unchanged output of `capture-pane -e -p`.
    pub(crate) screen: String,
    cursor: (usize, usize),
    title: String,
}

impl Recording {
    /// The line of `panes.tsv`: name, column and row of the cursor, title.
    pub(crate) fn pane_line(&self, name: &str) -> String {
        let (column, row) = self.cursor;
        format!("{name}\t{column}\t{row}\t{}", self.title)
    }
}

/// A program in a pane. Its server ends on drop.
#[derive(Debug)]
pub(crate) struct Pane<'a> {
    socket: &'a Path,
}

/// How long a screen has to stay as it is before it counts as settled, and how long that is waited for: a program that
/// works draws all the time.
const SETTLED: Duration = Duration::from_millis(600);
const SETTLE_LIMIT: Duration = Duration::from_secs(3);

const PAUSE: Duration = Duration::from_millis(100);

impl<'a> Pane<'a> {
    /// Starts a shell command in a pane of a new tmux server.
    pub(crate) fn start(socket: &'a Path, size: Size, directory: &Path, command: &str) -> Result<Self, RecordError> {
        let pane = Self { socket };
        let (columns, rows) = (size.columns.to_string(), size.rows.to_string());
        let directory = directory.display().to_string();
        pane.tmux(&[
            "set-option",
            "-g",
            "status",
            "off",
            ";",
            "set-option",
            "-g",
            "default-terminal",
            "tmux-256color",
            ";",
            "set-option",
            "-g",
            "remain-on-exit",
            "on",
            ";",
            "set-option",
            "-g",
            "escape-time",
            "0",
            ";",
            "new-session",
            "-d",
            "-s",
            "record",
            "-x",
            &columns,
            "-y",
            &rows,
            "-c",
            &directory,
            command,
        ])?;
        Ok(pane)
    }

    /// Presses keys, in tmux's names.
    pub(crate) fn press(&self, keys: &[String]) -> Result<(), RecordError> {
        for key in keys {
            self.tmux(&["send-keys", "-t", "record:", key])?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Types a text, key by key.
    pub(crate) fn type_text(&self, text: &str) -> Result<(), RecordError> {
        self.tmux(&["send-keys", "-l", "-t", "record:", text])?;
        // Some programs take keys that follow each other quickly for a paste, and an Enter among them for a part of it.
        std::thread::sleep(SETTLED);
        Ok(())
    }

    /// Pastes a text.
    pub(crate) fn paste(&self, text: &str) -> Result<(), RecordError> {
        let mut load = self.command();
        load.args(["load-buffer", "-b", "record", "-"]).stdin(Stdio::piped());
        let failed = |error: std::io::Error| RecordError::Command {
            command: "tmux load-buffer".to_owned(),
            message: error.to_string(),
        };
        let mut child = load.spawn().map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes()).map_err(failed)?;
        }
        child.wait().map_err(failed)?;
        self.tmux(&["paste-buffer", "-p", "-d", "-b", "record", "-t", "record:"]).map(drop)
    }

    /// Waits until `is_shown` holds of the visible text; returns the text if it does not within a minute.
    pub(crate) fn wait(&self, is_shown: impl Fn(&str) -> bool) -> Result<Result<(), String>, RecordError> {
        let began = Instant::now();
        loop {
            let text = self.tmux(&["capture-pane", "-p", "-t", "record:"])?;
            if is_shown(&text) {
                return Ok(Ok(()));
            }
            if began.elapsed() > Duration::from_mins(1) {
                return Ok(Err(text));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Captures the pane once its screen has settled.
    pub(crate) fn settled(&self) -> Result<Recording, RecordError> {
        let began = Instant::now();
        let (mut last, mut since) = (self.capture()?, Instant::now());
        while since.elapsed() < SETTLED && began.elapsed() < SETTLE_LIMIT {
            std::thread::sleep(PAUSE);
            let now = self.capture()?;
            if now.screen != last.screen {
                since = Instant::now();
            }
            last = now;
        }
        Ok(last)
    }

    /// Captures the pane.
    pub(crate) fn capture(&self) -> Result<Recording, RecordError> {
        let format = "#{cursor_x}\t#{cursor_y}\t#{?#{==:#{pane_title},#{host}},,#{pane_title}}";
        let printed = self.tmux(&[
            "display-message",
            "-p",
            "-t",
            "record:",
            format,
            ";",
            "capture-pane",
            "-e",
            "-p",
            "-t",
            "record:",
        ])?;
        let (state, screen) = printed.split_once('\n').unwrap_or((&printed, ""));
        let mut fields = state.splitn(3, '\t');
        let mut number = || fields.next().and_then(|field| field.parse().ok()).unwrap_or_default();
        let cursor = (number(), number());
        let title = fields.next().unwrap_or_default().to_owned();
        Ok(Recording { screen: screen.to_owned(), cursor, title })
    }

    fn command(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(self.socket).args(["-f", "/dev/null"]).env("LANG", "C.UTF-8").env_remove("TMUX");
        tmux
    }

    fn tmux(&self, arguments: &[&str]) -> Result<String, RecordError> {
        let failed = |message| RecordError::Command { command: format!("tmux {}", arguments.join(" ")), message };
        let output = self.command().args(arguments).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Pane<'_> {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}
