//! Validated unit names, and the names of the units of Mosaic Fleet.

use std::fmt;
use std::str::FromStr;

use mosaic_domain::AgentName;

/// The name of a unit with its type suffix: `mosaic-agent@coder0.service`.
///
/// An agent's name needs no escaping as an instance name. It may contain a `-`, which systemd unescapes to a
/// `/` for `%I`; our units use `%i`, which does not unescape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitName(String);

impl UnitName {
    /// The template unit of the agents.
    pub const AGENT_TEMPLATE: &str = "mosaic-agent@.service";

    /// A pattern that matches the units of all agents.
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

    /// The socket that activates the exporter.
    #[must_use]
    pub fn exporter_socket() -> Self {
        Self("mosaic-fleet-exporter.socket".to_owned())
    }

    /// The unit that delivers queued messages.
    #[must_use]
    pub fn outbox() -> Self {
        Self("mosaic-fleet-outbox.service".to_owned())
    }

    /// The timer that starts the delivery of queued messages.
    #[must_use]
    pub fn outbox_timer() -> Self {
        Self("mosaic-fleet-outbox.timer".to_owned())
    }

    /// The agent that this unit runs; `None` for every other unit.
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

/// A text is not a valid unit name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a valid unit name: expected at most 255 letters, digits or ':-_.\\@' with a type suffix such as '.service'", .given.escape_debug())]
pub struct InvalidUnitName {
    given: String,
}

impl FromStr for UnitName {
    type Err = InvalidUnitName;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        const TYPES: [&str; 11] =
            ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];
        let valid = given.rsplit_once('.').is_some_and(|(stem, suffix)| {
            let first = stem.bytes().next();
            TYPES.contains(&suffix)
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
    fn the_unit_name_of_an_agent_contains_its_name() {
        for name in ["a", "mos-claude", "A_b-9"] {
            let unit = UnitName::agent(&name.parse().unwrap());
            assert_eq!(unit.as_str(), format!("mosaic-agent@{name}.service"));
            assert_eq!(unit.agent_name().unwrap().as_str(), name);
            assert_eq!(unit.as_str().parse::<UnitName>().unwrap(), unit);
        }
    }

    #[test]
    fn other_units_belong_to_no_agent() {
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
    fn invalid_unit_names_are_rejected() {
        let long = format!("{}.service", "a".repeat(250));
        for name in ["", "a", ".service", "a.b", "a b.service", "a/b.service", "@a.service", &long] {
            assert!(name.parse::<UnitName>().is_err(), "{name}");
        }
    }
}
