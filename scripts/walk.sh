#!/usr/bin/env bash
# Runs walks 1 and 2 of both READMEs, as they stand there, against a cluster of its own in a temporary folder, and checks what they promise.
# Usage: scripts/walk.sh [BINARY]    default: target/quick/jiewang
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-target/quick/jiewang}")
http=127.0.0.1:${WALK_PORT:-18080}
folder=$(mktemp -d)
export JIEWANG_DATA_DIR=$folder/data JIEWANG_HTTP=$http JIEWANG_GRPC=127.0.0.1:0 JIEWANG_ADMIN=127.0.0.1:0

"$binary" up 2>"$folder/log" &
cluster=$!
# Its data is thrown away: no drain.
trap 'kill -9 "$cluster" 2>/dev/null; wait "$cluster" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
  curl -sf "http://$http/readyz" >/dev/null && break
  kill -0 "$cluster" || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done

# The shell blocks between two headings, with this cluster's address and binary.
blocks() {
  awk -v from="$2" -v to="$3" '$0 ~ "^## " from {on = 1} $0 ~ "^## " to {on = 0} /^```/ {code = on && /sh$/; next} code' "$1" |
    sed -e "s|http://127.0.0.1:8080|http://$http|g" -e "s|target/quick/jiewang|$binary|g"
}

failed=0
expect() { # README, times, text
  local found
  found=$(grep -oF -- "$3" "$folder/out" | wc -l)
  [ "$found" -ge "$2" ] || { echo "$1: expected $3 $2 times, found it $found times" >&2; failed=1; }
}

walk() { # README, first heading, heading behind
  blocks "$1" "$2" "$3" >"$folder/walk.sh"
  [ -s "$folder/walk.sh" ] || { echo "$1: no commands found" >&2; failed=1; return; }
  bash -u "$folder/walk.sh" >"$folder/out" 2>&1 || { echo "$1: a command failed" >&2; failed=1; }
  expect "$1" 1 '"trackingNumber"'
  for state in ASSIGNED ACCEPTED IN_PROGRESS RESOLVED CLOSED; do expect "$1" 1 "\"state\":\"$state\""; done
  expect "$1" 1 '500151001-minsheng'
  for type in created assigned accepted started resolved rated; do expect "$1" 1 "\"workOrder.$type\""; done
  for reason in STATE_REFUSES ROLE_DENIED NOT_FOUND UNKNOWN_FIELD; do expect "$1" 1 "\"reason\":\"$reason\""; done
  # Both calls of the hotline answer with one number.
  [ "$(tail -n 2 "$folder/out" | sed -n 's/.*"trackingNumber":"\([0-9]*\)".*/\1/p' | sort -u | wc -l)" -eq 1 ] ||
    { echo "$1: the hotline's second call got another number" >&2; failed=1; }
  [ "$failed" -eq 0 ] || cat "$folder/out" >&2
}

walk README.md 'Walk 1' 'Walk 3'
walk README.zh-CN.md '走一遍之一' '走一遍之三'
[ "$failed" -eq 0 ] && echo "both walk-throughs do what they say"
exit "$failed"
