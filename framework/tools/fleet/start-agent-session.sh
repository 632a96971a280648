#!/bin/sh
# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.
#
# Starts an agent with the argument and the variables of the older start-agent-session.sh. It calls the program
# start-agent-session beside it, which never starts a second heartbeat writer for an agent.
set -eu

self=$(readlink -f -- "$0")
exec "${self%/*}/start-agent-session" "$@"
