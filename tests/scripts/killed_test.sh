#!/bin/sh
# Kills a run at random moments, lets it go on, and compares its end with that of one that nobody killed, byte by byte:
# sh killed_test.sh PROGRAM [KILLS]
set -eu

program=$1
kills=${2:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$program" "$work/whole.state" "$work/whole"

random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }

killed=0
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
    rm "$work/end"
done
echo "killed $killed times in $runs runs: each ended in the same bits"
