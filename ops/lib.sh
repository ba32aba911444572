# What the commands of this folder share: saying what they do, and installing what is missing. Sourced, not run.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "this needs root or sudo: $*"
    fi
}

# Installs the Debian packages that are not there yet.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return 0
    say "Installing Debian packages: ${missing[*]}"
    root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # Debian would start a server of its own beside the packages; ours is private.
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then
        root mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] ||
            echo 'create_main_cluster = false' | root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
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

need_everything() {
    need_packages libssl-dev libargon2-dev libpq-dev postgresql pkg-config ca-certificates "$@"
    need_swift
}

# Builds quietly; what the compiler said is shown when it failed.
build() {
    local log
    log=$(mktemp)
    if ! swift build "$@" >"$log" 2>&1; then
        cat "$log" >&2
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
