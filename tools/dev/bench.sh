# Sourced by ./dev: runs the benchmarks as one suite. Each program leaves its figures in build/bench/TIME/, and
# benchmarks/report.py makes one table of them: against the targets, the previous run here, and the reference.

# NAME|what it measures. All but those of benchmarks_on_demand run without a name.
benchmarks=(
  "run_local|a call of the C++ client over a bare libcurl POST"
  "transport|the transport alone over a bare libcurl POST"
  "codec|provider codecs, over parsing the same JSON"
  "span|writing, reading and recording spans, over parsing and copying"
  "otlp|reading OpenTelemetry, over our own JSON"
  "simulator|answers a second of the simulator"
  "store|the span store: ingest over raw SQLite, disk over JSON, reads (TRACIA_BENCH_SPANS, else 1,000,000)"
  "server|tracia serve: start, memory, CPU and latency that a call adds, ingest, slow clients"
  "python|the Python package over httpx, openai and LiteLLM (installs those)"
  "dashboard|the dashboard in headless Chromium"
)
benchmarks_on_demand=(
  "peers|gateways and collectors of others beside ours, each installed into build/peers:"
  "peers|  ./dev bench peers [litellm|portkey|bifrost|phoenix|mlflow]…"
)

list_benchmarks() {
  local line
  for line in "${benchmarks[@]}" "${benchmarks_on_demand[@]}"; do printf '%-12s %s\n' "${line%%|*}" "${line#*|}"; done
}

bench_usage() {
  cat <<'TEXT'
Usage: ./dev bench [NAME…]            run all, or these; results are kept in build/bench/TIME
       ./dev bench peers [PEER…]      other gateways and collectors beside ours
       ./dev bench --list             the names
       ./dev bench --compare A B      two runs (folders, or their names below build/bench)
       ./dev bench --markdown [RUN]   refill the tables of docs/benchmarks.md with the newest figures
       ./dev bench --reference [RUN]  keep the ratios in benchmarks/reference.json
TEXT
}

# The Python package against httpx, openai and LiteLLM, in an environment of its own, made when it is asked for.
bench_python() {
  local venv=build/bench-venv
  build_wheel
  if [ ! -x "$venv/bin/python" ]; then python3 -m venv "$venv"; fi
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r benchmarks/python/requirements.txt
  "$venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$python_dist"/*.whl
  "$venv/bin/python" benchmarks/python/python_bench.py
}

bench_dashboard() {
  if ! install_chromium; then
    echo "left out: the dashboard; Chromium is not here"
    return
  fi
  node benchmarks/dashboard.mjs
}

# bench_program NAME FOLDER: one program of build/release/benchmarks. Those of Google Benchmark repeat their cases in
# mixed order, so that a slow moment of the machine does not fall on one of them alone.
bench_program() {
  local program="build/release/benchmarks/$1_bench"
  if grep -aq benchmark10Initialize "$program"; then
    "$program" "--benchmark_out=$2/$1.gbench.json" --benchmark_out_format=json --benchmark_repetitions=5 \
      --benchmark_enable_random_interleaving=true --benchmark_min_time=0.1 --benchmark_display_aggregates_only=true
  else
    TRACIA_BENCH_ROWS="$2/$1.rows.json" "$program"
  fi
}

# A program that fails does not stop the others; what it left is still reported. In a subshell, where the first command
# that fails ends it.
run_one() {
  local name="$1" folder="$2" status
  shift 2
  say "$name"
  sync  # what the last one wrote must not be on its way to the disk meanwhile
  set +e
  (
    set -e
    case "$name" in
      python | dashboard) TRACIA_BENCH_ROWS="$root/$folder/$name.rows.json" "bench_$name" ;;
      peers) TRACIA_BENCH_FOLDER="$root/$folder" python3 benchmarks/peers/peers.py "$@" ;;
      *) bench_program "$name" "$folder" ;;
    esac
  ) 2>&1 | tee "$folder/$name.txt"
  status=${PIPESTATUS[0]}
  set -e
  if [ "$status" -ne 0 ]; then say "$name ended with $status"; fi
}

run_benchmarks() {
  local folder names=() known name
  known=" $(list_benchmarks | awk '{ print $1 }' | tr '\n' ' ') "
  folder="build/bench/$(date -u +%Y%m%dT%H%M%SZ)"
  if [ "${1:-}" = peers ]; then
    names=(peers)
    shift
  else
    names=("$@")
    set --
  fi
  if [ "${#names[@]}" -eq 0 ]; then mapfile -t names < <(printf '%s\n' "${benchmarks[@]%%|*}"); fi
  for name in "${names[@]}"; do
    [[ "$known" == *" $name "* ]] || die "no benchmark '$name'; ./dev bench --list"
  done
  cmd_build release benchmarks/all
  python3 benchmarks/report.py start "$folder"
  for name in "${names[@]}"; do run_one "$name" "$folder" "$@"; done
  python3 benchmarks/report.py finish "$folder"
  say "results are in $folder"
}
