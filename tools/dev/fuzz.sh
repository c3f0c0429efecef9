# Sourced by ./dev: the fuzzers of tests/fuzz, built with address and undefined-behaviour sanitizers.

list_fuzzers() { find build/fuzz -maxdepth 4 -type f -name 'fuzz_*' -perm -u+x | sed 's|.*/fuzz_||' | sort; }

# run_fuzzer NAME SECONDS [FLAG...]: runs one fuzzer from a copy of its kept inputs, so that a run leaves the tree as it was. What made it crash is kept in
# build/fuzz/found/<name>-*; move it to tests/fuzz/corpus/<name>/ together with the fix.
run_fuzzer() {
  local name="$1" seconds="$2" binary corpus="build/fuzz/corpus/$1"
  shift 2
  binary="$(find build/fuzz -maxdepth 4 -type f -name "fuzz_$name" -perm -u+x | head -1)"
  [ -n "$binary" ] || die "no fuzzer '$name'; ./dev fuzz lists them"
  mkdir -p "$corpus" build/fuzz/found
  if [ -d "tests/fuzz/corpus/$name" ]; then cp -rn "tests/fuzz/corpus/$name/." "$corpus/"; fi
  "$binary" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "$@"
}
