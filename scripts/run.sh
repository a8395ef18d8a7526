#!/usr/bin/env bash
# Builds with the quick profile and starts a whole cluster in one process. Arguments go to `jiewang up`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_toolchain
began=$(date +%s)
cargo build --profile quick --bin jiewang
echo "built in $(($(date +%s) - began)) s" >&2
export MIMALLOC_PURGE_DELAY="${MIMALLOC_PURGE_DELAY:-1000}" # docs/adr/0017
# For development one signs in by choosing whom to be (docs/adr/0056), unless an identity provider or other doors are named.
[[ " $* ${JIEWANG_ISSUER:+--issuer} ${JIEWANG_HTTP:+--http}" =~ \ --(issuer|http|grpc|sign-in|config) ]] || set -- --sign-in 127.0.0.1:8082 "$@"
exec target/quick/jiewang up "$@"
