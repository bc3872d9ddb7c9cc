#!/bin/sh
# Installs what is missing, builds the MNIST example for this machine, gets the data, and trains.
# The arguments go to the program: `sh examples/mnist/run.sh --help` shows them.
set -eu

program=examples/mnist/run.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/../.." && pwd -P)
. "$root/scripts/lib.sh"

# What the arguments say about the data; they stay as they are.
help=
dataset=mnist
data=
previous=
for argument; do
    case $previous in
        --data) data=$argument ;;
        --dataset) dataset=$argument ;;
    esac
    case $argument in
        --data=*) data=${argument#*=} ;;
        --dataset=*) dataset=${argument#*=} ;;
        --help | -h) help=yes ;;
    esac
    previous=$argument
done
case $previous in
    --data | --dataset) die "$previous needs a value; see --help" ;;
esac

need_build_tools
configure release -DXGRAD_BUILD_TESTS=OFF
build release "$(default_jobs)" --target mnist

mnist=$root/build/release/examples/mnist/mnist
if [ -n "$help" ]; then exec "$mnist" --help; fi

if [ -n "$data" ]; then
    folder=$(sh "$root/examples/mnist/fetch.sh" --dataset "$dataset" --data "$data") || exit 1
else
    folder=$(sh "$root/examples/mnist/fetch.sh" --dataset "$dataset") || exit 1
fi

# The last --data counts: the folder that fetch.sh has checked.
say "running $mnist"
exec "$mnist" "$@" --data "$folder"
