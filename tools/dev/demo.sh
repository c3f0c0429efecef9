# Sourced by ./dev: the demo. A server with a small company's worth of data (examples/company), until Ctrl-C. Without a
# provider's key it talks to the simulator. What it keeps is in build/demo; the next run finds it there.

demo_port="${TRACIA_DEMO_PORT:-7070}"
demo_folder="${TRACIA_DEMO_DATA:-build/demo}"
demo_pids=()

has_vendor_key() {
  [ -n "${OPENAI_API_KEY:-}${ANTHROPIC_API_KEY:-}${GOOGLE_API_KEY:-}${GEMINI_API_KEY:-}" ]
}

# start LOG PATTERN COMMAND…: starts it in the background, and waits until its log has PATTERN, which goes to $found.
# A script's background processes ignore Ctrl-C, so the traps end them.
start() {
  local log="$1" pattern="$2" pid tries
  shift 2
  : >"$log"
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  demo_pids=("$pid" "${demo_pids[@]}")
  for ((tries = 0; tries < 300; tries++)); do
    found="$(grep -oE -m1 "$pattern" "$log" || true)"
    if [ -n "$found" ]; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  die "it did not start: $*"
}

stop_all() {
  local pid
  for pid in "${demo_pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  demo_pids=()
}

# Points every provider of this process's children at the simulator, with keys that are none.
use_simulator() {
  export OPENAI_BASE_URL="$1/v1" OPENAI_API_KEY=simulated
  export ANTHROPIC_BASE_URL="$1" ANTHROPIC_API_KEY=simulated
  export GOOGLE_GEMINI_BASE_URL="$1" GOOGLE_API_KEY=simulated
  export VOYAGE_BASE_URL="$1/v1" VOYAGE_API_KEY=simulated
  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME="$1" AWS_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated
  unset AWS_SESSION_TOKEN AWS_BEARER_TOKEN_BEDROCK AWS_PROFILE GEMINI_API_KEY
  # The simulator is on this machine: no proxy in between.
  export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
}

# demo_secret NAME PREFIX: a random one, kept for the next run.
demo_secret() {
  local file="$demo_folder/$1"
  if [ ! -s "$file" ]; then (umask 077 && echo "$2$(od -An -N 24 -tx1 /dev/urandom | tr -d ' \n')" >"$file"); fi
  cat "$file"
}

# The Python package, as a wheel in an environment of its own, with what the company's applications use besides. Built
# again when a source changed.
demo_python() {
  local stamp="$demo_folder/python.sum" wanted
  wanted="$(git ls-files -- python libs examples/company/requirements.txt | xargs sha256sum | sha256sum)"
  if [ -x "$demo_folder/venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
  source "$root/tools/dev/python.sh"
  build_wheel >/dev/null
  [ -x "$demo_folder/venv/bin/python" ] || .venv/bin/python -m venv "$demo_folder/venv"
  "$demo_folder/venv/bin/pip" install --quiet --disable-pip-version-check -r examples/company/requirements.txt
  "$demo_folder/venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$python_dist"/*.whl
  echo "$wanted" >"$stamp"
}

# The owner's account, by the link that the server printed at its first start.
make_owner() {
  local token
  token="$(grep -oE 'setup\?token=[A-Za-z0-9_-]+' "$demo_folder/server.log" | head -1 | cut -d= -f2 || true)"
  if [ -z "$token" ]; then return; fi
  "$demo_folder/venv/bin/python" - "$1" "$token" "$demo_email" "$demo_password" <<'PYTHON'
import json, sys, urllib.request
url, token, email, password = sys.argv[1:]
body = json.dumps({"token": token, "email": email, "name": "Demo Owner", "password": password}).encode()
urllib.request.urlopen(urllib.request.Request(url + "/api/v1/auth/setup", data=body, headers={"Content-Type": "application/json"}))
PYTHON
}

# run_demo [--once]: --once ends when everything has run, for scripts.
run_demo() {
  local url began=$SECONDS models=() address="127.0.0.1:$demo_port"
  mkdir -p "$demo_folder"
  demo_python
  demo_email=demo@example.com demo_password="$(demo_secret password '')"
  export TRACIA_BOOTSTRAP_API_KEY
  TRACIA_BOOTSTRAP_API_KEY="$(demo_secret api-key tr_)"
  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP

  if has_vendor_key; then
    say "live calls go to the provider whose key is in the environment"
    if [ -z "${OPENAI_API_KEY:-}" ]; then
      if [ -n "${ANTHROPIC_API_KEY:-}" ]; then models=(--model claude-haiku-4-5 --other-model claude-haiku-4-5 --no-embedding)
      else models=(--model gemini-2.5-flash --other-model gemini-2.5-flash --no-embedding); fi
    else models=(--other-model gpt-4o-mini); fi
  else
    say "live calls go to the simulator (set OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY to use a real provider)"
    start "$demo_folder/simulator.log" 'http://127\.0\.0\.1:[0-9]+' build/release/tracia simulate --listen 127.0.0.1:0
    use_simulator "$found"
    export TRACIA_DEMO_ALL_PROVIDERS=1
  fi
  start "$demo_folder/server.log" 'http://127\.0\.0\.1:[0-9]+' build/release/tracia serve --data "$demo_folder/data" \
    --listen "$address" --log-format json
  url="$found"
  make_owner "$url"

  export TRACIA_BASE_URL="$url" TRACIA_API_KEY="$TRACIA_BOOTSTRAP_API_KEY"
  say "a company that sells lamps, its people and its applications"
  if [ -e "$demo_folder/played" ]; then models+=(--days 0); fi
  "$demo_folder/venv/bin/python" examples/company/company.py "${models[@]}"
  touch "$demo_folder/played"
  say "an application in C++"
  build/release/tracia-demo >"$demo_folder/conversation.log" 2>&1 || { cat "$demo_folder/conversation.log"; die "it failed"; }
  echo "  $(tail -1 "$demo_folder/conversation.log")"

  cat <<TEXT

  Tracia runs at  $url
  sign in with    $demo_email   password: $demo_password
  API key         $TRACIA_API_KEY

  To try next:
    the Playground: open the prompt "Support reply", compare versions 2 and 3 side by side
    Experiments: which of the two do customers rate higher?
    Traces: "replace a broken lamp", an agent and its tools
    curl -s $url/api/v1/prompts/support-reply/run -H "Authorization: Bearer $TRACIA_API_KEY" \\
      -d '{"variables": {"customer_name": "Ada", "question": "Where is my order?"}}'

  Everything is in $demo_folder; delete it to begin anew. (Ready after $((SECONDS - began)) s.)
TEXT
  if [ "${1:-}" = --once ]; then
    stop_all
    return
  fi
  echo "  Ctrl-C stops it."
  wait "${demo_pids[0]}" || die "the server ended; its log is $demo_folder/server.log"
}
