//! The flags `--collector.NAME` and `--no-collector.NAME`.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use mosaic_metrics::Collector;
use mosaic_probe::snapshot::SourceName;

/// The disabled collectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CollectorFlags {
    pub(crate) disabled: BTreeSet<Collector>,
}

impl CollectorFlags {
    /// The sources that are not read. The roster is always read, because it names what to observe.
    pub(crate) fn disabled_sources(&self) -> BTreeSet<SourceName> {
        let sources = self.disabled.iter().filter_map(|collector| collector.source());
        sources.filter(|source| *source != SourceName::Roster).collect()
    }
}

fn enabling_flag(collector: Collector) -> String {
    format!("collector.{}", collector.as_str())
}

fn disabling_flag(collector: Collector) -> String {
    format!("no-collector.{}", collector.as_str())
}

fn disabling_help(collector: Collector) -> &'static str {
    match collector {
        Collector::Roster => "Omit the metrics of the roster file",
        Collector::Tmux => "Do not query tmux; conditions then follow from heartbeats and processes",
        Collector::Systemd => "Do not query the systemd user manager",
        Collector::Heartbeat => "Do not read heartbeats and the agents' reports",
        Collector::Process => "Do not read processes and their resources",
        Collector::Outbox => "Omit the metrics of messages",
        Collector::Verdict => "Omit conditions, drift and verification",
    }
}

impl FromArgMatches for CollectorFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_disabled = |collector: &Collector| matches.get_flag(&disabling_flag(*collector));
        Ok(Self { disabled: Collector::ALL.into_iter().filter(is_disabled).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for CollectorFlags {
    fn augment_args(command: Command) -> Command {
        let flag = |name: String| Arg::new(name.clone()).long(name).action(ArgAction::SetTrue);
        Collector::ALL.into_iter().fold(command.next_help_heading("Collectors"), |command, collector| {
            // The last flag of a pair applies, as in other exporters.
            let (on, off) = (enabling_flag(collector), disabling_flag(collector));
            command
                .arg(flag(off.clone()).overrides_with(&on).help(disabling_help(collector)))
                .arg(flag(on).overrides_with(&off).hide(true).help("Enable the collector (default)"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::CollectorFlags;
    use clap::{Args, Command, FromArgMatches};
    use mosaic_metrics::Collector;
    use mosaic_probe::snapshot::SourceName;

    fn flags(words: &[&str]) -> CollectorFlags {
        let command = CollectorFlags::augment_args(Command::new("x"));
        let matches = command.try_get_matches_from(["x"].iter().chain(words)).unwrap();
        CollectorFlags::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn the_last_flag_of_a_collector_applies() {
        assert_eq!(flags(&[]).disabled.len(), 0);
        let flags = flags(&["--no-collector.tmux", "--no-collector.systemd", "--collector.tmux"]);
        assert_eq!(flags.disabled, [Collector::Systemd].into());
        assert_eq!(flags.disabled_sources(), [SourceName::Systemd].into());
    }
}
