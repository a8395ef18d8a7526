#!/usr/bin/env bash
# `make chaos`: strikes the cluster in a folder while clients work, then checks it: `scripts/chaos.sh .cluster 200`, `.cluster --minutes 5`.
set -euo pipefail
folder="$(realpath "${1:?a folder of a cluster}")"
shift
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
cargo build --quiet --profile quick --bin jiewang --bin jiewang-chaos
JIEWANG_BIN="$PWD/target/quick/jiewang" exec target/quick/jiewang-chaos "$folder" "$@"
