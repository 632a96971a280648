#!/usr/bin/env bash
# The launcher that `start-agent-session` replaces, kept as the baseline of `./dev bench`. It starts an agent in its own
# tmux session and a background loop that writes the heartbeat. It runs the same programs in the same order as the
# original and keeps its faults, so do not improve it. It is not shipped.
#
#   bash-launcher.sh [AGENT]      environment and exit codes as start-agent-session
set -euo pipefail

agent=${1:-${MOSAIC_AGENT_NAME:-}}
socket=${MOSAIC_TMUX_SOCKET:-mosaic-factory}
runtime=${MOSAIC_AGENT_RUNTIME:-pi}
workdir=${MOSAIC_AGENT_WORKDIR:-$HOME}
command=${MOSAIC_AGENT_COMMAND:-}
run_dir=${MOSAIC_HEARTBEAT_RUN_DIR:-${MOSAIC_HOME:-$HOME/.config/mosaic}/fleet/run}
interval=${MOSAIC_HEARTBEAT_INTERVAL:-15}

if [ -z "$agent" ]; then
    echo 'ERROR: agent name argument or MOSAIC_AGENT_NAME is required' >&2
    exit 64
fi
if ! command -v tmux >/dev/null 2>&1; then
    echo 'ERROR: tmux is required' >&2
    exit 69
fi

# beat_while_alive PID: starts a loop that outlives this script and writes the heartbeat of that process.
beat_while_alive() {
    local loop
    # shellcheck disable=SC2016 # The loop's own shell expands it.
    loop=$(printf 'hb=%q; pid=%q; iv=%q; ' "$run_dir/$agent.hb" "$1" "$interval")'
        mkdir -p "$(dirname "$hb")"
        while kill -0 "$pid" 2>/dev/null; do
            tmp="$hb.tmp.$$"
            printf "ts=%s\npid=%s\nstatus=ok\n" "$(date +%Y-%m-%dT%H:%M:%S%z)" "$pid" >"$tmp" && mv "$tmp" "$hb"
            sleep "$iv"
        done'
    setsid bash -c "$loop" </dev/null >/dev/null 2>&1 &
    disown
}

target="=$agent:0.0"
if tmux -L "$socket" has-session -t "$target" 2>/dev/null; then
    echo "Mosaic agent session already running: $agent on socket $socket"
    exit 0
fi
if [ -z "$command" ]; then
    command="mosaic yolo $runtime"
fi
mkdir -p "$workdir"
tmux -L "$socket" new-session -d -s "$agent" -c "$workdir" "$command"
pane_pid=$(tmux -L "$socket" display-message -p -t "$target" '#{pane_pid}')
beat_while_alive "$pane_pid"
