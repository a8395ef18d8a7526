#!/usr/bin/env bash
# Prints the path of Schemathesis, which asks a running gateway everything that its description allows and more: from PyPI, into .tools once for each set of
# versions.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh

sum="$(sha256sum scripts/schemathesis/requirements.txt | cut -c 1-12)"
folder="$PWD/.tools/schemathesis-$sum"
if [ ! -x "$folder/st" ]; then
  python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip >&2 || { echo "schemathesis: python3 with pip is needed to bring it" >&2; exit 1; }
  python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --target "$folder.$$/lib" \
    --requirement scripts/schemathesis/requirements.txt >&2
  printf '#!/bin/sh\nPYTHONPATH="$(dirname "$0")/lib" exec python3 -m schemathesis.cli "$@"\n' > "$folder.$$/st"
  chmod +x "$folder.$$/st"
  rm -rf "$folder"
  mv "$folder.$$" "$folder"
fi
echo "$folder/st"
