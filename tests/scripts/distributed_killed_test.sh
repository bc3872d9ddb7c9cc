#!/bin/sh
# Kills a rank at random moments: the others end within seconds, with a code that is not 0, and the run goes on to the end that one
# has that nobody killed, byte by byte; with another number of ranks, to its end.
# sh distributed_killed_test.sh KILLS MPIEXEC... PROGRAM, where MPIEXEC... is all of the command before the number of ranks
set -eu

kills=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# `start RANKS STATE RESULT ARGUMENT...`
start() {
    ranks=$1 state=$2 result=$3
    shift 3
    # The last of the arguments is the program.
    launcher=
    for word in "$@"; do
        [ -z "${last:-}" ] || launcher="$launcher $last"
        last=$word
    done
    program=$last
    last=
    # shellcheck disable=SC2086 # a list of words
    timeout -k 5 120 $launcher "$ranks" "$program" "$state" "$result"
}
fail() {
    echo "FAILED: $*"
    cat "$work/errors"
    exit 1
}
random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }

start 2 "$work/whole.state" "$work/whole" "$@" >"$work/errors" 2>&1 || fail "the whole run ended with $?"

killed=0
while [ "$killed" -lt "$kills" ]; do
    rm -f "$work"/run.state* "$work/end"
    longest=1500
    while :; do
        rm -f "$work"/run.state.*.pid
        start 2 "$work/run.state" "$work/end" "$@" >"$work/errors" 2>&1 &
        child=$!
        moment=$(($(random) % longest))
        longest=$((longest + 100))
        sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
        victim=$work/run.state.$(($(random) % 2)).pid
        hit=no
        if [ -s "$victim" ]; then kill -9 "$(cat "$victim")" 2>/dev/null && hit=yes; fi
        begin=$(date +%s)
        result=0
        wait "$child" 2>/dev/null || result=$?
        took=$(($(date +%s) - begin))
        if [ "$result" -eq 0 ]; then break; fi
        [ "$hit" = yes ] || fail "a run that nobody killed ended with $result"
        [ "$took" -le 30 ] || fail "the other rank took $took s to end"
        killed=$((killed + 1))
    done
    cmp "$work/whole" "$work/end" || fail "after $killed kills the end differs"
done

# What two ranks began, one, three and four end.
for ranks in 1 3 4; do
    cp "$work/run.state" "$work/other.state"
    rm -f "$work"/run.state* "$work/other"
    start 2 "$work/run.state" "$work/end" "$@" >"$work/errors" 2>&1 &
    child=$!
    while [ ! -s "$work/run.state" ] && kill -0 "$child" 2>/dev/null; do sleep 0.05; done
    cp "$work/run.state" "$work/other.state" || fail "there is no state to go on from"
    wait "$child" || fail "the run ended with $?"
    start "$ranks" "$work/other.state" "$work/other" "$@" >"$work/errors" 2>&1 || fail "$ranks ranks ended with $?"
    [ -s "$work/other" ] || fail "$ranks ranks came to no end"
done
echo "killed $killed times: none hung, each run ended in the same bits, and other numbers of ranks went on"
