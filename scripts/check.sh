#!/usr/bin/env bash
# Format, lints, house rules and the rules about dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
cargo fmt --all --check
# A workspace of its own, which cargo does not see from here.
rustfmt --edition 2024 --check e2e/fuzz/fuzz_targets/*.rs
cargo clippy --workspace --all-targets --quiet -- -D warnings
cargo xtask check
command -v python3 >/dev/null || need_packages python3
python3 scripts/reasons.py
python3 scripts/corpus.py --check
python3 scripts/named_tests.py
