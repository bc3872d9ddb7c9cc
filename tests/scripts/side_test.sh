#!/bin/sh
# Whether the sides of the benchmarks' comparison exchange outcomes in a folder whose name has a space: sh side_test.sh PROGRAM
set -eu

program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/a  folder"
outcome="$work/a  folder/the outcome"

answers=$(printf 'write one %s\ncompare one %s\nwrite one %s\n' "$outcome" "$outcome" "$work/nowhere/x" | "$program" --serve)
[ -s "$outcome" ] || {
    echo "FAILED: nothing was written to $outcome"
    exit 1
}
expected="ok
ok 0 x
error cannot write $work/nowhere/x"
[ "$(printf '%s\n' "$answers" | sed 's/ *$//')" = "$expected" ] || {
    printf 'FAILED: the answers were\n%s\nand not\n%s\n' "$answers" "$expected"
    exit 1
}
