#!/usr/bin/env bash
# VictoriaMetrics 1.79.5 answers an instant query with the sample of 30 seconds ago, under the timestamp of now.
#
# `-search.latencyOffset` is known from range queries, where the newest points repeat. An instant query is evaluated
# earlier too, and its answer is then stamped with the time that was asked for. Neither the timestamp of the answer nor
# a query shows that: `time()` is as late as the samples, so `time() - timestamp(m)` reports fresh data. An explicit
# `time` of less than 30 seconds ago is also moved back. A range selector alone (`m[3s]`) is not, and `nocache=1` turns
# the offset off, although it is named after the cache. The argument `latency_offset` of later versions is accepted and
# ignored. A test that reads a sample right after it was written must use `nocache=1` or lower the flag.
#
# Exit codes: 0 as described, 1 otherwise, 69 if a package or curl is not available.
set -euo pipefail

work=$(mktemp -d)
server=
clean_up() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        for _ in {1..50}; do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

unavailable() { printf 'unavailable: %s\n' "$*" >&2; exit 69; }

command -v curl >/dev/null || unavailable curl
# The mirror from which the system itself installs packages.
# shellcheck disable=SC2016 # apt expands it.
mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | awk '!/security/ && !n++') ||
    unavailable 'apt-get cannot list the sources of the system'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# install SUITE PACKAGE...: unpacks the packages in $work/root.
install() {
    local suite=$1 apt=$work/apt archive
    shift
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,downloads} "$work/root"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$apt/sources.list"
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
    (
        cd "$apt/downloads" &&
            timeout 120 apt-get -c "$apt/apt.conf" -qq update &&
            timeout 120 apt-get -c "$apt/apt.conf" -qq download "$@"
    ) >"$apt/log" || unavailable "$* of Debian $suite"
    for archive in "$apt"/downloads/*.deb; do dpkg-deb -x "$archive" "$work/root"; done
}

# victoria_metrics ARGUMENT...: replaces the shell with the program, run with the C library of its release.
victoria_metrics() {
    local loader
    loader=$(find "$work/root" -type f -name 'ld-linux*.so.*' -print -quit)
    GOMAXPROCS=1 exec "$loader" --library-path "${loader%/*}:$work/root/usr/lib/$(basename "${loader%/*}")" \
        "$work/root/usr/bin/victoria-metrics" "$@"
}

# wait_for COMMAND...: until the command succeeds, for at most 10 seconds.
wait_for() {
    for _ in {1..100}; do
        if "$@"; then return; fi
        sleep 0.1
    done
    printf 'not seen within 10 seconds: %s\n' "$*" >&2
    cat "$work/log" >&2
    exit 1
}

# find_port: sets `port` to the one that the kernel chose, read from the table of listening (0A) sockets.
find_port() {
    local sockets
    sockets=$(find "/proc/$server/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null | tr -cd '0-9 ')
    port=$(awk -v sockets=" $sockets" '$4 == "0A" && index(sockets, " " $10 " ") { sub(/.*:/, "", $2); print $2 }' \
        /proc/net/tcp)
    port=$((16#${port:-0}))
    ((port > 0))
}

get() { curl --noproxy '*' --max-time 10 -fsS "http://127.0.0.1:$port$1" "${@:2}"; }

# query EXPRESSION [ARGUMENT...]: the answer to an instant query.
query() {
    local arguments=() argument
    for argument in "query=$1" "${@:2}"; do arguments+=(--data-urlencode "$argument"); done
    get /api/v1/query --get "${arguments[@]}"
}

# expect_age LEAST MOST EXPRESSION [ARGUMENT...]: prints the answer, and ends the script if its value, a time, is not
# that much earlier than the timestamp of the answer.
expect_age() {
    local least=$1 most=$2 answer timestamp value
    shift 2
    answer=$(query "$@")
    read -r timestamp value < <(sed -nE 's/.*"value":\[([0-9]+)[^,]*,"([0-9]+).*/\1 \2/p' <<<"$answer") ||
        { printf 'no value in the answer to %s: %s\n' "$*" "$answer" >&2; exit 1; }
    report "$least" "$most" "$*" "$timestamp" "$value"
}

# report LEAST MOST QUERY TIMESTAMP VALUE
report() {
    local age=$(($4 - $5))
    printf '  %-30s timestamp %s, value %s: %s s earlier\n' "$3" "$4" "$5" "$age"
    ((age >= $1 && age <= $2)) && return
    printf 'the behaviour is otherwise: expected %s to %s s\n' "$1" "$2" >&2
    exit 1
}

has_samples() { [[ $(query m nocache=1) == *'"value"'* ]]; }

install bookworm victoria-metrics=1.79.5+ds1-2+b5 libzstd1 libc6
# `-version` prints nothing in this build.
echo "victoria-metrics $(dpkg-deb -f "$work"/apt/downloads/victoria-metrics_*.deb Version)"
victoria_metrics -storageDataPath="$work/data" -httpListenAddr=127.0.0.1:0 >"$work/log" 2>&1 &
server=$!
wait_for find_port

# One sample per second, whose value is its own time: from 5 minutes ago to 2 minutes ahead, so that each second in
# which a query may run has one.
now=$(date +%s)
for ((second = now - 300; second <= now + 120; second++)); do
    echo "m $second ${second}000"
done >"$work/samples"
get /api/v1/import/prometheus --data-binary "@$work/samples"
get /internal/force_flush
wait_for has_samples

expect_age 29 31 m
expect_age 29 31 'time()'
expect_age 29 31 'timestamp(m)'
expect_age 29 31 m latency_offset=1ms
expect_age 0 1 m nocache=1
now=$(date +%s)
expect_age 5 10 m "time=$((now - 20))"
expect_age 0 0 m "time=$((now - 50))"

late=$(query 'time() - timestamp(m)' | sed -nE 's/.*"value":\[[^,]*,"([0-9]+)[."].*/\1/p')
printf '  %-30s %s s, as the query sees it\n' 'time() - timestamp(m)' "$late"
[[ $late =~ ^[01]$ ]] || { echo 'the behaviour is otherwise: expected 0 or 1 s' >&2; exit 1; }

newest=$(query 'm[3s]' | sed -nE 's/.*\[[^,]*,"([0-9]+)"\]\].*/\1/p')
report 0 1 'm[3s], its newest sample' "$(date +%s)" "$newest"
echo 'as described'
