#!/usr/bin/env bash
# Runs each fuzz target, or those that are named, one after the other for SECONDS_EACH (60) seconds. Ends with 1 when one has found something;
# the input then lies in e2e/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
toolchain="${JIEWANG_NIGHTLY:-nightly}"
cargo "+$toolchain" --version >/dev/null 2>&1 || { echo "the fuzzer needs a nightly toolchain: rustup toolchain install nightly" >&2; exit 1; }
fuzz="$(scripts/cargo-fuzz.sh)"
# cargo-fuzz asks the cargo that it was called with.
export RUSTUP_TOOLCHAIN="$toolchain"
each="${SECONDS_EACH:-60}"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <("$fuzz" list --fuzz-dir e2e/fuzz)
found=()
# A set of policies in force is asked everything once: seconds under the sanitizer, so a minute is the limit.
for target in "${targets[@]}"; do
  echo "fuzz: $target for $each s" >&2
  mkdir -p "e2e/fuzz/corpus/$target"
  nice -n 15 "$fuzz" run --fuzz-dir e2e/fuzz "$target" "e2e/fuzz/corpus/$target" "e2e/fuzz/seeds/$target" -- \
    -max_total_time="$each" -rss_limit_mb=4096 -timeout=60 -print_final_stats=1 || found+=("$target")
done
[ ${#found[@]} -eq 0 ] || { echo "fuzz: found something in ${found[*]}" >&2; exit 1; }
