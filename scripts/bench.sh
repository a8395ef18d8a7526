#!/usr/bin/env bash
# Product and limit in turn on the same cores: loadtest/README.md. `make bench ARGS="accept"` runs one part, `ARGS="--record"` records.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
need_packages postgresql || true
need_packages haproxy || true
need_packages strace || true
cargo build --release --bin jiewang --bin jiewang-bench
export MIMALLOC_PURGE_DELAY="${MIMALLOC_PURGE_DELAY:-1000}" # docs/adr/0017
exec target/release/jiewang-bench "$@"
