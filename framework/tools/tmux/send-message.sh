#!/bin/sh
# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.
#
# Sends a message to a tmux pane with the options of the older send-message.sh. It calls `mosaic agent send`.
set -u

readonly TARGET_NOT_FOUND=1 NOT_SENT=2 USAGE=3 NO_PROGRAM=127

usage() {
    cat <<'TEXT'
Usage: send-message.sh -t TARGET [-L SOCKET] [-m MESSAGE | -f FILE] [-b NAME] [-r RETRIES] [-v]

Sends a message to a tmux pane, without a preamble.

  -t TARGET   the pane: NAME, =NAME, =NAME:, NAME:0.0 or %4; NAME is a full session name
  -L SOCKET   the name of the tmux socket (default: $MOSAIC_TMUX_SOCKET or mosaic-factory)
  -m MESSAGE  the message (default without -f: standard input)
  -f FILE     read the message from this file (-: standard input)
  -b NAME     ignored: every message has its own paste buffer
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

target='' socket='' message='' has_message='' file='' retries='' verify=''
while getopts ':t:L:m:f:b:r:vh' option; do
    case $option in
        t) target=$OPTARG ;;
        L) socket=$OPTARG ;;
        m) message=$OPTARG has_message=yes ;;
        f)
            [ -n "$OPTARG" ] || refuse '-f requires a file'
            file=$OPTARG
            ;;
        b) ;;
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

# Use the program that was installed with this script, even if the script is called through a link.
here=$(readlink -f -- "$0")
here=${here%/*}
program=${here%/*}/fleet/mosaic
if [ ! -x "$program" ]; then
    beside=$program
    program=$(command -v mosaic) || {
        printf 'send-message.sh: error: cannot find %s or mosaic on PATH: run mosaic fleet install\n' "$beside" >&2
        exit "$NO_PROGRAM"
    }
fi

set -- agent send --tmux-socket "${socket:-${MOSAIC_TMUX_SOCKET:-mosaic-factory}}" --tmux-target "$target" --no-preamble
case $retries in '' | *[1-9]*) ;; *) set -- "$@" --no-rescue ;; esac
if [ -n "$verify" ]; then set -- "$@" --verify; else set -- "$@" --quiet; fi

if [ -n "$has_message" ]; then
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
