#!/usr/bin/env bash
# Prints the path of rotel's agent, an OpenTelemetry collector.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_wheel rotel-agent rotel 0.0.1a15 rotel/rotel-agent
