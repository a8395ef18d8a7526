#!/usr/bin/env bash
# `make soak`: `make cluster` and `make chaos` for MINUTES (60), or with the options of `jiewang-chaos` that are given, in a network namespace of their own, so that lines may be cut and slowed, too. What
# was done and seen is written to e2e/results/<date>-<commit>.md. Needs root, or the leave to make user namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
[ $# -gt 0 ] || set -- 60
case "$1" in [0-9]*) set -- --minutes "$@" ;; esac
if [ -z "${JIEWANG_SOAK_INSIDE:-}" ]; then
  need_packages postgresql redis-server nftables iproute2 util-linux
  need_toolchain
  scripts/consul.sh >/dev/null # Built here: inside there is no way out.
  scripts/rotel.sh >/dev/null
  cargo build --profile quick --bin jiewang --bin jiewang-chaos
  as=()
  [ "$(id -u)" -eq 0 ] || as=(--user --map-root-user)
  JIEWANG_SOAK_INSIDE=1 exec unshare "${as[@]}" --net "$0" "$@"
fi
ip link set lo up
export JIEWANG_CLUSTER_DIR="$PWD/.soak" JIEWANG_BIN="$PWD/target/quick/jiewang"
result="e2e/results/$(date +%F)-$(git describe --always --dirty).md"
trap 'scripts/cluster.sh down' EXIT
scripts/cluster.sh up
told="$(target/quick/jiewang-chaos .soak "$@")"
mkdir -p e2e/results
{
  echo "# A soak: \`make soak ARGS=\"$*\"\`"
  echo
  echo "Commit $(git describe --always --dirty), $(date +%F), $(nproc) cores, $(free -g | awk '/Mem:/ {print $2}') GiB, Linux $(uname -r). Two of each service and of the gateway over PostgreSQL, Redis and Consul, one of each, all in one network namespace."
  echo
  echo "$told" | sed '/^SERVICE/,$ s/^/    /'
} >"$result"
echo "$told"
echo "soak: recorded as $result" >&2
