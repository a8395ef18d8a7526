#!/usr/bin/env bash
# Every test of the workspace. Tests start their own servers on free loopback ports and end exactly those.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
# Without the servers the tests that need them name themselves and pass; with CI=true they fail.
need_packages redis-server postgresql || [ "${CI:-}" != true ]
# Consul comes with no Debian release.
if JIEWANG_CONSUL_BIN="${JIEWANG_CONSUL_BIN:-$(scripts/consul.sh)}"; then export JIEWANG_CONSUL_BIN; else [ "${CI:-}" != true ]; unset JIEWANG_CONSUL_BIN; fi
# The collector that traces are sent through comes from PyPI.
if JIEWANG_ROTEL_BIN="${JIEWANG_ROTEL_BIN:-$(scripts/rotel.sh)}"; then export JIEWANG_ROTEL_BIN; else [ "${CI:-}" != true ]; unset JIEWANG_ROTEL_BIN; fi
# An identity provider that is not ours comes from npm.
if JIEWANG_OIDC_BIN="${JIEWANG_OIDC_BIN:-$(scripts/oidc.sh)}"; then export JIEWANG_OIDC_BIN; else [ "${CI:-}" != true ]; unset JIEWANG_OIDC_BIN; fi
# What asks the gateway everything that its description allows comes from PyPI.
if JIEWANG_SCHEMATHESIS_BIN="${JIEWANG_SCHEMATHESIS_BIN:-$(scripts/schemathesis.sh)}"; then export JIEWANG_SCHEMATHESIS_BIN; else [ "${CI:-}" != true ]; unset JIEWANG_SCHEMATHESIS_BIN; fi
# A million random commands for each kind of case in CI; a tenth of that at a desk.
export JIEWANG_MODEL_CASES="${JIEWANG_MODEL_CASES:-$([ "${CI:-}" = true ] && echo 1000000 || echo 100000)}"
# One test more at a time than there are cores: those with processes and servers of their own mostly wait.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) + 1))}"
cargo test --workspace --quiet "$@"
# The walk-throughs of both READMEs, as they stand there.
command -v curl >/dev/null || need_packages curl
scripts/walk.sh "${CARGO_TARGET_DIR:-target}/debug/jiewang"
# And docs/adding-a-service.md, in a copy that has one service more.
scripts/walk-new-service.sh
