# Sourced by ./dev: the demo. Without a provider's key it talks to the simulator, which it starts and always stops.

has_vendor_key() {
  [ -n "${OPENAI_API_KEY:-}${ANTHROPIC_API_KEY:-}${GOOGLE_API_KEY:-}${GEMINI_API_KEY:-}" ]
}

# Starts the simulator on a free port; sets simulator_pid and simulator_url. Its output goes to the file $1.
# A script's background processes ignore Ctrl-C, so the traps end them.
start_simulator() {
  build/release/tracia simulate --listen 127.0.0.1:0 >"$1" 2>&1 </dev/null &
  simulator_pid=$!
  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    simulator_url="$(grep -oE -m1 'http://127\.0\.0\.1:[0-9]+' "$1" || true)"
    if [ -n "$simulator_url" ]; then return; fi
    kill -0 "$simulator_pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$1" >&2
  die "the simulator did not start"
}

stop_all() {
  local pid
  for pid in ${demo_pid:-} ${simulator_pid:-}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  demo_pid='' simulator_pid=''
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

run_demo() {
  if has_vendor_key; then
    say "demo, with the provider whose key is in the environment"
    build/release/tracia-demo "$@"
    return
  fi
  say "demo, with the simulator (set OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY to use a real provider)"
  start_simulator build/simulator.log
  use_simulator "$simulator_url"
  export TRACIA_DEMO_ALL_PROVIDERS=1
  local status=0
  # In the background, so that Ctrl-C reaches the traps at once.
  build/release/tracia-demo "$@" &
  demo_pid=$!
  wait "$demo_pid" || status=$?
  stop_all
  if [ "$status" -eq 0 ]; then
    say "done. The same from a shell: ./dev run simulate, then in another one"
    say "  OPENAI_API_KEY=x OPENAI_BASE_URL=http://127.0.0.1:7071/v1 ./dev run run -m gpt-4o-mini 'Hello'"
  fi
  return "$status"
}
