#!/usr/bin/env bash
# A tmux server that lost its socket and the socket's directory comes back after a client that fails.
#
# The manual says that SIGUSR1 makes the server create a removed socket again, and that this fails if a parent directory
# is missing; the server reports nothing then. The directory needs no `mkdir`: each client that is started with `-L`, or
# with neither `-L` nor `-S`, creates it with the right mode before it fails to connect, and a second SIGUSR1 succeeds.
# A client with `-S` and the same path fails with the same message and creates nothing. The first signal is not
# remembered: without the second one the server stays out of reach.
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

# state: the directory's mode if it exists, and whether the socket exists.
state() {
    local directory='no directory' socket_state='no socket'
    [[ ! -d ${socket%/*} ]] || directory="directory $(stat -c %a "${socket%/*}")"
    [[ ! -S $socket ]] || socket_state=socket
    echo "$directory, $socket_state"
}

# answer CLIENT_FLAGS...: the PID of the server, or the error without the path.
answer() { tmux "$@" display-message -p 'server #{pid}' 2>&1 | sed 's/ to [^ ]*//'; }

# signal: sends SIGUSR1 and leaves the server time to create the socket.
signal() {
    kill -USR1 "$server"
    for _ in {1..20}; do
        [[ ! -S $socket ]] || return 0
        sleep 0.1
    done
}

observe() {
    local version=$2 server socket
    install "$1" "$version"
    tmux -V
    server=$(tmux -L finding new-session -d -P -F '#{pid}' 'sleep 60')
    servers+=("$server")
    socket=$(tmux -L finding display-message -p '#{socket_path}')
    error='error connecting (No such file or directory)'

    rm "$socket"
    expect 'socket removed: client' "$(answer -L finding)" "$error"
    signal
    expect 'after SIGUSR1: client' "$(answer -L finding)" "server $server"

    rm "$socket"
    rmdir "${socket%/*}"
    signal
    expect 'directory removed, after SIGUSR1' "$(state)" 'no directory, no socket'
    expect 'client -S' "$(answer -S "$socket")" "$error"
    expect 'after the client -S' "$(state)" 'no directory, no socket'
    expect 'client -L' "$(answer -L finding)" "$error"
    expect 'after the client -L' "$(state)" 'directory 700, no socket'
    sleep 1
    expect 'a second later' "$(state)" 'directory 700, no socket'
    signal
    expect 'after a second SIGUSR1' "$(state)" 'directory 700, socket'
    expect 'client -L' "$(answer -L finding)" "server $server"
}

observe bookworm 3.3a-3
observe trixie 3.5a-3
observe sid 3.8-1
echo 'as described'
