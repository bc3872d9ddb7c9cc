#!/bin/sh
# Installs what is missing, builds the tests and runs them all.
set -eu

program=tests/run.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/lib.sh"

usage() {
    cat <<'END'
usage: sh tests/run.sh [--preset NAME] [--jobs N] [-- CTEST-ARGUMENT...]

  --preset NAME  dev (the default: every test, warnings are errors), release (this machine's instruction
                 set), compiled (the tests link xgrad::compiled), asan (address and undefined behaviour),
                 tsan (threads)
  --jobs N       how many compilers and tests to run at once
  --             what follows goes to ctest: `-- -R ops` runs the tests whose name holds "ops"
END
}

preset=dev
jobs=
while [ $# -gt 0 ]; do
    case $1 in
        --preset | --jobs)
            [ $# -ge 2 ] || die "$1 needs a value; see --help"
            if [ "$1" = --preset ]; then preset=$2; else jobs=$2; fi
            shift
            ;;
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

if [ "$preset" = compiled ]; then
    need_build_tools doctest-dev qemu-user   # for the processors that this machine is not
else
    need_build_tools doctest-dev
fi
configure "$preset"
build "$preset" "$jobs"
say "testing (preset $preset)"
status=0
(cd "$root" && ctest --preset "$preset" --parallel "$jobs" "$@" </dev/null) || status=$?
if [ "$status" -ne 0 ]; then
    die "a test failed: its output is above. \`sh tests/run.sh --preset $preset -- -R NAME\` runs it alone"
fi
