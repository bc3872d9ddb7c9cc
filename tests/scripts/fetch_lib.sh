# What the tests of scripts that fetch files share: a cache and a PATH of their own, without network. Sourced, POSIX sh, with the
# tools in $tools, and with the programs that are played in $played.

root=$(CDPATH="" cd -- "$(dirname -- "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cases=0
export XDG_CACHE_HOME="$work/the cache" TMPDIR="$work/tmp"

mkdir "$work/bin" "$work/tmp"
for tool in sh cat cp cut dirname gzip id mkdir mktemp mv rm sha256sum tar touch $tools; do
    ln -s "$(command -v "$tool")" "$work/bin/$tool"
done

# `play NAME` makes a program NAME out of what it reads.
play() {
    { echo "#!$(command -v sh)"; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# Nothing is in the cache, nor played, and the folder data is empty.
fresh() {
    rm -rf "$XDG_CACHE_HOME" "$work/data"
    mkdir "$work/data"
    for each in $played; do rm -f "$work/bin/$each"; done
}

failed() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n--- stdout\n%s\n--- stderr\n%s\n---\n' "$1" "$out" "$(cat "$work/stderr")"
}

run() {
    cases=$((cases + 1))
    out=$(PATH="$work/bin" "$@" 2>"$work/stderr" </dev/null)
    status=$?
    if [ -n "$(ls "$work/tmp")" ]; then failed "$* left its work behind"; fi
}

# `refuses WORDS COMMAND...`: fails with one sentence that holds WORDS, prints no place, leaves no debris.
refuses() {
    words=$1
    shift
    run "$@"
    if [ "$status" -eq 0 ] || [ -n "$out" ]; then failed "$* should have failed"; fi
    grep -qF -- "$words" "$work/stderr" || failed "$* did not say \"$words\""
    left=$(find "$XDG_CACHE_HOME" -type f -o -name '.partial*' 2>/dev/null)
    if [ -n "$left" ]; then failed "$* left something in the cache"; fi
}

# `gives PLACE COMMAND...`: goes well and prints PLACE.
gives() {
    wanted=$1
    shift
    run "$@"
    if [ "$status" -ne 0 ] || [ "$out" != "$wanted" ]; then failed "$* should have printed $wanted"; fi
}

# The last line of a test.
count_failures() {
    echo "$cases runs, $failures failures"
    [ "$failures" -eq 0 ]
}
