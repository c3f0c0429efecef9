# Sourced by ./dev: every test, in stages. A stage that fails does not stop the others; all are counted in the last line.

passed=0 failed=0 skipped=0 summary=()
results=build/test-results

# Notes "PASSED FAILED SKIPPED" of a part of the stage that runs; stage() adds them up.
count() { echo "$@" >>"$results/counts"; }

# stage NAME FUNCTION: runs it in a subshell, where the first failing command ends it, then reports its time and counts.
# A stage that ends with an error without having noted a failed test (a build broke) counts as one failure.
stage() {
  local name="$1" start=$SECONDS status p f k line
  say "[$name]"
  : >"$results/counts"
  : >"$results/failures"
  set +e
  (set -e && "$2")
  status=$?
  set -e
  read -r p f k < <(awk '{ p += $1; f += $2; k += $3 } END { print p + 0, f + 0, k + 0 }' "$results/counts")
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + k))
  line="$(printf '%-42s %6d passed %4d failed %4d skipped %5d s' "$name" "$p" "$f" "$k" $((SECONDS - start)))"
  summary+=("$line")
  if [ "$f" -gt 0 ] && [ -s "$results/failures" ]; then summary+=("$(sed 's/^/    FAILED /' "$results/failures")"); fi
  say "$line"
}

# run_ctest PRESET [CTEST ARGUMENTS]: GoogleTest programs leave a report each, from which cases are counted.
run_ctest() {
  local preset="$1" status=0 counts
  shift
  local folder="$root/$results/$preset"
  rm -rf "$folder" && mkdir -p "$folder/gtest"
  GTEST_OUTPUT="xml:$folder/gtest/" ctest --test-dir "build/$preset" -j "$(jobs_max)" --output-on-failure \
    --no-tests=error --output-junit "$folder/ctest.xml" "$@" >"$folder/log.txt" 2>&1 || status=$?
  # Of a program that failed, what passed says nothing: a reader, and a log that is cut, should come to what did not.
  if [ "$status" -ne 0 ]; then grep -vE '^\[( RUN| +OK|-----)' "$folder/log.txt"; else tail -4 "$folder/log.txt"; fi
  counts="$(python3 tools/dev/count.py ctest "$folder/ctest.xml" "$folder/gtest")"
  # shellcheck disable=SC2086
  count $counts
  return "$status"
}

stage_release() {
  cmd_build release
  run_ctest release
}

# Formatting, the contract and the benchmarks' report: what reads files and starts no server.
stage_format() {
  cmd_fmt --check
  count 1 0 0
}

stage_contract() {
  local output status=0
  output="$(.venv/bin/python tests/api/check_openapi.py 2>&1)" || status=$?
  if [ "$status" -ne 0 ]; then echo "$output"; else tail -1 <<<"$output"; fi
  count_line "$output"
  run_pytest bench tests/bench || status=$?
  return "$status"
}

