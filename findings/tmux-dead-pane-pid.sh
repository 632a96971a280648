#!/usr/bin/env bash
# tmux 3.8 prints an empty `pane_pid` for a dead pane, but still its `pane_tty`.
#
# A pane stays after the end of its command if `remain-on-exit` is on. Up to 3.5a `pane_pid` is then still the PID of the
# ended process, which the kernel may give to another process: a program that reads it must check `pane_dead` before it
# sends a signal. In 3.8 the field is empty: a program that splits a line of `list-panes` at spaces reads the next field
# as the PID, and one that expects a number fails. `pane_tty` is no sign of life in any of these versions.
#
# Exit codes: 0 as described, 1 otherwise, 69 if a package is not available.
set -euo pipefail

work=$(mktemp -d)
servers=()
clean_up() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    for server in "${servers[@]}"; do
        for _ in {1..50}; do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$server" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

unavailable() { printf 'unavailable: %s\n' "$*" >&2; exit 69; }

# The mirror from which the system itself installs packages.
# shellcheck disable=SC2016 # apt expands it.
mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | awk '!/security/ && !n++') ||
    unavailable 'apt-get cannot list the sources of the system'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# install SUITE VERSION: unpacks this tmux and its libraries in $work/VERSION/root.
install() {
    local suite=$1 version=$2 apt=$work/$2/apt archive
    mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$work/$version/root"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$apt/sources.list"
    # Without installed packages, apt downloads each library that tmux needs.
    : >"$apt/status"
    cat >"$apt/apt.conf" <<END
Dir::State "$apt";
Dir::State::lists "lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    {
        timeout 120 apt-get -c "$apt/apt.conf" -qq update &&
            timeout 120 apt-get -c "$apt/apt.conf" -qq --download-only --no-install-recommends -y \
                install "tmux=$version"
    } >"$apt/log" || unavailable "tmux $version of Debian $suite"
    for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$work/$version/root"; done
}

export HOME=$work SHELL=/bin/sh LC_ALL=C.UTF-8
unset TMUX

# tmux ARGUMENT...: runs the tmux $version with the C library of its release, and with sockets of its own.
tmux() {
    local root=$work/$version/root loader
    # In /lib up to bookworm, in /usr/lib since then.
    loader=$(find "$root" -type f -name 'ld-linux*.so.*' -print -quit)
    TMUX_TMPDIR=$work/$version timeout 10 "$loader" --argv0 tmux \
        --library-path "${loader%/*}:$root/usr/lib/$(basename "${loader%/*}")" "$root/usr/bin/tmux" -f /dev/null "$@"
}

# wait_for COMMAND...: until the command succeeds, for at most 10 seconds.
wait_for() {
    for _ in {1..100}; do
        if "$@"; then return; fi
        sleep 0.1
    done
    printf 'not seen within 10 seconds: %s\n' "$*" >&2
    exit 1
}

# expect WHAT SEEN EXPECTED: prints what was seen, and ends the script if it is not what was expected.
expect() {
    printf '  %-40s %s\n' "$1" "$2"
    [[ $2 == "$3" ]] && return
    printf 'the behaviour is otherwise: expected %s\n' "$3" >&2
    exit 1
}

is_dead() { [[ $(tmux display-message -p -t main '#{pane_dead}') == 1 ]]; }

# observe SUITE VERSION PID: PID is `kept` or `empty`, as it is expected of a dead pane.
observe() {
    local version=$2 pid tty
    install "$1" "$version"
    tmux -V
    servers+=("$(tmux new-session -d -P -F '#{pid}' -s main 'sleep 60')")
    tmux set-option -g remain-on-exit on
    pid=$(tmux display-message -p -t main '#{pane_pid}')
    tty=$(tmux display-message -p -t main '#{pane_tty}')
    printf '  %-40s %s\n' 'living pane: [pane_pid] [pane_tty]' "[$pid] [$tty]"
    kill "$pid"
    wait_for is_dead
    expect 'after a signal: process exists' "$([[ -e /proc/$pid ]] && echo yes || echo no)" no
    [[ $3 == kept ]] || pid=
    expect 'dead pane: [pane_pid] [pane_tty]' "$(tmux list-panes -t main -F '[#{pane_pid}] [#{pane_tty}]')" "[$pid] [$tty]"
}

observe bookworm 3.3a-3 kept
observe trixie 3.5a-3 kept
observe sid 3.8-1 empty
echo 'as described'
