#!/usr/bin/env bash
# Does what docs/adding-a-service.md says, as it stands there, in a copy of the repository, and checks what it promises.
# The blocks marked `sh run` are run in their order, in one shell; what the document shows of their output is looked for in it.
#
# What other people wrote is not compiled again: the copy has a target folder of its own, whose files are links to those of this one. So
# nothing that it builds is ever taken for ours.
set -euo pipefail
cd "$(dirname "$0")/.."
began=$SECONDS
document=$PWD/docs/adding-a-service.md
target=$(realpath "${CARGO_TARGET_DIR:-target}")
http=127.0.0.1:${WALK_PORT:-18081}
mkdir -p "$target/tmp"
folder=$(mktemp -d "$target/tmp/new-service.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# The tracked files as they are now, with the times at which they changed.
mkdir -p "$folder/copy" "$folder/target/debug"
git ls-files -z | tar --null --files-from=- -cf - | tar -xf - -C "$folder/copy"
# The brief and the real data lie beside a clone, when there are any.
[ ! -e ../shared ] || ln -s "$(realpath ../shared)" "$folder/shared"
if [ -d "$target/debug/.fingerprint" ]; then
  cp -al "$target/debug/.fingerprint" "$target/debug/build" "$target/debug/deps" "$folder/target/debug/"
  # Ours are built anew: a linked file that the compiler wrote into would change here, too.
  ours=$(cargo metadata --no-deps --format-version 1 | grep -o '"name":"[a-z0-9_-]*","version"' | cut -d'"' -f4 | sort -u | paste -sd'|')
  (cd "$folder/target/debug" && find .fingerprint build deps -mindepth 1 -maxdepth 1 | grep -E "/(lib)?($ours|it)-[0-9a-f]{16}(\.|$)" | xargs rm -rf)
fi
cd "$folder/copy"
# Features depend on which packages are selected (CONTRIBUTING, set-up): only with all of them is nothing of others compiled a second time. So
# the tests run as those of the workspace, in which the new service, the binary and the gateway are the only ones that have any.
rm -rf {crates/*,services/*,loadtest,e2e}/tests/it
git init -q
git add -A # The house rules ask git which files there are.

# The document's cluster has a folder and a port of its own, and is the binary that the tests have built: the quick profile would compile
# everything again.
export CARGO_TARGET_DIR=$folder/target
cat >"$folder/jiewang" <<SH
#!/bin/sh
export JIEWANG_DATA_DIR=$folder/data JIEWANG_HTTP=$http JIEWANG_GRPC=127.0.0.1:0 JIEWANG_ADMIN=127.0.0.1:0
exec $folder/target/debug/jiewang "\$@"
SH
chmod +x "$folder/jiewang"
echo "trap 'kill \$(jobs -p) 2>/dev/null || true' EXIT" >"$folder/walk.sh"
awk '/^```/ {code = $0 == "```sh run"; next} code' "$document" |
  sed -e "s|http://127.0.0.1:8080|http://$http|g" -e "s|target/quick/jiewang|$folder/jiewang|g" -e "s|^make run|exec $folder/jiewang up|" \
    -e "s|^cargo test -p demo -p jiewang$|cargo test --workspace --test it|" >>"$folder/walk.sh"
grep -q new-service "$folder/walk.sh" || { echo "$document: no commands found" >&2; exit 1; }
# Each command is said before it runs, so that whoever reads what failed sees how far it came.
if ! timeout 900 bash -euvo pipefail "$folder/walk.sh" >"$folder/out" 2>&1; then
  cat "$folder/out" >&2
  echo "$document: a command failed" >&2
  exit 1
fi
failed=0
while IFS= read -r line; do
  grep -qF -- "$line" "$folder/out" || { echo "$document promises: $line" >&2; failed=1; }
done < <(awk '/^```/ {code = $0 == "```text promised"; next} code' "$document")
[ "$failed" -eq 0 ] || { cat "$folder/out" >&2; exit 1; }
echo "docs/adding-a-service.md does what it says ($((SECONDS - began)) s)"
