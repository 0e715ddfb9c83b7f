# Sourced by the scripts here: where things live, and how they are built once. Nothing is written to this folder.

INTEROP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${OTM_INTEROP_CACHE:-$HOME/.cache/otm-interop}
BIN=$CACHE/bin
VENV=$CACHE/venv

# Prometheus names this version in its User-Agent; it is that of tools/go.mod (v0.312.0 is 3.12.0).
LDFLAGS='-s -w -X github.com/prometheus/common/version.Version=3.12.0'

say() { echo "interop: $*" >&2; }
die() { say "$*"; exit 1; }

hash_of() { cat "$@" | sha256sum | cut -c1-16; }

# is_built NAME HASH: whether NAME was built from the inputs that hash to HASH.
is_built() { [ "$(cat "$CACHE/$1.stamp" 2>/dev/null)" = "$2" ]; }

mark_built() { echo "$2" >"$CACHE/$1.stamp"; }

# one_at_a_time: holds the cache's lock until this script ends.
one_at_a_time() {
    mkdir -p "$CACHE"
    exec 9>"$CACHE/lock"
    flock 9
}

# build_go NAME PACKAGE...: builds the packages of tools/ into $BIN unless these sources were built already.
# The tag leaves Prometheus' service discoveries of clouds out.
build_go() {
    local name=$1 hash
    shift
    hash=$(hash_of "$INTEROP"/common.sh "$INTEROP"/tools/go.mod "$INTEROP"/tools/go.sum "$INTEROP"/tools/*/main.go)
    if is_built "$name" "$hash"; then return; fi
    say "building $name (the first build takes minutes)"
    mkdir -p "$BIN"
    (cd "$INTEROP/tools" && go build -mod=readonly -buildvcs=false -trimpath -ldflags="$LDFLAGS" -tags remove_all_sd \
        -o "$BIN/" "$@")
    mark_built "$name" "$hash"
}

# build_godriver: the driver of tests/difftest. The flag lets it set the clock of the Go SDK.
build_godriver() {
    local source=$INTEROP/../difftest/godriver hash
    hash=$(hash_of "$INTEROP/common.sh" "$source"/*)
    if is_built godriver "$hash"; then return; fi
    say "building the Go SDK's driver"
    mkdir -p "$BIN"
    (cd "$source" && go build -mod=readonly -buildvcs=false -trimpath -ldflags=-checklinkname=0 -o "$BIN/godriver" .)
    mark_built godriver "$hash"
}

# make_venv: the Python environment of requirements.txt.
make_venv() {
    local hash
    hash=$(hash_of "$INTEROP/requirements.txt")
    if is_built venv "$hash"; then return; fi
    say "making the Python environment"
    rm -rf "$VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check --requirement "$INTEROP/requirements.txt"
    mark_built venv "$hash"
}

# unpack_debian: Debian's Prometheus, unpacked into the cache: installed, it would start a server of its own.
unpack_debian() {
    if is_built debian 1; then return; fi
    say "fetching Debian's prometheus"
    rm -rf "$CACHE/debian"
    mkdir -p "$CACHE/debian"
    (cd "$CACHE/debian" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb)
    mark_built debian 1
}
