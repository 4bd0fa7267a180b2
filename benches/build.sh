#!/usr/bin/env bash
# Crates, clean build times and code size, in a separate target directory. Prints a table.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
export CARGO_TARGET_DIR=$target CARGO_INCREMENTAL=0

crates() { cargo tree --locked -p "$@" -e normal --prefix none | sed -E 's/ \(\*\)$//' | sort -u | grep -c .; }

seconds() {
    rm -rf "${target:?}"/*
    local start=$EPOCHREALTIME
    cargo build --quiet --locked -p "$@"
    echo "$EPOCHREALTIME - $start" | bc | xargs printf '%.1f'
}

echo "| Package | crates | clean debug build, s | clean release build, s |"
echo "| --- | ---: | ---: | ---: |"
# The lower bound for the core: its required dependencies.
given=(flate2 -p http -p serde -p serde_json -p thiserror)
echo "| required dependencies of the core | $(crates "${given[@]}") | $(seconds "${given[@]}") | $(seconds "${given[@]}" --release) |"
for package in zuora-core zuora-ureq zuora-reqwest; do
    echo "| $package | $(crates "$package") | $(seconds "$package") | $(seconds "$package" --release) |"
done

# Code of the whole library before linking, per model.
rm -rf "${target:?}"/*
cargo build --quiet --locked -p zuora-core --release
library=$(ls "$target"/release/libzuora_core.rlib)
bytes=$(size "$library" 2>/dev/null | awk 'NR > 1 { sum += $1 } END { print sum }')
models=$(grep -rhE '^\s*(crate::([a-z]+::)+)?model! \{' core/src --include='*.rs' | wc -l)
echo
echo "Code in the release library: $bytes bytes, $models models, $((bytes / models / 1024)) KB per model, everything included."
