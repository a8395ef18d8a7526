#!/usr/bin/env bash
# Prints the path of Restate's server, which the bench's `peers` measures: the one on PATH, else that of the npm package, put into .tools once for each version
# (81 MB to bring, 216 MB on disk). The package of this platform alone: its parent reports installations.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.7.12

on_path="$(command -v restate-server || true)"
if [ -n "$on_path" ]; then
  echo "$on_path"
  exit
fi
case "$(uname -sm)" in
  "Linux x86_64") package=restate-server-linux-x64 ;;
  "Linux aarch64") package=restate-server-linux-arm64 ;;
  *) echo "restate: no server for $(uname -sm)" >&2; exit 1 ;;
esac
folder="$PWD/.tools/restate-$version"
program="node_modules/@restatedev/$package/bin/restate-server"
if [ ! -x "$folder/$program" ]; then
  command -v npm >/dev/null || { echo "restate: npm is needed to bring it" >&2; exit 1; }
  mkdir -p "$folder.$$"
  npm install --prefix "$folder.$$" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel error "@restatedev/$package@$version" >&2 || exit 1
  rm -rf "$folder"
  mv "$folder.$$" "$folder"
fi
echo "$folder/$program"
