#!/bin/sh
# What benchmarks/run.sh says to options that it cannot take, before it installs or builds anything: sh benchmarks_test.sh
set -eu

root=$(CDPATH="" cd -- "$(dirname -- "$0")/../.." && pwd -P)

# refuses SENTENCE OPTION...
refuses() {
    expected="benchmarks/run.sh: $1"
    shift
    if said=$(sh "$root/benchmarks/run.sh" "$@" 2>&1); then
        echo "FAILED: it took $*"
        exit 1
    fi
    case $said in
        "$expected"*) ;;
        *)
            printf 'FAILED: to %s it said\n%s\nand not\n%s\n' "$*" "$said" "$expected"
            exit 1
            ;;
    esac
}

refuses "unknown option --all; see --help" --all
refuses "--only needs a value; see --help" --only
refuses "--only: no family is called windos; there are networks," --only=windows,windos
refuses "--isa takes native, avx512, avx2 or sse4, not mmx; see --help" --isa mmx
refuses "--jobs takes a number from 1 on, not many" --jobs many
refuses "--write wants the whole table, measured in full: leave out --only, --filter and --quick" --write --only windows
refuses "--write wants the peers: leave out --no-peers" --write --no-peers

sh "$root/benchmarks/run.sh" --help | grep -q '^usage: '

# It reads its own parts wherever it stands, in a folder with a space as well.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/with a space"
cp -R "$root/benchmarks" "$root/scripts" "$folder/with a space"
elsewhere=$root
root="$folder/with a space"
refuses "--only: no family is called windos; there are networks," --only=windos
refuses "--isa takes native, avx512, avx2 or sse4, not mmx; see --help" --isa mmx
root=$elsewhere

# The help names every family.
for family in $(python3 "$root/benchmarks/families.py"); do
    sh "$root/benchmarks/run.sh" --help | grep -q "$family" || {
        echo "FAILED: the help does not name the family $family"
        exit 1
    }
done
