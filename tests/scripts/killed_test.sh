#!/bin/sh
# Kills a run at random moments, lets it go on, and compares its end with that of one that nobody killed, byte by byte; of the
# files that it was writing when it was killed, none may be left: sh killed_test.sh PROGRAM [KILLS]
set -eu

program=$1
kills=${2:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$program" "$work/whole.state" "$work/whole"

random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }

killed=0
halves=0
runs=0
while [ "$killed" -lt "$kills" ]; do
    rm -f "$work"/run.state*
    longest=400
    while :; do
        # A time within which the program begins, and longer after each kill: a slow machine comes to the end, too.
        "$program" "$work/run.state" "$work/end" 2>"$work/errors" &
        child=$!
        moment=$(($(random) % longest))
        longest=$((longest + 20))
        sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
        kill -9 "$child" 2>/dev/null || :
        result=0
        wait "$child" 2>/dev/null || result=$?
        if [ "$result" -eq 137 ]; then
            killed=$((killed + 1))
            if [ -n "$(find "$work" -name 'run.state.*')" ]; then halves=$((halves + 1)); fi
        elif [ "$result" -eq 0 ]; then
            break
        else
            echo "FAILED: after $killed kills the run ended with $result:"
            cat "$work/errors"
            exit 1
        fi
    done
    runs=$((runs + 1))
    cmp "$work/whole" "$work/end" || {
        echo "FAILED: after $killed kills the end differs"
        exit 1
    }
    if [ -n "$(find "$work" -name 'run.state.*' -o -name 'end.*')" ]; then
        echo "FAILED: after $killed kills there is more than the state and the end:"
        ls "$work"
        exit 1
    fi
    rm "$work/end"
done
echo "killed $killed times in $runs runs, after $halves kills there was a file that was not complete: each ended in the same bits, and nothing is left"
