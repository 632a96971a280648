use std::path::PathBuf;

/// What this program was told to be like.
#[derive(Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line, and any of them go together")]
pub(crate) struct Options {
    /// Where the messages go.
    pub(crate) log: PathBuf,
    /// Reads lines as a shell's `read` does, and draws nothing.
    pub(crate) line: bool,
    /// Does not ask the terminal to tell what is pasted from what is typed.
    pub(crate) no_bracketed_paste: bool,
    /// Has something on the screen that never stands still; with `busy_until`, only as long as it is busy.
    pub(crate) spinner: bool,
    /// Loses the first Enter after the composer has got its first character.
    pub(crate) swallow_first_enter: bool,
    /// Takes messages while it is busy, and logs them when it no longer is. Without, Enter does nothing
    /// meanwhile.
    pub(crate) queue_while_busy: bool,
    /// Is busy until there is this file.
    pub(crate) busy_until: Option<PathBuf>,
    /// Asks a question until there is this file, and takes no message.
    pub(crate) dialog_until: Option<PathBuf>,
    /// Still loads until there is this file.
    pub(crate) no_composer_until: Option<PathBuf>,
    /// What is in the composer from the beginning.
    pub(crate) draft: String,
}

impl Options {
    pub(crate) const USAGE: &str = "usage: test-tui LOG [--line] [--no-bracketed-paste] [--spinner] \
         [--swallow-first-enter] [--queue-while-busy] [--busy-until FILE] [--dialog-until FILE] \
         [--no-composer-until FILE] [--draft TEXT]";

    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--line" => options.line = true,
                "--no-bracketed-paste" => options.no_bracketed_paste = true,
                "--spinner" => options.spinner = true,
                "--swallow-first-enter" => options.swallow_first_enter = true,
                "--queue-while-busy" => options.queue_while_busy = true,
                "--busy-until" => options.busy_until = Some(value()?.into()),
                "--dialog-until" => options.dialog_until = Some(value()?.into()),
                "--no-composer-until" => options.no_composer_until = Some(value()?.into()),
                "--draft" => options.draft = value()?,
                flag if flag.starts_with('-') => return Err(format!("no flag {flag}")),
                log if options.log.as_os_str().is_empty() => options.log = log.into(),
                other => return Err(format!("one LOG, and then: {other}")),
            }
        }
        if options.log.as_os_str().is_empty() { Err("no LOG".to_owned()) } else { Ok(options) }
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_are_understood_wherever_they_are() {
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
    fn what_makes_no_sense_is_refused() {
        for line in ["", "--spinner", "log other", "log --speed", "log --draft"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
