#!/usr/bin/env bash
# Installs what ./dev package made, in fresh folders and with an empty environment, and uses it.
#
#   packaging/smoke.sh FOLDER [PYTHON]
#
# FOLDER holds the packages (build/package); PYTHON makes the environment for the wheel (python3). The last line is
# "N passed, M failed, K skipped".
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set/p' "${BASH_SOURCE[0]}" | grep '^#' | cut -c3-; exit 2; }
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
packages="$(readlink -f "$1")"
python="${2:-python3}"
work="$(mktemp -d)"
installed="$work/another place"  # moved, and with a space: no path may have been built in
tracia="$installed/bin/tracia"
bare=(env -i PATH=/usr/bin:/bin HOME="$work")
readonly skip=77
started=()

die() { echo "$*"; exit 1; }

cleanup() {
  local process
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap cleanup EXIT

# start LOG COMMAND…: in the background until the end; $url is the address that it prints.
start() {
  local log="$1" tries
  shift
  "$@" >"$log" 2>&1 </dev/null &
  started+=("$!")
  for ((tries = 0; tries < 300; tries++)); do
    url="$(grep -oE -m1 'https?://[a-z0-9.]+(:[0-9]+)?' "$log" || true)"
    if [ -n "$url" ]; then return; fi
    kill -0 "${started[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log"
  die "it did not start: $*"
}

# stop: SIGTERM to what was started last, which has to end with 0.
stop() {
  local status=0
  kill -TERM "${started[-1]}"
  wait "${started[-1]}" || status=$?
  unset 'started[-1]'
  [ "$status" -eq 0 ] || die "it ended with $status at SIGTERM"
}

# start_simulator: what the providers are here; $providers are the variables that lead to it.
start_simulator() {
  start "$work/simulator.log" "${bare[@]}" "$tracia" simulate --listen 127.0.0.1:0
  providers=(OPENAI_BASE_URL="$url/v1" OPENAI_API_KEY=any)
}

# Only glibc and the kernel may come from outside of lib/.
stays_inside() {
  local outside
  outside="$("${bare[@]}" ldd "$1" | grep -vF "=> $2/" |
    grep -vE '^\s(linux-vdso|/lib(64)?/ld-linux|lib(c|m|dl|pthread|rt|resolv)\.so)' || true)"
  [ -z "$outside" ] || die "$1 takes from outside of $2: $outside"
}

# ---- The checks, in order. Each is run by itself; $skip as its status says that it could not be made here.

the_sums_are_those_of_the_packages() { (cd "$packages" && sha256sum -c SHA256SUMS); }

everything_it_loads_is_in_lib() {
  local file used
  stays_inside "$tracia" "$installed/bin/../lib"
  used="$("${bare[@]}" ldd "$tracia")"
  for file in "$installed"/lib/*; do
    stays_inside "$file" "$installed/lib"
    grep -qF "/${file##*/} " <<<"$used" || die "$file is carried for nothing"
  done
}

every_library_comes_with_its_licence() {
  local file package licenses="$installed/share/tracia/licenses"
  for file in "$installed"/lib/*; do
    package="$(awk -v name="lib/${file##*/}" '$1 == name { print $2 }' "$licenses/README.txt")"
    [ -s "$licenses/$package.txt" ] || die "no licence of $file"
  done
  grep -q '^==== react ' "$licenses/dashboard.txt" || die "no licences of the dashboard"
}

it_runs_from_any_folder_and_through_a_link() {
  local said
  said="$("${bare[@]}" "$tracia" --version)"
  [[ "$(basename "$tarball")" == "tracia-${said#tracia }-linux-"* ]] || die "$tarball holds $said"
  ln -s "$tracia" "$work/tracia"
  [ "$(cd / && "${bare[@]}" "$work/tracia" --version)" = "$said" ] || die "not through a link"
}

it_serves_a_prompt_and_its_span_and_stops() {
  local key answer span
  start_simulator
  start "$work/server.log" "${bare[@]}" "${providers[@]}" "$tracia" serve --data "$work/data" --listen 127.0.0.1:0
  "${bare[@]}" "$tracia" health --url "$url"
  key="$("${bare[@]}" "$tracia" keys create --data "$work/data" --name smoke)"
  local ask=(curl -fsS --noproxy '*' -H "Authorization: Bearer $key")
  "${ask[@]}" "$url/api/v1/prompts" -d '{"name": "Smoke", "model": "gpt-4o-mini",
    "content": [{"id": "m", "role": "user", "content": "Greet {{name}}"}]}'
  answer="$("${ask[@]}" "$url/api/v1/prompts/smoke/run" -d '{"variables": {"name": "Ada"}}')"
  span="$(grep -oE '"spanId":"[^"]+"' <<<"$answer" | cut -d'"' -f4)"
  "${ask[@]}" "$url/api/v1/spans/$span" | grep -F '"status":"SUCCESS"'
  answer="$(curl -fsS --noproxy '*' "$url/")"
  grep -qi '<!doctype html>' <<<"$answer" || die "no dashboard"
  stop
  if "${bare[@]}" "$tracia" health --url "$url"; then die "healthy after its end"; fi
}

systemd_is_told_when_it_serves_and_when_it_stops() {
  "$python" - "$tracia" "$work" <<'PYTHON'
import os, signal, socket, subprocess, sys
tracia, work = sys.argv[1:]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(work + "/notify")
manager.settimeout(30)
environment = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": work + "/notify", "TRACIA_DATA": work + "/notified"}
server = subprocess.Popen([tracia, "serve", "--listen", "127.0.0.1:0"], env=environment, stderr=subprocess.DEVNULL)
try:
    assert manager.recv(64) == b"READY=1"
    server.send_signal(signal.SIGTERM)
    assert manager.recv(64) == b"STOPPING=1"
    assert server.wait(30) == 0
finally:
    server.kill()
PYTHON
}

