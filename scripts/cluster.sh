#!/usr/bin/env bash
# `make cluster`: a whole cluster of separate processes on this machine, two of each service and of the gateway, over a PostgreSQL, a
# Redis, a Consul and a collector of traces of its own, speaking encrypted with certificates of an authority of its own. Returns when it is ready; what runs stands in .cluster/state.json (docs/contract.md). `make cluster-down` ends exactly that.
# JIEWANG_CLUSTER_DIR: another folder. JIEWANG_BIN: a binary that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
folder="${JIEWANG_CLUSTER_DIR:-.cluster}"
state="$folder/state.json"
services=(
  intake
  dispatch
  # new-service: two processes of it
)
patience=120 # seconds until everything is ready, or has ended
declare -A pids=() grpc=() admin=() http=()

fail() { echo "cluster: $*" >&2; exit 1; }

# A port that nothing listens on just now.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    [[ " $taken " == *" $port "* ]] && continue
    (: </dev/tcp/127.0.0.1/$port) 2>/dev/null || break
  done
  taken+=" $port"
  echo "$port" >"$folder/port"
}
taken=""

# new_port NAME: a free port into the variable NAME.
new_port() { free_port; printf -v "$1" %s "$(cat "$folder/port")"; }

# start NAME COMMAND...: in the background; its log and its command lie beside each other.
start() {
  local name="$1"
  shift
  printf '%s\0' "$@" >"$folder/$name.command"
  setsid "$@" >"$folder/$name.log" 2>&1 </dev/null &
  pids[$name]=$!
}

# Waits until the log of NAME contains TEXT.
await() {
  local name="$1" text="$2" until=$((SECONDS + patience))
  until grep -qsF "$text" "$folder/$name.log"; do
    if ! runs "${pids[$name]}" || [ $SECONDS -ge $until ]; then
      tail -n 20 "$folder/$name.log" >&2
      fail "$name did not become ready; its log is $folder/$name.log"
    fi
    sleep 0.1
  done
}

# Whether a process is there, one that has ended and was not yet waited for not counted.
runs() {
  local state
  state="$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" || return 1
  [[ "$state" != [ZX] ]]
}

# Ends these processes: in order, and those that do not end in time at once.
stop_all() {
  local pid until=$((SECONDS + patience))
  for pid in "$@"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "$@"; do
    while runs "$pid"; do
      [ $SECONDS -lt $until ] || kill -KILL "$pid" 2>/dev/null || true
      sleep 0.1
    done
  done
}

start_postgres() {
  local bin data="$folder/postgres" as=()
  bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
  [ -x "$bin/initdb" ] || fail "PostgreSQL is not installed"
  mkdir -p "$data"
  if [ "$(id -u)" -eq 0 ]; then # It refuses to run as root.
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres:postgres "$data"
    chmod o+x "$folder"
  fi
  (cd "$data" && "${as[@]}" "$bin/initdb" -D . -U postgres --auth trust --encoding UTF8 --no-locale) >"$folder/initdb.log" || fail "initdb failed: $folder/initdb.log"
  # Chaos slows a line by leading it over another address of loopback.
  echo "host all all 127.0.0.0/8 trust" >>"$data/pg_hba.conf"
  new_port postgres
  start postgres "${as[@]}" "$bin/postgres" -D "$data" -h 127.0.0.1 -p "$postgres" -c unix_socket_directories= -c max_connections=200 -c lc_messages=C
  await postgres "ready to accept connections"
  for service in "${services[@]}"; do
    "$bin/createdb" -h 127.0.0.1 -p "$postgres" -U postgres "$service"
  done
}

start_redis() {
  mkdir -p "$folder/redis"
  new_port redis
  start redis redis-server --bind 127.0.0.1 --port "$redis" --dir "$folder/redis" --appendonly yes --save ""
  await redis "Ready to accept connections"
}

start_consul() {
  local program serf server
  program="${JIEWANG_CONSUL_BIN:-$(scripts/consul.sh)}" || fail "there is no Consul"
  new_port consul
  new_port serf
  new_port server
  start consul "$program" agent -server -bootstrap-expect=1 -node=cluster -bind=127.0.0.1 -client=127.0.0.1 -data-dir "$folder/consul" \
    -hcl "ports { http = $consul server = $server serf_lan = $serf serf_wan = -1 dns = -1 grpc = -1 grpc_tls = -1 }" \
    -hcl "performance { raft_multiplier = 1 } disable_update_check = true"
  await consul "cluster leadership acquired"
}

# A collector that takes every trace and writes its spans down; with JIEWANG_OTLP they go there instead.
start_collector() {
  local program http
  if [ -n "${JIEWANG_OTLP:-}" ]; then
    # Not ours: it has no pid, and is neither struck nor ended.
    local address="${JIEWANG_OTLP#*://}" # Without who sends, and without a path.
    address="${address##*@}"
    traces=(--otlp "$JIEWANG_OTLP")
    collector=",\"otlp\":{\"address\":\"${address%%/*}\"}"
    return
  fi
  program="$(scripts/rotel.sh)" || { echo "cluster: no collector, so no traces: JIEWANG_OTLP may name one" >&2; return 0; }
  new_port otlp
  new_port http
  start otlp "$program" start --otlp-grpc-endpoint "127.0.0.1:$otlp" --otlp-http-endpoint "127.0.0.1:$http" --exporter blackhole --debug-log traces --debug-log-verbosity detailed
  await otlp "Starting Rotel"
  traces=(--otlp "http://127.0.0.1:$otlp")
  collector=",\"otlp\":{\"address\":\"127.0.0.1:$otlp\",\"pid\":${pids[otlp]}}"
}
traces=() collector=""

