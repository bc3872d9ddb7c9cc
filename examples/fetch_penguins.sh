#!/bin/sh
# Finds the table of the Palmer penguins, or gets it out of Debian's package r-cran-palmerpenguins, and prints where it is.
# A. M. Horst, A. P. Hill, K. B. Gorman, "palmerpenguins: Palmer Archipelago (Antarctica) penguin data", 2020; CC0.
set -eu

program=examples/fetch_penguins.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/lib.sh"

debian_file "${XGRAD_PENGUINS:-}" r-cran-palmerpenguins /usr/lib/R/site-library/palmerpenguins/extdata/penguins.csv \
    f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93
