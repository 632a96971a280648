#!/bin/sh
# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.
#
# Sends a message to a tmux pane with the options of the older send-message.sh. It calls `mosaic agent send`.
set -u

readonly TARGET_NOT_FOUND=1 NOT_SENT=2 USAGE=3 NO_PROGRAM=127

usage() {
    cat <<'TEXT'
Usage: send-message.sh -t TARGET [-L SOCKET] [-m MESSAGE | -b BASE64 | -f FILE] [-r RETRIES] [-v]
       ssh HOST bash -s -- -t TARGET -b BASE64 < send-message.sh

Sends a message to a tmux pane, without a preamble.

  -t TARGET   the pane: NAME, =NAME, =NAME:, NAME:0.0 or %4; NAME is a full session name
  -L SOCKET   the name of the tmux socket (default: the server that this runs in, else tmux's default)
  -m MESSAGE  the message (default without -b and -f: standard input)
  -b BASE64   the message in Base64
  -f FILE     read the message from this file (-: standard input)
  -r RETRIES  0: do not press Enter again if the message stays a draft
  -v          print the result
  -h          print this help

Exit codes: 0 sent or queued, 1 no such target, 2 still a draft or acceptance unknown, 3 usage error.
Other codes are those of `mosaic agent send`.
TEXT
}

refuse() {
    printf 'send-message.sh: error: %s\n' "$1" >&2
    usage >&2
    exit "$USAGE"
}

# Sets the name of the tmux socket to that of the server that this runs in, or to tmux's default.
find_socket() {
    case ${TMUX:-} in
        '') socket=default ;;
        */tmux-*/*)
            path=${TMUX%%,*}
            socket=${path##*/}
            path=${path%/*}
            TMUX_TMPDIR=${path%/*}
            export TMUX_TMPDIR
            ;;
        *) refuse "the tmux server of this pane has no socket name (TMUX=$TMUX): use -L SOCKET" ;;
    esac
}

# Types the message on standard input with tmux alone, for a host without mosaic. The server checks the pane and pastes in
# one step.
type_by_tmux() {
    run() { tmux -u -N -L "$socket" "$@"; }
    case $target in %* | =*:* | *:*) ;; =*) target=$target: ;; *) target='='$target: ;; esac
    pane=$(run display-message -p -t "$target" '#{pane_id}' </dev/null 2>/dev/null)
    case $pane in
        %*) ;;
        *)
            printf 'send-message.sh: error: there is no pane %s on the socket %s\n' "$target" "$socket" >&2
            return "$TARGET_NOT_FOUND"
            ;;
    esac
    buffer=mosaic-$$
    run load-buffer -b "$buffer" - || return "$NOT_SENT"
    ready='#{&&:#{==:#{pane_dead},0},#{==:#{pane_in_mode},0}}'
    typed=$(run if-shell -F -t "$pane" "$ready" \
        "paste-buffer -p -r -d -b $buffer -t $pane ; display-message -p typed" \
        "delete-buffer -b $buffer ; display-message -p rejected")
    if [ "$typed" != typed ]; then
        printf 'send-message.sh: error: the pane %s is dead or in copy mode; nothing was typed\n' "$target" >&2
        return "$NOT_SENT"
    fi
    sleep 1
    run if-shell -F -t "$pane" "$ready" "send-keys -t $pane Enter"
    printf 'send-message.sh: unconfirmed: there is no mosaic on this host, so the text was typed by tmux alone\n' >&2
    return "$NOT_SENT"
}

target='' socket='' message='' has_message='' file='' encoded='' has_encoded='' retries='' verify=''
while getopts ':t:L:m:f:b:r:vh' option; do
    case $option in
        t) target=$OPTARG ;;
        L) socket=$OPTARG ;;
        m) message=$OPTARG has_message=yes ;;
        f)
            [ -n "$OPTARG" ] || refuse '-f requires a file'
            file=$OPTARG
            ;;
        b) encoded=$OPTARG has_encoded=yes ;;
        r)
            case $OPTARG in '' | *[!0-9]*) refuse "invalid value '$OPTARG' for -r: expected a number" ;; esac
            retries=$OPTARG
            ;;
        v) verify=yes ;;
        h) usage && exit 0 ;;
        :) refuse "option -$OPTARG requires a value" ;;
        *) refuse "unknown option -$OPTARG" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || refuse "unexpected argument '$1': quote the message"
[ -n "$target" ] || refuse 'missing -t TARGET'
[ -z "$has_message" ] || [ -z "$file" ] || refuse '-m and -f cannot be combined'
if [ -n "$has_encoded" ]; then
    [ -z "$has_message$file" ] || refuse '-b cannot be combined with -m and -f'
    printf '%s' "$encoded" | base64 -d >/dev/null 2>&1 || refuse 'invalid value for -b: expected the message in Base64'
fi
[ -n "$socket" ] || find_socket
# A shell that reads this script from its standard input reads no message there.
from_stdin=''
case $- in *s*) from_stdin=yes ;; esac
case $from_stdin:$has_message$has_encoded$file in
    yes: | yes:-) refuse 'this script is read from standard input: the message has to be given with -b, -m or -f FILE' ;;
esac

# Use the program that was installed with this script, even if the script is called through a link.
if [ -n "$from_stdin" ]; then
    program=${HOME:-}/.config/mosaic/tools/fleet/mosaic
else
    here=$(readlink -f -- "$0")
    here=${here%/*}
    program=${here%/*}/fleet/mosaic
fi
if [ ! -x "$program" ]; then
    beside=$program
    if ! program=$(command -v mosaic); then
        if [ -z "$from_stdin" ]; then
            printf 'send-message.sh: error: cannot find %s or mosaic on PATH: run mosaic fleet install\n' "$beside" >&2
            exit "$NO_PROGRAM"
        fi
        if [ -n "$has_encoded" ]; then
            printf '%s' "$encoded" | base64 -d | type_by_tmux
        elif [ -n "$has_message" ]; then
            printf '%s' "$message" | type_by_tmux
        else
            type_by_tmux <"$file"
        fi
        exit $?
    fi
fi

set -- agent send --tmux-socket "$socket" --tmux-target "$target" --without-prompt --no-preamble
case $retries in '' | *[1-9]*) ;; *) set -- "$@" --no-rescue ;; esac
if [ -n "$verify" ]; then set -- "$@" --verify; else set -- "$@" --quiet; fi

if [ -n "$has_encoded" ]; then
    printf '%s' "$encoded" | base64 -d | "$program" "$@" -
elif [ -n "$has_message" ]; then
    # Use a pipe, because other users can read command lines.
    printf '%s' "$message" | "$program" "$@" -
elif [ -z "$file" ] || [ "$file" = - ]; then
    "$program" "$@" -
else
    case $file in -*) file=./$file ;; esac
    "$program" "$@" --file "$file"
fi
code=$?
case $code in
    1 | 2) exit "$NOT_SENT" ;;
    64) exit "$USAGE" ;;
    69) exit "$TARGET_NOT_FOUND" ;;
    *) exit "$code" ;;
esac
