# Shared by the checks; each sources it first. Sets the working directory to the top of the repository.
set -euo pipefail
check=$(basename "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p target/ci
work=$PWD/target/ci

# The packages that are published.
published=(zuora-core zuora-ureq zuora-reqwest zuora-sandbox zuora-conformance)

# Ends the check, because something that it needs cannot be had on this machine.
cannot() {
    echo "$check cannot be had: $*" >&2
    exit 77
}

# Python 3.11 or newer, under either of its names.
python() {
    local name
    for name in python3 python; do
        if "$name" -c 'import tomllib' >/dev/null 2>&1; then
            "$name" "$@"
            return
        fi
    done
    cannot "Python 3.11 or newer is not installed"
}

# Unpacks packages of Debian into a folder, without installing them.
debian() {
    local folder=$1 downloads
    shift
    [ -f "$folder/.complete" ] && return
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    [ "$(dpkg --print-architecture)" = amd64 ] || return 1
    rm -rf "$folder"
    mkdir -p "$folder"
    downloads=$(mktemp -d)
    chmod 755 "$downloads"
    if ! (cd "$downloads" && apt-get -qq download "$@" >/dev/null 2>&1); then
        (cd "$downloads" && apt-get -qq update >/dev/null 2>&1 && apt-get -qq download "$@" >/dev/null 2>&1) || return 1
    fi
    for package in "$downloads"/*.deb; do dpkg -x "$package" "$folder" || return 1; done
    rm -r "$downloads"
    touch "$folder/.complete"
}

# Sets the variable `old` to a prefix for commands of Rust 1.85: `"${old[@]}" cargo build`.
rust_1_85() {
    if rustup run 1.85 cargo --version >/dev/null 2>&1; then
        old=(rustup run 1.85)
        return
    fi
    local version=1.85.0+dfsg3-1~deb12u3 root=$work/rust-1.85
    debian "$root" {rustc-web,cargo-web,libstd-rust-web-dev,libstd-rust-web-1.85,rust-web-src}="$version" \
        libllvm19 libpcre3 libhttp-parser2.9 || return 1
    # The archive links the library's source by an absolute path.
    ln -sfn ../../../src/rustc-1.85.0 "$root/usr/lib/rustlib/src/rust"
    old=(env "PATH=$root/usr/bin:$PATH" "RUSTC=$root/usr/bin/rustc" "RUSTDOC=$root/usr/bin/rustdoc"
        "LD_LIBRARY_PATH=$root/usr/lib:$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu")
    "${old[@]}" rustc --version >/dev/null 2>&1
}

# Copies the files of the repository, also those that are not committed yet, into an empty folder.
copy_tree() {
    mkdir -p "$1"
    find "$1" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
    git ls-files -z --cached --others --exclude-standard --deduplicate |
        while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done |
        tar -c --null -T - | tar -x -C "$1"
}
