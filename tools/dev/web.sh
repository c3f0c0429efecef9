# Sourced by ./dev: the dashboard, from web/ to build/web/page.pack, which the executable embeds.

web_inputs() { git ls-files -co --exclude-standard -- web api/openapi.yaml | while read -r f; do [ -f "$f" ] && echo "$f"; done; }

# install_npm FOLDER: what its lock file says, again when that changes.
install_npm() {
  local stamp="$1/node_modules/.lock.sum" wanted
  wanted="$(sha256sum <"$1/package-lock.json")"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  say "npm packages of $1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  echo "$wanted" >"$stamp"
}

# Debian's Chromium, for journeys and pictures; TRACIA_CHROMIUM names another. Fails when there is none.
install_chromium() {
  local browser="${TRACIA_CHROMIUM:-/usr/bin/chromium}"
  if [ ! -x "$browser" ] && [ "${TRACIA_NO_SETUP:-}" != 1 ]; then packages+=(chromium); install_packages; fi
  [ -x "$browser" ]
}

# Builds it when one of its files changed since. Without npm and set-up the executable gets a page that says so.
build_web() {
  local stamp=build/web/inputs.sum wanted
  wanted="$(web_inputs | LC_ALL=C sort | xargs sha256sum | sha256sum)"
  if [ -f "$stamp" ] && [ -f build/web/page.pack ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  if [ "${TRACIA_NO_SETUP:-}" != 1 ]; then install_npm web; fi
  if [ ! -d web/node_modules ]; then
    say "the dashboard is left out: web/node_modules is missing (cd web && npm ci)"
    return
  fi
  say "build (dashboard)"
  mkdir -p build/web
  (cd web && npm run --silent build)
  echo "$wanted" >"$stamp"
}
