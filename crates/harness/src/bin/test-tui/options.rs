use std::path::PathBuf;

/// The command line.
#[derive(Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent flag of the command line")]
pub(crate) struct Options {
    /// The file to which messages are appended.
    pub(crate) log: PathBuf,
    /// Reads lines like a shell's `read`, and draws nothing.
    pub(crate) line: bool,
    /// Does not enable bracketed paste.
    pub(crate) no_bracketed_paste: bool,
    /// Shows an animated spinner; with `busy_until`, only while it is busy.
    pub(crate) spinner: bool,
    /// Ignores the first Enter after the composer has received its first character.
    pub(crate) swallow_first_enter: bool,
    /// Inserts a line feed at the first Enter after the composer has received its first character.
    pub(crate) break_at_first_enter: bool,
    /// Reads Enter and all later keys, but acts on them only when this file exists. An Enter in an empty composer is
    /// logged as a key.
    pub(crate) enter_until: Option<PathBuf>,
    /// Shows messages that it gets while it is busy like others, and logs them afterwards.
    pub(crate) hold_while_busy: bool,
    /// Queues messages while it is busy and logs them afterwards. Without this flag, Enter has no effect while it is
    /// busy.
    pub(crate) queue_while_busy: bool,
    /// Is busy until this file exists.
    pub(crate) busy_until: Option<PathBuf>,
    /// Shows a dialog and accepts no message until this file exists.
    pub(crate) dialog_until: Option<PathBuf>,
    /// Shows a loading screen until this file exists.
    pub(crate) no_composer_until: Option<PathBuf>,
    /// The initial text of the composer.
    pub(crate) draft: String,
}

impl Options {
    pub(crate) const USAGE: &str = "usage: test-tui LOG [--line] [--no-bracketed-paste] [--spinner] \
         [--swallow-first-enter] [--break-at-first-enter] [--enter-until FILE] [--hold-while-busy] [--queue-while-busy] [--busy-until FILE] [--dialog-until FILE] \
         [--no-composer-until FILE] [--draft TEXT]";

    /// Whether the first Enter of a message does not submit it.
    pub(crate) fn changes_first_enter(&self) -> bool {
        self.swallow_first_enter || self.break_at_first_enter
    }

    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--line" => options.line = true,
                "--no-bracketed-paste" => options.no_bracketed_paste = true,
                "--spinner" => options.spinner = true,
                "--swallow-first-enter" => options.swallow_first_enter = true,
                "--break-at-first-enter" => options.break_at_first_enter = true,
                "--hold-while-busy" => options.hold_while_busy = true,
                "--enter-until" => options.enter_until = Some(value()?.into()),
                "--queue-while-busy" => options.queue_while_busy = true,
                "--busy-until" => options.busy_until = Some(value()?.into()),
                "--dialog-until" => options.dialog_until = Some(value()?.into()),
                "--no-composer-until" => options.no_composer_until = Some(value()?.into()),
                "--draft" => options.draft = value()?,
                flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}")),
                log if options.log.as_os_str().is_empty() => options.log = log.into(),
                other => return Err(format!("unexpected argument {other}")),
            }
        }
        if options.log.as_os_str().is_empty() { Err("LOG is missing".to_owned()) } else { Ok(options) }
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_are_accepted_before_and_after_the_log() {
        let options = parse("--spinner log --busy-until file --draft x").unwrap();
        let expected = Options {
            log: "log".into(),
            spinner: true,
            busy_until: Some("file".into()),
            draft: "x".to_owned(),
            ..Options::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn invalid_command_lines_are_rejected() {
        for line in ["", "--spinner", "log other", "log --speed", "log --draft"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
