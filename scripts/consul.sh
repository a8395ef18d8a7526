#!/usr/bin/env bash
# Prints the path of a Consul agent, 1.21 or newer: the one on PATH, else one built from the Go module proxy into .tools, once for each version.
# scripts/consul/go.mod names the version; go.sum holds the checksums of everything it is built of.
set -euo pipefail
cd "$(dirname "$0")/.."

# new_enough PROGRAM: whether it is 1.21 or newer.
new_enough() {
  local version
  version="$("$1" version 2>/dev/null | sed -n 's/^Consul v\([0-9.]*\).*/\1/p')"
  [ -n "$version" ] && [ "$(printf '%s\n' 1.21 "$version" | sort -V | head -n 1)" = 1.21 ]
}

on_path="$(command -v consul || true)"
if [ -n "$on_path" ] && new_enough "$on_path"; then
  echo "$on_path"
  exit
fi
version="$(sed -n 's|.*github.com/hashicorp/consul v\([0-9.]*\).*|\1|p' scripts/consul/go.mod | head -n 1)"
folder="$PWD/.tools/consul-$version"
if [ ! -x "$folder/consul" ]; then
  command -v go >/dev/null || { echo "consul: neither consul 1.21 nor go to build it is on PATH" >&2; exit 1; }
  mkdir -p "$folder"
  echo "consul: building $version (some minutes the first time)" >&2
  # Built beside and moved: whoever looks meanwhile does not run half of it.
  (cd scripts/consul && go build -mod=readonly -ldflags "-s -w" -o "$folder/consul.$$" github.com/hashicorp/consul) >&2 || exit 1
  mv "$folder/consul.$$" "$folder/consul"
  echo "consul: built in $SECONDS s" >&2
fi
echo "$folder/consul"
