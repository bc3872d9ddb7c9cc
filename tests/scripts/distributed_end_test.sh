#!/bin/sh
# However a rank ends, the others end within seconds, with a code that is not 0 and with its text.
# sh distributed_end_test.sh MPIEXEC... PROGRAM, where MPIEXEC... is all of the command that starts it
set -eu

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

# `try WAY CODE TEXT COMMAND...`: CODE is 0 or other.
try() {
    way=$1 code=$2 text=$3
    shift 3
    result=0
    begin=$(date +%s)
    timeout -k 5 60 "$@" "$way" >"$errors" 2>&1 || result=$?
    wrong=
    if [ "$code" = 0 ]; then
        [ "$result" -eq 0 ] || wrong="ended with $result"
    elif [ "$result" -eq 0 ]; then
        wrong="ended with 0"
    fi
    [ $(($(date +%s) - begin)) -lt 60 ] || wrong="hung"
    [ -z "$text" ] || grep -q "$text" "$errors" || wrong="$wrong; does not say \"$text\""
    [ -z "$wrong" ] || {
        echo "FAILED: $way: $wrong"
        cat "$errors"
        exit 1
    }
}
try well 0 '' "$@"
try throw other 'ends the run: the reason of rank' "$@"
try caught_throw other 'caught: the reason of rank' "$@"
try in_pass other 'ends the run: the reason of a hook' "$@"
try exit other 'the program has ended by exit() in the scope of distributed::world' "$@"
try abort other '' "$@"
try segv other '' "$@"
try thread other 'ends the run: the reason of a thread' "$@"
try another_thread other 'ends the run: the reason of another thread' "$@"
try quick_exit other 'the program has ended by exit()' "$@"
try term other '' "$@"
try int other '' "$@"
try other_network other 'rank 0 is at backward, rank . at backward of another network' "$@"
try early other 'at backward, rank . at the end of its world' "$@"

# The launcher hears of it, as from a terminal or from a queue. Its code is its own affair: MPICH's is 0 now and then.
for signal in INT TERM; do
    "$@" signal_to_all >"$errors" 2>&1 &
    child=$!
    sleep 2
    begin=$(date +%s)
    kill -s "$signal" "$child"
    result=0
    wait "$child" || result=$?
    took=$(($(date +%s) - begin))
    if [ "$took" -ge 20 ]; then
        echo "FAILED: SIG$signal to the launcher: ended with $result after $took s"
        cat "$errors"
        exit 1
    fi
done
echo "ranks that end in sixteen ways kept nobody waiting"
