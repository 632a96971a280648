//! The scripts that users of the older tools have, which hand over to `mosaic`.

use crate::Found;

/// The scripts, by name, as they are shipped and installed.
pub const TOOL_FRONTS: [(&str, &str); 2] = [
    ("agent-send.sh", include_str!("../../../framework/tools/tmux/agent-send.sh")),
    ("send-message.sh", include_str!("../../../framework/tools/tmux/send-message.sh")),
];

/// The second line of each: what lacks it is another tool's.
const MARK: &str = "# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.";

/// Was this written by us?
pub(crate) fn is_tool_front(found: &Found) -> bool {
    found.text().is_some_and(|text| text.lines().nth(1) == Some(MARK))
}

#[cfg(test)]
mod tests {
    use super::{TOOL_FRONTS, is_tool_front};
    use crate::Found;

    #[test]
    fn ours_are_told_from_those_of_the_older_tools() {
        for (name, shipped) in TOOL_FRONTS {
            let front = |text: &str| is_tool_front(&Found::File { mode: 0o755, text: text.to_owned() });
            assert!(front(shipped) && front(&format!("{shipped}# changed by hand\n")), "{name}");
            assert!(!front("#!/usr/bin/env bash\n# agent-send.sh: send a message to an agent's pane\n"));
        }
        assert!(!is_tool_front(&Found::Nothing) && !is_tool_front(&Found::Link("/checkout/agent-send.sh".into())));
    }
}
