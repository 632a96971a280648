#!/bin/sh
# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.
#
# Sends a message to a tmux pane, as send-message.sh always did; `mosaic agent send` does the work.
set -u

readonly TARGET_NOT_FOUND=1 NOT_SENT=2 USAGE=3 NO_PROGRAM=127

usage() {
    cat <<'TEXT'
Usage: send-message.sh -t TARGET [-L SOCKET] [-m MESSAGE | -f FILE] [-b NAME] [-r RETRIES] [-v]

Sends a message to a tmux pane, without a heading.

  -t TARGET   the pane: NAME, =NAME, =NAME:, NAME:0.0 or %4; a name is a whole one
  -L SOCKET   the name of the tmux socket (default: $MOSAIC_TMUX_SOCKET, else mosaic-factory)
  -m MESSAGE  the message; without -m and -f it is read from standard input
  -f FILE     the message is in that file ('-': standard input)
  -b NAME     ignored: each message has a paste buffer of its own
  -r RETRIES  0: Enter is not pressed again when the message stays a draft
  -v          say what came of it
  -h          this text

Exit codes: 0 sent or queued, 1 no such target, 2 still a draft or not known to be accepted, 3 usage;
others are those of `mosaic agent send`.
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
            [ -n "$OPTARG" ] || refuse "-f '' names no file"
            file=$OPTARG
            ;;
        b) ;;
        r)
            case $OPTARG in '' | *[!0-9]*) refuse "-r '$OPTARG' is no number" ;; esac
            retries=$OPTARG
            ;;
        v) verify=yes ;;
        h) usage && exit 0 ;;
        :) refuse "-$OPTARG needs a value" ;;
        *) refuse "no option -$OPTARG" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || refuse "'$1' belongs to no option: put the message in quotes"
[ -n "$target" ] || refuse 'no target, expected one: -t TARGET'
[ -z "$has_message" ] || [ -z "$file" ] || refuse '-m and -f are both there, expected one'

# The program that was installed with this script, wherever a link to the script is.
here=$(readlink -f -- "$0")
here=${here%/*}
program=${here%/*}/fleet/mosaic
if [ ! -x "$program" ]; then
    beside=$program
    program=$(command -v mosaic) || {
        printf 'send-message.sh: error: there is no %s and no mosaic on PATH: run mosaic fleet install\n' "$beside" >&2
        exit "$NO_PROGRAM"
    }
fi

set -- agent send --tmux-socket "${socket:-${MOSAIC_TMUX_SOCKET:-mosaic-factory}}" --tmux-target "$target" --no-preamble
case $retries in '' | *[1-9]*) ;; *) set -- "$@" --no-rescue ;; esac
if [ -n "$verify" ]; then set -- "$@" --verify; else set -- "$@" --quiet; fi

if [ -n "$has_message" ]; then
    # By a pipe: everybody on this host can read a command line.
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
