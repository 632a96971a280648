#!/usr/bin/env bash
# GitHub Copilot CLI 1.0.102 asks to press Esc twice to interrupt a turn, but ignores two that come together.
#
# `tmux send-keys Escape Escape` writes both in one piece, and the turn goes on; so it does with two seconds between them. With
# three tenths of a second the turn is interrupted. A program that presses keys for a person must therefore pause, but not for
# long, or press Ctrl-C once.
#
# Needs npm, Node 22 or newer, python3 and tmux; downloads 190 MB. No account: the model is a server that never answers.
# Exit codes: 0 as described, 1 otherwise, 69 if a program or the package is not available.
set -euo pipefail

work=$(mktemp -d)
model=
clean_up() {
    tmux -S "$work/tmux" kill-server 2>/dev/null || true
    [[ -z $model ]] || kill "$model" 2>/dev/null || true
    sleep 1
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

unavailable() { printf 'unavailable: %s\n' "$*" >&2; exit 69; }
for program in npm node python3 tmux; do command -v "$program" >/dev/null || unavailable "$program"; done
npm install --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error @github/copilot@1.0.102 >/dev/null ||
    unavailable '@github/copilot@1.0.102'

# A model that takes every request and does not answer.
python3 -c '
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = []
while True: kept.append(server.accept())' >"$work/port" &
model=$!
until [[ -s $work/port ]]; do sleep 0.1; done

mkdir "$work/home"
in_tmux() { tmux -S "$work/tmux" "$@"; }
screen() { in_tmux capture-pane -p -t copilot; }
# wait_for PATTERN: waits a minute for a line of the screen.
wait_for() {
    for _ in {1..300}; do ! screen | grep -qE "$1" || return 0; sleep 0.2; done
    screen
    printf 'expected a line with %s\n' "$1"
    exit 1
}
in_tmux -f /dev/null new-session -d -s copilot -x 100 -y 30 \
    "cd $work/home && exec env HOME=$work/home COPILOT_OFFLINE=true COPILOT_ALLOW_ALL=true COPILOT_MODEL=stub \
    COPILOT_PROVIDER_API_KEY=none COPILOT_PROVIDER_BASE_URL=http://127.0.0.1:$(<"$work/port")/v1 \
    $work/node_modules/.bin/copilot"
wait_for '/ commands'
# The answer is awaited from here on.
in_tmux send-keys -t copilot 'hello' && wait_for '^❯ hello' && in_tmux send-keys -t copilot Enter
wait_for 'Working'

works() { screen | grep -q Working; }
in_tmux send-keys -t copilot Escape Escape
sleep 2
works || { printf 'two together interrupt it; expected that they do not\n'; exit 1; }
printf 'Esc Esc together:             it goes on\n'
in_tmux send-keys -t copilot Escape
sleep 2
in_tmux send-keys -t copilot Escape
sleep 2
works || { printf 'two seconds apart interrupt it; expected that they do not\n'; exit 1; }
printf 'Esc, two seconds, Esc:        it goes on\n'
in_tmux send-keys -t copilot Escape
sleep 0.3
in_tmux send-keys -t copilot Escape
sleep 2
! works || { printf '0.3 seconds apart do not interrupt it; expected that they do\n'; exit 1; }
printf 'Esc, three tenths, Esc:       it is interrupted\n'
