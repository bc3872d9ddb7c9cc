#!/bin/sh
# Finds the yearly numbers of sunspots from 1700 to 2008, or gets them out of Debian's package python3-statsmodels, and prints
# where they are. National Geophysical Data Center; public domain.
set -eu

program=examples/fetch_sunspots.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/lib.sh"

debian_file "${XGRAD_SUNSPOTS:-}" python3-statsmodels /usr/lib/python3/dist-packages/statsmodels/datasets/sunspots/sunspots.csv \
    f67889b1d9002cd5227f0e0ef54e35b419cdd85a31279adef6f73fb41e5c0a9b
