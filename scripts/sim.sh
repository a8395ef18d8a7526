#!/usr/bin/env bash
# `make sim`: intake and dispatch as they are wired in production on a simulated network, in SEEDS (100) seeds (docs/adr/0044). JIEWANG_SEED: the first of them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
JIEWANG_SEEDS="${1:-100}" cargo test --quiet -p jiewang --test it -- wired:: --nocapture
