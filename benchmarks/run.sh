#!/bin/sh
# Installs and builds the benchmarks and the libraries they compare with, measures, and prints one table.
set -eu

program=benchmarks/run.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/lib.sh"

usage() {
    cat <<'END'
usage: sh benchmarks/run.sh [--isa NAME] [--quick] [--only FAMILIES] [--filter TEXT] [--no-peers] [--write] [--jobs N]

Compares xgrad with LibTorch, ONNX Runtime, OpenBLAS (and LAPACK in it), BLIS, oneDNN, Eigen, libxsmm and pandas: first that all
compute the same, then how long they take, in turns. The machine should be idle.

  --isa NAME     the instruction set that all are held to: native (this machine's, each side as it likes), avx512,
                 avx2, sse4; a peer that cannot be held to it is left out, and named
  --quick        fewer and shorter rounds, for a first look
  --only NAME    one family of cases, or several with commas between them: networks, elementwise, products,
                 operations (reductions, einsum, order, choice), linalg, windows (convolutions, pooling),
                 normalize, attention, layers, resnet50, optimizers, data (MNIST in batches, a CSV file), threads (two by
                 one, on idle and on busy cores), costs (memory, compiling, sizes); and accuracy (training on MNIST until
                 so many test images are right), which takes some ten minutes and is left out unless it is named, or --write
  --filter TEXT  only the cases whose name holds TEXT: training, gelu, conv2d, forward, 2048, offset and gap (products
                 of matrices that are not aligned), ...; bench_xgrad --benchmark_list_tests names them all
  --no-peers     xgrad alone; nothing of the others is installed or built
  --write        writes the figures and their picture into docs/performance.md, in the place of those of this
                 processor and instruction set
  --jobs N       how many compilers to run at once

`build/bench/benchmarks/bench_xgrad --help` is our side alone, with Google Benchmark's options; that of another
instruction set is in build/bench-NAME.
END
}

isa=native
quick=
filter=
only=
peers=yes
write=
jobs=
while [ $# -gt 0 ]; do
    case $1 in
        --filter | --jobs | --isa | --only)
            [ -n "${2:-}" ] || die "$1 needs a value; see --help"
            case $1 in
                --filter) filter=$2 ;;
                --only) only=$2 ;;
                --jobs) jobs=$2 ;;
                --isa) isa=$2 ;;
            esac
            shift
            ;;
        --filter=?*) filter=${1#*=} ;;
        --only=?*) only=${1#*=} ;;
        --isa=?*) isa=${1#*=} ;;
        --quick) quick=yes ;;
        --no-peers) peers= ;;
        --write) write=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "unknown option $1; see --help" ;;
    esac
    shift
done
[ -n "$jobs" ] || jobs=$(default_jobs)
case $jobs in
    *[!0-9]* | 0) die "--jobs takes a number from 1 on, not $jobs" ;;
esac
case $isa in
    native) preset=bench ;;
    avx512 | avx2 | sse4) preset=bench-$isa ;;
    *) die "--isa takes native, avx512, avx2 or sse4, not $isa; see --help" ;;
esac
if [ -n "$write" ] && [ -n "$filter$only$quick" ]; then
    die "--write wants the whole table, measured in full: leave out --only, --filter and --quick"
fi
if [ -n "$write" ] && [ -z "$peers" ]; then die "--write wants the peers: leave out --no-peers"; fi

# ---- what is needed ------------------------------------------------------------------------------------

have python3 || { has_apt && apt_install python3; } || die "python3 is needed to compare and to report; install it, then run this again"
lacking=$(python3 "$root/benchmarks/instruction_sets.py" "$isa" 2>&1) || die "--isa $isa: $lacking"
if [ -n "$only" ]; then
    unknown=$(python3 "$root/benchmarks/families.py" "$only" 2>&1) || die "--only: $unknown"
fi
need_build_tools libbenchmark-dev

onnxruntime=
if [ -n "$peers" ]; then
    missing=
    if has_apt; then
        for package in libtorch-dev libopenblas-dev libblis-dev libdnnl-dev libeigen3-dev libxsmm-dev python3-pandas; do
            has_package "$package" || missing="$missing $package"
        done
        # shellcheck disable=SC2086 # a list of names
        if [ -n "$missing" ]; then apt_install $missing || say "not all of these could be installed:$missing; going on with what is there"; fi
    fi

    # ONNX Runtime comes inside a package for node, as a shared library; no script of the package is run.
    runtime=$root/build/onnxruntime
    find_onnxruntime() {
        case $(uname -m) in
            x86_64) architecture=x64 ;;
            aarch64) architecture=arm64 ;;
            *) architecture=none ;;
        esac
        find "$runtime/node_modules/onnxruntime-node/bin" -path "*/linux/$architecture/libonnxruntime.so.1" 2>/dev/null | head -n 1
    }
    onnxruntime=$(find_onnxruntime)
    if [ -z "$onnxruntime" ]; then
        have npm || { has_apt && apt_install npm; } || true
        if have npm; then
            say "installing onnxruntime-node into build/onnxruntime"
            mkdir -p "$runtime"
            npm install --fetch-retries=1 --ignore-scripts --no-save --no-audit --no-fund --prefix "$runtime" onnxruntime-node </dev/null >/dev/null ||
                say "npm could not install onnxruntime-node; going on without ONNX Runtime"
            onnxruntime=$(find_onnxruntime)
        else
            say "there is no npm to get ONNX Runtime with; going on without it"
        fi
    fi
fi

# ---- build, measure, report ----------------------------------------------------------------------------

configure "$preset" -DXGRAD_BENCHMARK_PEERS="${peers:-no}" -DXGRAD_ONNXRUNTIME="$onnxruntime"
programs=$root/build/$preset/benchmarks
if [ -z "$peers" ]; then rm -f "$programs"/bench_*; fi # those of an earlier run are no longer brought up to date
build "$preset" "$jobs" --target benchmarks

load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo 0)
case $load in
    0.*) ;;
    *) say "the machine is busy (load $load): the figures will suffer" ;;
esac

say "measuring"
rm -f "$programs/results.json"
set -- --programs "$programs" --out "$programs/results.json" --include "$root/include" \
    --isa "$isa" --example "$root/build/$preset/examples/mnist/mnist" --readme "$root/README.md"
[ -z "$quick" ] || set -- "$@" --quick
[ -z "$filter" ] || set -- "$@" --filter "$filter"
[ -z "$only" ] || set -- "$@" --only "$only"
[ -z "$write" ] || set -- "$@" --long
case $write,$only, in
    yes,* | *,accuracy,*)
        if digits=$(sh "$root/examples/mnist/fetch.sh"); then set -- "$@" --digits "$digits"; fi
        ;;
esac
status=0
python3 "$root/benchmarks/compare.py" "$@" </dev/null || status=$?
[ -f "$programs/results.json" ] || die "the comparison ended early; what it said is above"

set -- "$programs/results.json"
[ -z "$write" ] || set -- "$@" --write "$root/docs/performance.md"
python3 "$root/benchmarks/report.py" "$@"
if [ "$status" -ne 0 ]; then die "some cases could not be compared; the table says which and why"; fi