# Counts from a last line "N passed, M failed" or "N passed, M failed, K skipped"; without one, nothing is counted.
count_line() {
  local line
  while read -r line; do
    if [[ "$line" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
      count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
    fi
  done <<<"$(tail -1 <<<"$1")"
}

shared_folder() { echo "${TRACIA_SHARED:-$root/../shared}"; }

stage_conformance() {
  local shared status=0 what output code
  shared="$(shared_folder)"
  if [ ! -d "$shared/cassettes" ]; then
    echo "SKIPPED: no recorded exchanges at $shared (set TRACIA_SHARED)"
    count 0 0 1
    return
  fi
  for what in "exchanges $shared/cassettes" "prices $shared/prices" "otel $shared/otel"; do
    # shellcheck disable=SC2086
    code=0
    output="$(build/release/tracia-conformance $what 2>&1)" || code=$?
    if [ "$code" -ne 0 ]; then
      status=$code
      echo "$output"
    else
      tail -1 <<<"$output"
    fi
    count_line "$output"
  done
  return "$status"
}

stage_sanitizers() {
  cmd_build fuzz
  run_ctest fuzz
}

# Each fuzzer counts as one test; two run at a time, from one seed, so that a change is judged and not the dice;
# `./dev fuzz` looks elsewhere each time.
stage_fuzzers() {
  local name names pids=() status=0 log="$results/fuzzers"
  cmd_build fuzz
  mapfile -t names < <(list_fuzzers)
  rm -rf "$log" && mkdir -p "$log"
  printf '%s\n' "${names[@]}" | TRACIA_ROOT="$root" xargs -P 2 -I{} bash -c '
    set -euo pipefail
    source tools/dev/fuzz.sh
    die() { echo "$*"; exit 1; }
    if run_fuzzer "$1" 15 -seed=1 >"$2/$1.log" 2>&1; then touch "$2/$1.ok"; fi' _ {} "$log"
  for name in "${names[@]}"; do
    if [ -e "$log/$name.ok" ]; then
      count 1 0 0
      echo "fuzz $name: $(grep -oE 'stat::number_of_executed_units: *[0-9]+' "$log/$name.log" | grep -oE '[0-9]+$') inputs"
    else
      count 0 1 0
      status=1
      echo "fuzz $name" >>"$results/failures"
      echo "fuzz $name: FAILED; what broke it is in build/fuzz/found/"
      tail -60 "$log/$name.log"
    fi
  done
  return "$status"
}

# Tests of code that uses threads, under the thread sanitizer.
threaded_tests=(tracia_transport_test tracia_record_test tracia_client_test tracia_http_test tracia_simulate_test
  tracia_fakes_test tracia_stress_test tracia_store_sqlite_test tracia_service_test tracia_routes_test)

stage_threads() {
  local known present=() name pattern
  configure tsan
  known="$(ninja -C build/tsan -t targets all | cut -d: -f1)"
  for name in "${threaded_tests[@]}"; do
    if grep -qx "$name" <<<"$known"; then present+=("$name"); fi
  done
  [ "${#present[@]}" -gt 0 ] || return 1
  pattern="^($(IFS='|' && echo "${present[*]}"))\$"
  cmd_build tsan "${present[@]}"
  run_ctest tsan -R "$pattern"
}

stage_gcc() {
  cmd_build gcc
  count 1 0 0
}

# run_pytest REPORT FOLDER [BINARY [PYTHON]]: tests in Python of the executable, and of what talks to it.
run_pytest() {
  local report="$root/$results/$1.xml" folder="$2" binary="${3:-build/release/tracia}" status=0 counts
  local python="${4:-.venv/bin/python}"
  rm -f "$report"
  TRACIA_BINARY="$root/$binary" "$python" -m pytest "$folder" -q -p no:cacheprovider --junitxml="$report" || status=$?
  counts="$(python3 tools/dev/count.py junit "$report")"
  # shellcheck disable=SC2086
  count $counts
  return "$status"
}

# Other people's Python packages against the simulator and the server.
stage_sdk() {
  if [ "${TRACIA_NO_SETUP:-}" != 1 ]; then install_npm tests/node; fi
  run_pytest sdk tests/sdk
}
stage_otel() {
  if [ "${TRACIA_NO_SETUP:-}" != 1 ]; then install_npm tests/node; fi
  run_pytest otel tests/otel
}

# The dashboard: its units, then journeys in Debian's Chromium against the executable.
stage_web() {
  local status=0
  build_web
  rm -f "$results/web.xml" "$results/web_e2e.xml"
  (cd web && npm run --silent test >"$root/$results/web.log" 2>&1) || status=$?
  if [ "$status" -ne 0 ]; then cat "$results/web.log"; fi
  # shellcheck disable=SC2046
  count $(python3 tools/dev/count.py junit "$results/web.xml")
  if ! install_chromium; then
    echo "skipped: the dashboard's journeys: Chromium is not here"
    count 0 0 1
    return "$status"
  fi
  (cd web && TRACIA_BINARY="$root/build/release/tracia" npm run --silent e2e) || status=$?
  # shellcheck disable=SC2046
  count $(python3 tools/dev/count.py junit "$results/web_e2e.xml")
  return "$status"
}

# The executable driven from outside, each answer judged by api/openapi.yaml.
stage_server() { run_pytest server tests/server; }
stage_server_asan() {
  cmd_build fuzz tracia
  run_pytest server_asan tests/server build/fuzz/tracia
}

stage_crash() {
  local output status failed=0 arguments
  for arguments in "kill_test.py --rounds 100" full_disk_test.py corrupt_test.py; do
    status=0
    # shellcheck disable=SC2086  # a name and its flags
    output="$(TRACIA_BINARY="$root/build/release/tracia" .venv/bin/python tests/crash/$arguments 2>&1)" || status=$?
    if [ "$status" -ne 0 ]; then echo "$output"; failed=1; else tail -2 <<<"$output"; fi
    count_line "$output"
  done
  return "$failed"
}

# A stranger's project: the installed library, found by find_package, compiled by the system's own compiler.
stage_install() {
  local prefix="$root/build/install" example=build/install_example
  rm -rf "$prefix" "$example"
  cmake --install build/release --prefix "$prefix" >"$results/install.log"
  cmake -S tests/install_example -B "$example" -G Ninja --log-level=WARNING -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_CXX_COMPILER=g++-12 -DCMAKE_BUILD_TYPE=Release
  ninja -C "$example"
  ctest --test-dir "$example" --output-on-failure
  count 1 0 0
}

# What ./dev package makes, installed where nothing else is, and used.
stage_packages() {
  local output status=0
  source "$root/tools/dev/package.sh"
  run_package all
  install_curl
  output="$(packaging/smoke.sh "$package_dir" .venv/bin/python)" || status=$?
  echo "$output"
  count_line "$output"
  return "$status"
}

stage_lint() {
  cmd_lint
  count 1 0 0
}

title() {
  case "$1" in
    release) echo "release build and unit tests" ;;
    format) echo "formatting" ;;
    contract) echo "contract: OpenAPI and its examples; the arithmetic of ./dev bench" ;;
    conformance) echo "conformance: recorded exchanges, prices, OpenTelemetry" ;;
    sdk) echo "vendors' SDKs against the simulator" ;;
    python) echo "the Python package, installed from its wheel" ;;
    python_asan) echo "the Python package under ASan and UBSan" ;;
    otel) echo "OpenTelemetry's exporters against the server" ;;
    web) echo "the dashboard, and journeys through it" ;;
    server) echo "the server, from outside" ;;
    crash) echo "kill -9 under load, a full disk, pages that rot" ;;
    server_asan) echo "the server, from outside, under ASan and UBSan" ;;
    install) echo "installed library in another project" ;;
    packages) echo "the packages, installed and used" ;;
    sanitizers) echo "unit tests under ASan and UBSan" ;;
    fuzzers) echo "fuzzers" ;;
    threads) echo "threaded tests under TSan" ;;
    gcc) echo "everything compiled by g++ 12" ;;
    lint) echo "lint" ;;
    *) die "no stage '$1'; one of ${all_stages[*]}" ;;
  esac
}

normal_stages=(release format contract conformance sdk otel python server web crash install packages sanitizers server_asan
  fuzzers threads)
all_stages=("${normal_stages[@]}" python_asan gcc lint)

run_tests() {
  local start=$SECONDS name chosen=()
  case "${1:-}" in
    "") chosen=("${normal_stages[@]}") ;;
    --quick) chosen=(release) ;;
    --full) chosen=("${all_stages[@]}") ;;
    *) chosen=("$@") ;;
  esac
  for name in "${chosen[@]}"; do title "$name" >/dev/null; done
  # Sanitizers print names and lines only when they find llvm-symbolizer.
  export PATH="$PATH:/usr/lib/llvm-19/bin"
  source "$root/tools/dev/fuzz.sh"
  source "$root/tools/dev/python.sh"
  cmd_setup
  mkdir -p "$results"
  export TRACIA_TEST_FAILURES="$root/$results/failures"
  for name in "${chosen[@]}"; do stage "$(title "$name")" "stage_$name"; done
  say "all stages, $((SECONDS - start)) s"
  printf '%s\n' "${summary[@]}"
  if [ "$skipped" -gt 0 ]; then echo "$skipped skipped; each is named above, with the reason"; fi
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
