# Sourced by the other scripts: brings in what a fresh Debian machine lacks. Functions only.

# Installs Debian packages that are missing; says so when it cannot.
need_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  echo "installing: ${missing[*]}" >&2
  if ! { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
    echo "could not install ${missing[*]}: install them by hand and try again" >&2
    return 1
  fi
}

# A C compiler for SQLite and ring, and the Rust toolchain that rust-toolchain.toml names.
need_toolchain() {
  command -v cc >/dev/null || need_packages gcc libc6-dev
  if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust with rustup (https://rustup.rs), then try again" >&2
    return 1
  fi
}
