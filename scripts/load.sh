#!/usr/bin/env bash
# An open-loop load on the cluster of `make cluster` or `make run`: loadtest/README.md. `make load ARGS="--rate 200 --storm 10:20:15"`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
cargo build --quiet --profile quick --bin jiewang-load
exec target/quick/jiewang-load "$@"
