#!/usr/bin/env bash
# Prints the path of cargo-fuzz of one version, built into .tools once.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.13.2
folder="$PWD/.tools/cargo-fuzz-$version"
if [ ! -x "$folder/bin/cargo-fuzz" ]; then
  echo "cargo-fuzz: building $version (a minute, the first time)" >&2
  # Built beside and moved: whoever looks meanwhile does not run half of it.
  cargo install cargo-fuzz --version "$version" --locked --quiet --root "$folder.$$" >&2
  rm -rf "$folder"
  mv "$folder.$$" "$folder"
fi
echo "$folder/bin/cargo-fuzz"
