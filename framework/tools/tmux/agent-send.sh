#!/bin/sh
# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.
#
# Sends a message to an agent with the options of the older agent-send.sh. It calls `mosaic agent send`.
set -u

readonly TARGET_NOT_FOUND=1 NOT_SENT=2 USAGE=3 NO_PROGRAM=127

usage() {
    cat <<'TEXT'
Usage: agent-send.sh -s SESSION [-L SOCKET] [-H [USER@]HOST] [-n NAME] [-m MESSAGE | -f FILE]
                     [-S SOURCE] [-r RETRIES] [-v]

Sends a message to an agent, with the preamble '[SOURCE -> NAME:SESSION]'.

  -s SESSION      the agent's session: NAME, =NAME, NAME:0.0 or %4; NAME is a full name
  -L SOCKET       the name of the tmux socket (default: the server that this runs in, else tmux's default;
                  with -H, the default server of that host)
  -H [USER@]HOST  the host of the agent, which is reached by ssh
  -n NAME         the name of that host in the preamble
  -m MESSAGE      the message (default without -f: standard input)
  -f FILE         read the message from this file (-: standard input)
  -S SOURCE       the sender in the preamble
  -r RETRIES      0: do not press Enter again if the message stays a draft
  -v              print the result
  -h              print this help

Exit codes: 0 sent or queued, 1 no such session, 2 still a draft or acceptance unknown, 3 usage error.
Other codes are those of `mosaic agent send`.
TEXT
}

refuse() {
    printf 'agent-send.sh: error: %s\n' "$1" >&2
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

session='' socket='' host='' host_label='' message='' has_message='' file='' source_label='' retries='' verify=''
while getopts ':s:L:H:n:m:f:S:r:vh' option; do
    case $option in
        s) session=$OPTARG ;;
        L) socket=$OPTARG ;;
        H)
            # An empty host must not mean this host: the message would reach an agent of the same name here.
            [ -n "$OPTARG" ] || refuse '-H requires a host'
            host=$OPTARG
            ;;
        n) host_label=$OPTARG ;;
        m) message=$OPTARG has_message=yes ;;
        f)
            [ -n "$OPTARG" ] || refuse '-f requires a file'
            file=$OPTARG
            ;;
        S) source_label=$OPTARG ;;
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
[ -n "$session" ] || refuse 'missing -s SESSION'
[ -z "$has_message" ] || [ -z "$file" ] || refuse '-m and -f cannot be combined'

case $session in
    %* | =* | *:*) target=$session ;;
    *) target="=$session:" ;;
esac
if [ -z "$socket" ] && [ -n "$host" ]; then socket=default; elif [ -z "$socket" ]; then find_socket; fi

# Use the program that was installed with this script, even if the script is called through a link.
here=$(readlink -f -- "$0")
here=${here%/*}
program=${here%/*}/fleet/mosaic
if [ ! -x "$program" ]; then
    beside=$program
    program=$(command -v mosaic) || {
        printf 'agent-send.sh: error: cannot find %s or mosaic on PATH: run mosaic fleet install\n' "$beside" >&2
        exit "$NO_PROGRAM"
    }
fi

set -- agent send --tmux-socket "$socket" --tmux-target "$target" --without-prompt
[ -z "$host" ] || set -- "$@" --host "$host"
[ -z "$host_label" ] || set -- "$@" --host-label "$host_label"
[ -z "$source_label" ] || set -- "$@" --source-label "$source_label"
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
