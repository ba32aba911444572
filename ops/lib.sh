# What the commands of this folder share: saying what they do, and installing what is missing. Sourced, not run.

# Bold where somebody looks, plain where it is kept.
if [ -t 2 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold= plain=; fi
say() { printf '%s\n' "$bold==> $*$plain" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What makes us root: nothing when we are, else `sudo`, which asks for a password only where somebody can type one.
if [ "$(id -u)" = 0 ]; then as_root=(); elif [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
root() { "${as_root[@]}" "$@"; }

# Installs the Debian packages that are not there yet.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return 0
    command -v apt-get >/dev/null || die "install these first, under the names that your system has for them: ${missing[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "as root, install these first: apt-get install ${missing[*]}"
    say "Installing Debian packages: ${missing[*]}"
    root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null || die "the lists of packages could not be read"
    # Debian would start a server of its own beside the packages; ours is private.
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then
        root mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] ||
            echo 'create_main_cluster = false' | root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    local log
    log=$(mktemp)
    if ! root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "these packages could not be installed: ${missing[*]}"
    fi
    rm -f "$log"
}

# Finds the Swift toolchain, also where it was unpacked without being put on the PATH.
need_swift() {
    command -v swift >/dev/null || PATH="/opt/swift/usr/bin:/usr/local/swift/usr/bin:$PATH"
    command -v swift >/dev/null || die "the Swift 6.3 toolchain is not on the PATH; see https://www.swift.org/install/linux/"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    case "$version" in
        6.[2-9]* | 6.1[0-9]* | [7-9].*) ;;
        *) die "Swift 6.2 or later is needed, this is '${version:-unknown}'" ;;
    esac
}

# What the toolchain itself needs to run and to link, then what the server is made of.
need_everything() {
    need_packages binutils libc6-dev libstdc++-12-dev libncurses6 \
        libssl-dev libargon2-dev libpq-dev postgresql pkg-config ca-certificates tzdata "$@"
    need_swift
}

# Builds quietly; what the compiler said is shown when it failed.
build() {
    local log
    log=$(mktemp)
    if ! swift build "$@" >"$log" 2>&1 </dev/null; then
        # The errors, or everything where none is marked as such.
        grep -E -A 12 '(^|: )error: ' "$log" >&2 || cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# How a release is built, here once: other flags for another product would compile everything anew. With the standard library inside, the
# program starts in half the time and needs no toolchain where it runs.
release_flags=(-c release --static-swift-stdlib)

build_release() {
    say "Building for release (minutes the first time, seconds afterwards)"
    build "${release_flags[@]}" --product insula || die "the build failed"
}

# Other people's implementations, by which tests check ours, in a virtual environment of our own. Where PyPI can't be reached those tests
# are skipped, and say so.
need_checkers() {
    local place=.build/python
    "$place/bin/python" -c 'import croniter, jwt, mcp, pyotp, websockets' 2>/dev/null && return 0
    say "Installing croniter, mcp, pyotp, PyJWT and websockets into $place"
    rm -rf "$place"
    mkdir -p .build
    if ! { python3 -m venv "$place" && timeout 180 "$place/bin/pip" install -q --disable-pip-version-check croniter 'mcp>=2' pyotp 'PyJWT[crypto]' websockets; } \
        >"$place.log" 2>&1 </dev/null; then
        say "They could not be installed (see $place.log): the tests that need them are skipped"
        rm -rf "$place"
    fi
}
