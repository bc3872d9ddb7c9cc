#!/bin/sh
# Installs what is missing, builds the tests and runs them all.
set -eu

program=tests/run.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/lib.sh"

usage() {
    cat <<'END'
usage: sh tests/run.sh [--preset NAME] [--sanitize] [--jobs N] [-- CTEST-ARGUMENT...]

  --preset NAME  dev (the default: every test, warnings are errors), release (this machine's instruction
                 set), compiled (the tests link xgrad::compiled), asan (address and undefined behaviour),
                 tsan (threads)
  --sanitize     then run the tests of the lower layers (core, kernels, autograd, data, io) once more, under the
                 address and undefined-behaviour sanitizers: a part of what --preset asan runs
  --jobs N       how many compilers and tests to run at once
  --             what follows goes to ctest: `-- -R ops` runs the tests whose name holds "ops"
END
}

preset=dev
sanitize=no
jobs=
while [ $# -gt 0 ]; do
    case $1 in
        --preset | --jobs)
            [ $# -ge 2 ] || die "$1 needs a value; see --help"
            if [ "$1" = --preset ]; then preset=$2; else jobs=$2; fi
            shift
            ;;
        --sanitize) sanitize=yes ;;
        --preset=*) preset=${1#*=} ;;
        --jobs=*) jobs=${1#*=} ;;
        -h | --help)
            usage
            exit 0
            ;;
        --)
            shift
            break
            ;;
        *) die "unknown option $1; see --help" ;;
    esac
    shift
done
case $preset in
    dev | release | compiled | asan | tsan) ;;
    *) die "unknown preset $preset: there are dev, release, compiled, asan and tsan" ;;
esac
[ -n "$jobs" ] || jobs=$(default_jobs)
case $jobs in
    *[!0-9]* | 0) die "--jobs takes a number from 1 on, not $jobs" ;;
esac

# `run_tests PRESET [CTEST-ARGUMENT...]`
run_tests() {
    tested=$1
    shift
    say "testing (preset $tested)"
    (cd "$root" && ctest --preset "$tested" --parallel "$jobs" "$@" </dev/null) ||
        die "a test failed: its output is above. \`sh tests/run.sh --preset $tested -- -R NAME\` runs it alone"
}

packages="doctest-dev libeigen3-dev libdlpack-dev libstb-dev"
[ "$preset" = tsan ] || has_mpi || packages="$packages libopenmpi-dev openmpi-bin"
[ "$preset" != compiled ] || packages="$packages qemu-user"   # for the processors that this machine is not
# shellcheck disable=SC2086 # a list of names
need_build_tools $packages
configure "$preset"
build "$preset" "$jobs"
run_tests "$preset" "$@"
if [ "$sanitize" = yes ]; then
    configure asan
    build asan "$jobs" --target test_core test_kernels test_autograd test_data test_io
    run_tests asan -R '^(core|kernels|autograd|data|io)/'
fi
