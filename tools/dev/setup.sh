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
  say "installing packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  # Retries: one lost connection must not fail a first try of this repository.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null
}

# One environment for every Python test; made anew when a requirements file changes.
install_python() {
  local files=() file stamp=.venv/requirements.sum wanted
  for file in tests/api/requirements.txt tests/sdk/requirements.txt; do
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
  fi
}
