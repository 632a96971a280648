//! The name of a unit.

use std::fmt;
use std::str::FromStr;

use mosaic_domain::AgentName;

/// A unit's name, with its kind: `mosaic-agent@coder0.service`.
///
/// An agent's name needs no escaping in it. It may have a `-`, which systemd would unescape to a
/// `/` for `%I`; our units use `%i`, which leaves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitName(String);

impl UnitName {
    /// The unit file of all agents.
    pub const AGENT_TEMPLATE: &str = "mosaic-agent@.service";

    /// A pattern for the units of all agents.
    pub const AGENTS: &str = "mosaic-agent@*.service";

    /// The unit of an agent.
    #[must_use]
    pub fn agent(name: &AgentName) -> Self {
        Self(format!("mosaic-agent@{name}.service"))
    }

    /// The unit that owns the fleet's tmux server.
    #[must_use]
    pub fn holder() -> Self {
        Self("mosaic-tmux-holder.service".to_owned())
    }

    /// The unit that serves metrics.
    #[must_use]
    pub fn exporter() -> Self {
        Self("mosaic-fleet-exporter.service".to_owned())
    }

    /// The socket at which it is asked.
    #[must_use]
    pub fn exporter_socket() -> Self {
        Self("mosaic-fleet-exporter.socket".to_owned())
    }

    /// The unit that delivers the messages that wait.
    #[must_use]
    pub fn outbox() -> Self {
        Self("mosaic-fleet-outbox.service".to_owned())
    }

    /// The timer that starts it.
    #[must_use]
    pub fn outbox_timer() -> Self {
        Self("mosaic-fleet-outbox.timer".to_owned())
    }

    /// The agent whose unit this is; nothing for any other unit.
    #[must_use]
    pub fn agent_name(&self) -> Option<AgentName> {
        self.0.strip_prefix("mosaic-agent@")?.strip_suffix(".service")?.parse().ok()
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not the name of a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not the name of a unit: expected up to 255 letters, digits or ':-_.\\@', and a kind as '.service'", .given.escape_debug())]
pub struct InvalidUnitName {
    given: String,
}

impl FromStr for UnitName {
    type Err = InvalidUnitName;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        const KINDS: [&str; 11] =
            ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];
        let valid = given.rsplit_once('.').is_some_and(|(stem, kind)| {
            let first = stem.bytes().next();
            KINDS.contains(&kind)
                && first.is_some_and(|byte| byte != b'@')
                && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte))
        });
        if valid && given.len() <= 255 {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidUnitName { given: given.to_owned() })
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::UnitName;

    #[test]
    fn an_agent_is_found_again_in_the_name_of_its_unit() {
        for name in ["a", "mos-claude", "A_b-9"] {
            let unit = UnitName::agent(&name.parse().unwrap());
            assert_eq!(unit.as_str(), format!("mosaic-agent@{name}.service"));
            assert_eq!(unit.agent_name().unwrap().as_str(), name);
            assert_eq!(unit.as_str().parse::<UnitName>().unwrap(), unit);
        }
    }

    #[test]
    fn other_units_are_nobodys() {
        for name in [
            "mosaic-tmux-holder.service",
            "mosaic-fleet-exporter.service",
            "mosaic-agent@.service",
            "mosaic-agent@a.b.service",
            "mosaic-agent@_holder.service",
            "mosaic-agent@a.timer",
            "my-mosaic-agent@a.service",
        ] {
            assert_eq!(name.parse::<UnitName>().unwrap().agent_name(), None, "{name}");
        }
    }

    #[test]
    fn what_no_unit_can_be_called_is_refused() {
        let long = format!("{}.service", "a".repeat(250));
        for name in ["", "a", ".service", "a.b", "a b.service", "a/b.service", "@a.service", &long] {
            assert!(name.parse::<UnitName>().is_err(), "{name}");
        }
    }
}
