//! Which collectors are switched on: a pair of flags for each.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use mosaic_metrics::Collector;
use mosaic_probe::snapshot::SourceName;

/// The collectors that are switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CollectorFlags {
    pub(crate) off: BTreeSet<Collector>,
}

impl CollectorFlags {
    /// The sources that nobody looks at then. The roster is looked at all the same: what is in it says
    /// what to look for.
    pub(crate) fn sources_off(&self) -> BTreeSet<SourceName> {
        let sources = self.off.iter().filter_map(|collector| collector.source());
        sources.filter(|source| *source != SourceName::Roster).collect()
    }
}

fn on(collector: Collector) -> String {
    format!("collector.{}", collector.as_str())
}

fn off(collector: Collector) -> String {
    format!("no-collector.{}", collector.as_str())
}

fn what_is_lost(collector: Collector) -> &'static str {
    match collector {
        Collector::Roster => "Leave out the roster's own families",
        Collector::Tmux => "Do not ask tmux: conditions are by heartbeat and process alone",
        Collector::Systemd => "Do not ask the user manager",
        Collector::Heartbeat => "Do not read heartbeats and what agents report",
        Collector::Process => "Do not look at processes and what they use",
        Collector::Verdict => "Leave out conditions, drift and verification",
    }
}

impl FromArgMatches for CollectorFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_off = |collector: &Collector| matches.get_flag(&off(*collector));
        Ok(Self { off: Collector::ALL.into_iter().filter(is_off).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for CollectorFlags {
    fn augment_args(command: Command) -> Command {
        let flag = |name: String| Arg::new(name.clone()).long(name).action(ArgAction::SetTrue);
        Collector::ALL.into_iter().fold(command.next_help_heading("The collectors"), |command, collector| {
            // The last one counts, as with the exporters that people know.
            let (on, off) = (on(collector), off(collector));
            command
                .arg(flag(off.clone()).overrides_with(&on).help(what_is_lost(collector)))
                .arg(flag(on).overrides_with(&off).hide(true).help("Which is so anyway"))
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
    fn the_last_word_about_a_collector_counts() {
        assert_eq!(flags(&[]).off.len(), 0);
        let off = flags(&["--no-collector.tmux", "--no-collector.systemd", "--collector.tmux"]);
        assert_eq!(off.off, [Collector::Systemd].into());
        assert_eq!(off.sources_off(), [SourceName::Systemd].into());
    }
}
