# Sourced by ./dev: runs the benchmarks and keeps what they measured. Ratios within one run are what counts: absolute
# times change from machine to machine and from day to day.

describe_machine() {
  echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors," \
    "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), Linux $(uname -r)"
  echo "compiler: $(clang++-19 --version | head -1), release build"
  echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
  echo "commit: $(git rev-parse --short HEAD)$(git diff --quiet HEAD || echo ', with local changes')"
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

run_benchmarks() {
  local wanted="${1:-}" program name folder found=0
  folder="build/bench/$(date -u +%Y%m%dT%H%M%SZ)"
  mkdir -p "$folder"
  describe_machine | tee "$folder/machine.txt"
  for program in build/release/benchmarks/*; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
    name="$(basename "$program")"
    if [ -n "$wanted" ] && [ "$name" != "$wanted" ] && [ "$name" != "${wanted}_bench" ]; then continue; fi
    found=1
    local command=("$program" "--benchmark_out=$folder/$name.json" --benchmark_out_format=json)
    # Programs that are not Google Benchmark's print their own table.
    if ! grep -aq benchmark10Initialize "$program"; then command=("$program"); fi
    say "${command[*]}"
    "${command[@]}" | tee "$folder/$name.txt"
  done
  if [ -z "$wanted" ] || [ "$wanted" = python ]; then
    found=1
    say "benchmarks/python/python_bench.py"
    bench_python | tee "$folder/python.txt"
  fi
  [ "$found" = 1 ] || die "no benchmark '$wanted' in build/release/benchmarks"
  say "results are in $folder"
}
