#!/usr/bin/env bash
# `paste-buffer` of tmux 3.8 writes ESC as the two characters `^[`, and most other control bytes likewise.
#
# In 3.5a a pane receives the bytes of the buffer, except that a newline becomes a carriage return. In 3.8 the same
# command rewrites them as vis(3) does, without an error: a pasted colour or key sequence arrives as visible text, DEL as
# `^?`, and the Latin-1 byte of an e with acute as `M-i`. BEL, backspace, tab, newline and UTF-8 stay. The flag `-S` of
# 3.8 pastes the bytes, but 3.5a refuses the flag, so a script for both versions must choose by the version.
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

# printable: the bytes of the input, as octal numbers or escapes if they are control bytes.
printable() { od -An -v -w99 -c | tr -s ' ' | sed 's/^ //'; }

has_received() { [[ $(tail -c 3 "$1") == END ]]; }

# received [FLAG]: what a pane receives when the buffer is pasted.
received() {
    local pane file
    file=$(mktemp -p "$work/$version")
    # The terminal passes all bytes on, as it does for a full-screen program.
    pane=$(tmux new-window -P -F '#{pane_id}' "stty raw -echo; touch '$file.ready'; exec cat >'$file'")
    wait_for test -e "$file.ready"
    tmux paste-buffer "$@" -b sample -t "$pane" || return
    wait_for has_received "$file"
    printable <"$file"
}

start() {
    install "$1" "$version"
    tmux -V
    servers+=("$(tmux new-session -d -P -F '#{pid}' 'sleep 60')")
    printf '\033[31m\177\001\a\b\t\n\303\251\351END' | tmux load-buffer -b sample -
    printf '  %-40s %s\n' 'buffer' "$(tmux save-buffer -b sample - | printable)"
}

bytes='033 [ 3 1 m 177 001 \a \b \t \r 303 251 351 E N D'

version=3.5a-3
start trixie
expect 'received after paste-buffer' "$(received)" "$bytes"
expect 'paste-buffer -S' "$({ received -S 2>&1 || echo "(exit code $?)"; } | paste -sd ' ')" \
    'command paste-buffer: unknown flag -S (exit code 1)'

version=3.8-1
start sid
expect 'received after paste-buffer' "$(received)" '^ [ [ 3 1 m ^ ? ^ A \a \b \t \r 303 251 M - i E N D'
expect 'received after paste-buffer -S' "$(received -S)" "$bytes"
echo 'as described'