certificates_are_found_where_ssl_cert_file_says() {
  command -v openssl >/dev/null || { echo "openssl is not here"; exit "$skip"; }
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=smoke \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/key.pem" -out "$work/cert.pem"
  start "$work/tls.log" "${bare[@]}" "$tracia" serve --data "$work/tls" --listen 127.0.0.1:0 \
    --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"
  "${bare[@]}" SSL_CERT_FILE="$work/cert.pem" "$tracia" health --url "$url"
  if "${bare[@]}" "$tracia" health --url "$url"; then die "a stranger's certificate was trusted"; fi
  stop
}

the_example_configuration_names_every_setting_and_is_valid() {
  local example="$installed/share/tracia/tracia.toml" setting
  for setting in $("${bare[@]}" "$tracia" serve --help | grep -oE '^  --[a-z-]+' | tr -d ' ' | cut -c3- | tr - _); do
    case "$setting" in config | data | dashboard) continue ;; esac  # not for a file; only to work on the dashboard
    grep -qE "^# $setting = " "$example" || die "$setting is not in the example"
  done
  # Every setting switched on, but for files and a port that this machine does not have.
  sed -E -e '/^# (tls_cert|tls_key) /d' -e 's/^# (\[|[a-z_]+ = )/\1/' -e 's/:7070" /:0" /' \
    "$example" >"$work/tracia.toml"
  start "$work/example.log" "${bare[@]}" "$tracia" serve --data "$work/example" --config "$work/tracia.toml"
  stop
}

# systemd wants the program at its place, and the user's name known: neither is here.
the_unit_is_one_that_systemd_takes() {
  command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not here"; exit "$skip"; }
  local unit="$work/tracia.service" said
  sed "s|^ExecStart=/opt/tracia/bin/tracia|ExecStart=\"$tracia\"|" "$installed/share/tracia/tracia.service" >"$unit"
  said="$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F tracia.service || true)"
  [ -z "$said" ] || die "$said"
  systemd-analyze security --offline=true --threshold=20 "$unit" | tail -1  # 2.0 at most, of 10
}

the_dockerfile_is_one_that_can_be_built() { python3 "$here/dockerfile.py" check; }

the_wheel_installs_elsewhere_and_calls_a_model() {
  local extension libraries
  [ "${TRACIA_NO_SETUP:-}" != 1 ] || { echo "TRACIA_NO_SETUP=1: pydantic would have to be installed"; exit "$skip"; }
  "$python" -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel"
  extension="$(ls "$work"/venv/lib/python3*/site-packages/tracia/_native*.so)"
  libraries="$(dirname "$(dirname "$extension")")/tracia.libs"
  grep -q libcurl4 "$libraries"/../tracia-*.dist-info/licenses/bundled/README.txt
  "$work/venv/bin/pip" check
  # The list of manylinux: what every system that has Python has, zlib and the compiler's runtime besides glibc.
  "${bare[@]}" ldd "$extension" | grep -vF "/tracia.libs/" |
    grep -E '=>' | grep -vE '^\s(lib(c|m|dl|pthread|rt|resolv|z|gcc_s|stdc\+\+)\.so)' && die "it takes from the system"
  [ -n "$(ls "$libraries")" ]
  start_simulator
  (cd "$work" && "${bare[@]}" "${providers[@]}" "$work/venv/bin/python" - <<'PYTHON'
from tracia import Tracia
with Tracia() as client:
    result = client.run_local(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello!"}])
    assert result.text and result.usage.total_tokens > 0, result
PYTHON
  )
}

# ---- Running them

passed=0 failed=0 skipped=0
check() {
  local status=0
  # By itself, so that what it started ends with it; errors end it, for `set -e` counts only outside of a condition.
  set +e
  (set -e; trap 'for p in "${started[@]}"; do kill "$p" 2>/dev/null || true; done' EXIT; "$1") >"$work/check.log" 2>&1
  status=$?
  set -e
  case "$status" in
    0) passed=$((passed + 1)); echo "ok       $1" ;;
    "$skip") skipped=$((skipped + 1)); echo "skipped: $1: $(tail -1 "$work/check.log")" ;;
    *)
      failed=$((failed + 1))
      echo "FAILED   $1"
      sed 's/^/         /' "$work/check.log"
      if [ -n "${TRACIA_TEST_FAILURES:-}" ]; then echo "packages: $1" >>"$TRACIA_TEST_FAILURES"; fi
      ;;
  esac
}

tarball="$(ls "$packages"/tracia-*-linux-*.tar.gz)"
wheel="$(ls "$packages"/tracia-*.whl)"
mkdir "$installed"
tar -xzf "$tarball" -C "$installed" --strip-components=1 --no-same-owner

check the_sums_are_those_of_the_packages
check everything_it_loads_is_in_lib
check every_library_comes_with_its_licence
check it_runs_from_any_folder_and_through_a_link
check it_serves_a_prompt_and_its_span_and_stops
check systemd_is_told_when_it_serves_and_when_it_stops
check certificates_are_found_where_ssl_cert_file_says
check the_example_configuration_names_every_setting_and_is_valid
check the_unit_is_one_that_systemd_takes
check the_dockerfile_is_one_that_can_be_built
check the_wheel_installs_elsewhere_and_calls_a_model
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
