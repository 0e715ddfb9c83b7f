# What the scripts share. Sourced by them, with the project's folder as the working directory:
#
#   . "$(dirname "$0")/lib.sh"

set -eu
cd "$(dirname "$0")/.."

PACKAGES="build-essential cmake ninja-build pkg-config libcurl4-openssl-dev libprotobuf-c-dev protobuf-c-compiler
libjansson-dev libcmocka-dev libmicrohttpd-dev zlib1g-dev python3 curl gzip"
LOGS=build/logs

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# run_quietly TEXT LOG COMMAND...: shows TEXT, dots while it runs, and how long it took; the log only on failure.
run_quietly() {
    text=$1 log=$LOGS/$2
    shift 2
    mkdir -p "$LOGS"
    printf '%s ' "$text"
    began=$(date +%s)
    "$@" >"$log" 2>&1 </dev/null &
    running=$!
    ticks=0
    while kill -0 "$running" 2>/dev/null; do
        sleep 0.2
        ticks=$((ticks + 1))
        [ $((ticks % 25)) -ne 0 ] || printf '.'
    done
    result=0
    wait "$running" || result=$?
    if [ "$result" -eq 0 ]; then
        say "done ($(($(date +%s) - began)) s)"
    else
        say "FAILED (log: $log)"
        tail -n 40 "$log"
    fi
    return "$result"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "neither root nor sudo: cannot run $*"
        return 1
    fi
}

# install_packages PACKAGE...: refreshes the package lists only if they do not know a package.
install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get install -y -q --no-install-recommends "$@" || {
        as_root apt-get update -q && as_root apt-get install -y -q --no-install-recommends "$@"
    }
}

# ensure_packages [PACKAGE...]: installs what is missing of PACKAGES and the packages named.
ensure_packages() {
    command -v dpkg-query >/dev/null || return 0 # not Debian: configuring will name what is missing
    missing=""
    for package in $PACKAGES "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -z "$missing" ] || run_quietly "Installing$missing" packages.log install_packages $missing
}

configure_and_build() {
    cmake --preset "$1" && cmake --build --preset "$1"
}

# build_preset PRESET: configures and builds one of the presets of CMakePresets.json.
build_preset() {
    run_quietly "Building $1" "build-$1.log" configure_and_build "$1"
}

# build_release: the build in build/, which programs are run from.
build_release() {
    build_preset release
}
