#!/bin/sh
# Kills a rank of two and of four with SIGKILL, in each phase of a run and at any moment: all ranks end within seconds, with a code
# that is not 0; from what was saved last the run goes on to the end that one has that nobody killed, byte by byte; with another
# number of ranks, to its end; and the next save leaves nothing beside the file.
# sh distributed_killed_test.sh KILLS MPIEXEC... PROGRAM, where MPIEXEC... is all of the command before the number of ranks;
# 20 kills go through each phase three times.
set -eu

kills=$1
shift
launcher=
for word in "$@"; do
    launcher="$launcher ${program:-}"
    program=$word
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    cat "$work/errors"
    exit 1
}
# `random COUNT`: from 0 to COUNT - 1
random() { echo $(($(od -An -N4 -tu4 /dev/urandom) % $1)); }
# Not one that has ended and that nobody has asked for its code yet.
is_running() { kill -0 "$1" 2>/dev/null && ! grep -qs '^State:.*Z' "/proc/$1/status"; }
# `are_gone RANKS STATE`: all have begun, and ended
are_gone() {
    of=$1
    for number in "$2".*.pid; do
        [ -s "$number" ] || continue
        ! is_running "$(cat "$number")" || return 1
        of=$((of - 1))
    done
    [ "$of" -eq 0 ]
}
# `start RANKS STATE RESULT [PHASE RANK TIME MICROSECONDS]`. `stuck` says whether the launcher was still there a quarter of a minute
# after all ranks had gone: Open MPI 4.1.4's waits for itself now and then, where a rank is killed that is about to connect to it.
start() {
    ranks=$1
    shift
    rm -f "$1".*.pid
    # shellcheck disable=SC2086 # a list of words
    timeout -k 5 120 $launcher "$ranks" "$program" "$@" >"$work/errors" 2>&1 &
    child=$!
    stuck=no alone=0
    while [ -e "/proc/$child/status" ] && is_running "$child"; do
        sleep 0.25
        if are_gone "$ranks" "$1"; then alone=$((alone + 1)); else alone=0; fi
        if [ "$alone" -eq 60 ]; then
            stuck=yes
            kill "$child"
        fi
    done
    wait "$child"
}
# `go_on RANKS STATE`: to the end
go_on() {
    rm -f "$work/end"
    start "$1" "$2" "$work/end" || fail "$1 ranks ended with $? where $done_so_far"
    [ -s "$work/end" ] || fail "$1 ranks came to no end where $done_so_far"
    for left in "$2".saving*; do [ ! -e "$left" ] || fail "$left is left where $done_so_far"; done
}

done_so_far="nobody was killed"
for count in 2 4; do
    rm -f "$work"/whole.state*
    go_on "$count" "$work/whole.state"
    mv "$work/end" "$work/whole.$count"
done

state=$work/run.state
killed=0 launchers=0 count=2 ranks_before=0
turn=$(random 7)
while [ "$killed" -lt "$kills" ]; do
    turn=$((turn + 1))
    time=1
    case $((turn % 7)) in
        0) phase=start longest=300000 ;;
        1) phase=start longest=3000000 ;;   # any moment
        2) phase=broadcast longest=3000 ;;
        3) phase=step longest=2000 time=$(($(random 40) + 1)) ;;
        4) phase=save longest=3000 time=$(($(random 40) + 1)) ;;
        5) phase=evaluation longest=1000 time=$(($(random 5) + 1)) ;;
        6) phase=end longest=3000 ;;
    esac
    # From the beginning, or once more from where the last kill has left it.
    if [ "$ranks_before" -ne "$count" ] || [ "$(random 2)" = 0 ]; then rm -f "$state"*; fi
    ranks_before=$count
    set -- "$phase" "$(random "$count")" "$time" "$(random "$longest")"
    begin=$(date +%s)
    result=0
    start "$count" "$state" "$work/end" "$@" || result=$?
    took=$(($(date +%s) - begin))
    done_so_far="of $count ranks one was killed: $*"
    if [ "$result" -eq 0 ]; then   # it had come to its end before
        cmp "$work/whole.$count" "$work/end" || fail "the end differs where nobody was killed"
        rm -f "$state"*
        continue
    fi
    killed=$((killed + 1))
    if [ "$stuck" = yes ]; then
        [ "$phase" = start ] || fail "the launcher does not end where $done_so_far"
        launchers=$((launchers + 1))
    fi
    [ "$took" -le 60 ] || fail "the ranks took $took s to end where $done_so_far"
    for number in "$state".*.pid; do
        [ -s "$number" ] || continue
        for second in 1 2 3 4 5 6 7 8 9 10 still; do
            is_running "$(cat "$number")" || break
            [ "$second" != still ] || fail "a rank still runs where $done_so_far"
            sleep 1
        done
    done
    for copy in same other; do
        saved=
        rm -f "$work/$copy".state*
        for file in "$state" "$state".saving*; do
            [ ! -e "$file" ] || { cp "$file" "$work/$copy.${file##*/run.}"; saved="$saved ${file##*/run.}"; }
        done
    done
    go_on "$count" "$work/same.state"
    cmp "$work/whole.$count" "$work/end" || fail "the end differs where $done_so_far"
    other=$((($(random 3) + count) % 4 + 1))
    go_on "$other" "$work/other.state"
    echo "$done_so_far us; code $result; there was${saved:- nothing}; $count and $other ranks went on"
    count=$((6 - count))
done
echo "killed $killed times: no rank hung, each run ended in the same bits, and other numbers of ranks went on;" \
    "the launcher itself had to be ended $launchers times"
