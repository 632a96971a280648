//! The options of a fleet's tmux server.

/// The options that a fleet's server is started with: scope, name, value. The holder's unit sets
/// the same ones; a test compares them.
///
/// Agents' TUIs want extended keys (Shift-Enter), no delay after Escape, colours, and a history
/// worth reading. The rest keeps a `~/.tmux.conf` from hurting agents: sessions that nobody looks
/// at stay, who types to an agent that ends does not type to another one, and "window 0, pane 0" is
/// where everybody looks for an agent.
pub const FLEET_OPTIONS: [(&str, &str, &str); 10] = [
    ("-s", "extended-keys", "on"),
    ("-s", "escape-time", "0"),
    ("-s", "exit-unattached", "off"),
    ("-g", "default-terminal", "tmux-256color"),
    ("-g", "history-limit", "20000"),
    ("-g", "destroy-unattached", "off"),
    ("-g", "detach-on-destroy", "on"),
    ("-g", "base-index", "0"),
    ("-gw", "pane-base-index", "0"),
    ("-gw", "aggressive-resize", "on"),
];
