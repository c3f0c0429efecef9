#!/usr/bin/env bash
# Carries out packaging/Dockerfile without an engine: each stage in a bare Debian (debootstrap) in ROOT, its RUN and
# COPY lines as they stand; then starts what the image would start, as its user, as process 1, and asks it from outside.
# The same lines, but not the same base image: debootstrap's minimal Debian 12 stands in for debian:bookworm(-slim).
#
#   ./dev package try-image ROOT [--tarball FILE] [--base FOLDER] [--with FILE]…
#
#   --tarball FILE   take the build stage as done: it gave this tarball. Minutes instead of the whole build
#   --base FOLDER    a minimal Debian 12 that is there already, copied instead of made
#   --with FILE      a file of this machine that the builds need too, at the same path: a proxy's certificate, .npmrc
#
# As root, for chroot and mount. ROOT must not exist; it stays, to look into.
set -euo pipefail

here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'try_dockerfile: %s\n' "$*" >&2; exit 1; }

[ $# -ge 1 ] || { sed -n '2,/^set/p' "${BASH_SOURCE[0]}" | grep '^#' | cut -c3-; exit 2; }
root="$1" tarball="" base="" with=(/etc/resolv.conf)
shift
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 wants a value"
  case "$1" in
    --tarball) tarball="$(readlink -f "$2")" ;;
    --base) base="$(readlink -f "$2")" ;;
    --with) with+=("$2") ;;
    *) die "no option '$1'" ;;
  esac
  shift 2
done
[ "$(id -u)" -eq 0 ] || die "it has to be root"
command -v debootstrap >/dev/null || [ -n "$base" ] || die "install debootstrap first"
[ ! -e "$root" ] || die "$root is there already"
mkdir -p "$root"
root="$(readlink -f "$root")"

server="" mounted=()
cleanup() {
  local folder
  if [ -n "$server" ]; then stop_image "$server" >/dev/null 2>&1 || true; fi
  for folder in "${mounted[@]}"; do umount "$folder" 2>/dev/null || umount -l "$folder"; done
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What the lines above have set, for the stage that is being carried out.
stage="" workdir=/ user=0:0 environment=() entrypoint=() command=() health=() port=""

make_stage() {
  local file
  stage="$1" workdir=/ user=0:0 environment=()
  say "stage $stage"
  if [ -n "$base" ]; then
    cp -a "$base" "$root/$stage"
  else
    debootstrap --variant=minbase bookworm "$root/$stage" >"$root/$stage.debootstrap.log" ||
      { tail -20 "$root/$stage.debootstrap.log"; die "debootstrap failed"; }
  fi
  for file in "${with[@]}"; do
    mkdir -p "$root/$stage/$(dirname "$file")"
    cp -L "$file" "$root/$stage/$file"
  done
  mount -t proc proc "$root/$stage/proc"
  mounted+=("$root/$stage/proc")
}

in_stage() {
  env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${environment[@]}" "$@"
}

# The build's context: a fresh clone of what is committed, as somebody else would have it.
context() {
  if [ ! -d "$root/context" ]; then
    git clone --quiet --depth 1 "file://$(git -C "$here" rev-parse --show-toplevel)" "$root/context"
  fi
  echo "$root/context"
}

copy() {
  local from into to source
  if [[ "$1" == --from=* ]]; then from="$root/${1#--from=}"; shift; else from="$(context)"; fi
  to="${*: -1}"
  case "$to" in /*) into="$root/$stage$to" ;; *) into="$root/$stage$workdir/$to" ;; esac
  for source in "${@:1:$#-1}"; do
    if [ -d "$from/$source" ]; then
      mkdir -p "$into"
      cp -a --no-preserve=ownership "$from/$source/." "$into"
    else
      case "$into" in */) mkdir -p "$into" ;; esac
      cp -a --no-preserve=ownership "$from/$source" "$into"
    fi
  done
}

carry_out() {
  local name="$1"
  shift
  say "$stage: $name $*"
  case "$name" in
    WORKDIR) workdir="$1"; mkdir -p "$root/$stage$workdir" ;;
    RUN) in_stage chroot "$root/$stage" /bin/sh -c "cd $workdir && $1" ;;
    COPY) copy "$@" ;;
    ENV) environment+=("$@") ;;
    USER) user="$1" ;;
    EXPOSE) port="$1" ;;
    ENTRYPOINT) entrypoint=("$@") ;;
    CMD) command=("$@") ;;
    HEALTHCHECK) health=("$@") ;;
    VOLUME | STOPSIGNAL) ;;
    *) die "$name cannot be carried out" ;;
  esac
}

in_image() { in_stage chroot --userspec="$user" "$root/$stage" "$@"; }

# With --tarball, what the build stage would leave.
stand_in() {
  mkdir -p "$root/build/tracia"
  tar -xzf "$tarball" -C "$root/build/tracia" --strip-components=1 --no-same-owner
}

# Sends SIGTERM to the process itself, the innermost child: unshare does not pass it on. False when it goes on.
stop_image() {
  local process="$1" child tries
  while child="$(cut -d' ' -f1 "/proc/$process/task/$process/children")" && [ -n "$child" ]; do process="$child"; done
  kill -TERM "$process"
  for ((tries = 0; tries < 300; tries++)); do
    kill -0 "$process" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}

# Starts the image's process as number 1 of its own process space, as an engine does, on a free port; asks it; stops it.
try_image() {
  local tries address key answer status=0
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  environment+=("TRACIA_LISTEN=0.0.0.0:$port")
  address="http://127.0.0.1:$port"
  say "start: ${entrypoint[*]} ${command[*]} as $user"
  in_stage unshare --pid --fork --mount-proc="$root/$stage/proc" \
    chroot --userspec="$user" "$root/$stage" "${entrypoint[@]}" "${command[@]}" >"$root/server.log" 2>&1 &
  server=$!
  for ((tries = 0; tries < 300; tries++)); do
    if in_image "${health[@]}" >/dev/null 2>&1; then break; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  in_image "${health[@]}" || { cat "$root/server.log"; die "the health check does not pass"; }
  [ "$(curl -fsS --noproxy '*' "$address/healthz")" = '{"status":"ok"}' ] || die "it is not reached from outside"
  key="$(in_image "${entrypoint[@]}" keys create --name try 2>/dev/null)"
  answer="$(curl -fsS --noproxy '*' "$address/api/v1/prompts" -H "Authorization: Bearer $key" \
    -d '{"name": "Try", "model": "gpt-4o", "content": [{"id": "m", "role": "user", "content": "Hi"}]}')"
  grep -q '"slug":"try"' <<<"$answer" || die "no prompt was made: $answer"
  stop_image "$server" || die "it still runs half a minute after SIGTERM"
  wait "$server" || status=$?
  server=""
  [ "$status" -eq 0 ] || { cat "$root/server.log"; die "it ended with $status at SIGTERM"; }
  if in_image "${health[@]}" >/dev/null 2>&1; then die "the health check passes with no server"; fi
  say "the image starts as $user, is healthy, answers from outside and stops at SIGTERM with 0"
}

if [ -n "$tarball" ]; then stand_in; fi
while IFS=$'\t' read -r -u 3 of name rest; do
  if [ -n "$tarball" ] && [ "$of" = build ]; then continue; fi
  if [ "$name" = FROM ]; then make_stage "$of"; continue; fi
  IFS=$'\t' read -r -a words <<<"$rest"
  carry_out "$name" "${words[@]}"
done 3< <(python3 "$here/dockerfile.py" plan)
try_image