# serve NAME ROOM: one process with a data folder of its own, where nothing but the cluster's name and key lies.
serve() {
  local name="$1" room="$2" database=()
  mkdir -p "$folder/$name"
  cp "$folder/cluster.key" "$folder/cluster.id" "$folder/$name/"
  "$bin" certs issue "$room" --authority "$folder/authority" --data-dir "$folder/$name" --into "$folder/$name/tls" >/dev/null
  [ "$room" = gateway ] || database=(--database "$room=postgres://postgres@127.0.0.1:$postgres/$room")
  start "$name" "$bin" serve "$room" --data-dir "$folder/$name" --tls "$folder/$name/tls" --grpc "127.0.0.1:${grpc[$name]}" --admin "127.0.0.1:${admin[$name]}" \
    --http "127.0.0.1:${http[$name]:-0}" --redis "redis://127.0.0.1:$redis/" --consul "http://127.0.0.1:$consul" "${traces[@]}" "${database[@]}"
}

# Whether the gateway on a port reaches what serves a path: anything but 503 comes from there.
reaches() {
  local status
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s HTTP/1.1\r\nhost: cluster\r\nconnection: close\r\n\r\n' "$2" >&3
  read -r status <&3
  exec 3<&-
  [[ "$status" != *" 503 "* ]]
}

# Consul asks every process for its health before it tells others of it.
await_each_other() {
  local name path until=$((SECONDS + patience))
  for name in "${!http[@]}"; do
    for path in /v1/reports /v1/workOrders; do
      until reaches "${http[$name]}" "$path"; do
        [ $SECONDS -lt $until ] || fail "$name does not reach what serves $path"
        sleep 0.1
      done
    done
  done
}

write_state() {
  local name door processes=() gateways=()
  for name in "${names[@]}"; do
    door=""
    if [ -n "${http[$name]:-}" ]; then
      door=",\"http\":\"127.0.0.1:${http[$name]}\""
      gateways+=("\"127.0.0.1:${http[$name]}\"")
    fi
    processes+=("{\"name\":\"$name\",\"pid\":${pids[$name]},\"grpc\":\"127.0.0.1:${grpc[$name]}\",\"admin\":\"127.0.0.1:${admin[$name]}\"$door}")
  done
  local IFS=,
  cat >"$state.new" <<JSON
{"servers":{"consul":{"address":"127.0.0.1:$consul","pid":${pids[consul]}},"redis":{"address":"127.0.0.1:$redis","pid":${pids[redis]}},"postgres":{"address":"127.0.0.1:$postgres","pid":${pids[postgres]}}$collector},
"gateways":[${gateways[*]}],
"processes":[${processes[*]}]}
JSON
  mv "$state.new" "$state"
}

up() {
  [ ! -e "$state" ] || fail "$state is there: end that cluster with make cluster-down"
  need_packages postgresql redis-server
  bin="${JIEWANG_BIN:-}"
  if [ -z "$bin" ]; then
    need_toolchain
    cargo build --profile quick --bin jiewang
    bin="$PWD/target/quick/jiewang"
  fi
  rm -rf "$folder"
  mkdir -p "$folder"
  folder="$(cd "$folder" && pwd)" state="$folder/state.json"
  # Whatever goes wrong on the way, nothing is left running that no state names.
  trap '[ -e "$state" ] || stop_all "${pids[@]}"' EXIT
  (umask 077 && od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$folder/cluster.key")
  echo "50-$(od -An -v -tx1 -N16 /dev/urandom | tr -d ' \n')" >"$folder/cluster.id"
  start_postgres
  start_redis
  start_consul
  start_collector
  names=()
  for service in "${services[@]}" gateway; do names+=("$service-1" "$service-2"); done
  for name in "${names[@]}"; do
    new_port "grpc[$name]"
    new_port "admin[$name]"
    case "$name" in gateway-*) new_port "http[$name]" ;; esac
  done
  for name in "${names[@]}"; do serve "$name" "${name%-*}"; done
  for name in "${names[@]}"; do await "$name" "ready after"; done
  await_each_other
  write_state
  echo "cluster: ready after $SECONDS s, ${http[gateway-1]} and ${http[gateway-2]} of 127.0.0.1; $state" >&2
}

down() {
  [ -e "$state" ] || fail "no cluster: $state is not there"
  # Services before the servers that they need. `make chaos` writes the state in one line.
  local services servers
  mapfile -t services < <(tr -d '\n' <"$state" | grep -o '"processes":\[[^]]*\]' | grep -o '"pid":[0-9]*' | cut -d: -f2)
  mapfile -t servers < <(tr -d '\n' <"$state" | sed 's/"processes":\[[^]]*\]//' | grep -o '"pid":[0-9]*' | cut -d: -f2)
  stop_all "${services[@]}"
  stop_all "${servers[@]}"
  mv "$state" "$folder/last-state.json"
}

case "${1:-}" in
  up | down) "$1" ;;
  *) fail "up or down" ;;
esac
