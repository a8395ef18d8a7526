#!/usr/bin/env bash
# The binary as it is shipped, and beside it what is in it. SOURCE_DATE_EPOCH, when set, is the time that the list tells.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
cargo build --release --locked -p jiewang --bin jiewang
out="${CARGO_TARGET_DIR:-target}/release"
cargo xtask sbom >"$out/jiewang.cdx.json.part"
mv "$out/jiewang.cdx.json.part" "$out/jiewang.cdx.json"
echo "$out/jiewang $out/jiewang.cdx.json"
