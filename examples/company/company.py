"""Plays a small company against a running server: see README.md beside this file.

    TRACIA_BASE_URL=http://127.0.0.1:7070 TRACIA_API_KEY=tr_… python company.py [--days N] [--no-live]
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request

import history
import setup


def connect(base_url, api_key):
    def api(method, path, body=None):
        request = urllib.request.Request(base_url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None
        except urllib.error.URLError as error:
            raise SystemExit(f"{base_url} does not answer: {error.reason}") from None
    return api


def progress(done, total):
    if sys.stderr.isatty():
        print(f"\r  two weeks of traffic: {100 * done // total} %", end="\n" if done == total else "", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Fills a project with a small company's worth of data, by using the product.")
    parser.add_argument("--days", type=int, default=14, help="how much past (default 14)")
    parser.add_argument("--traces-a-day", type=int, default=120)
    parser.add_argument("--no-live", action="store_true", help="only the past: calls no model")
    parser.add_argument("--no-embedding", action="store_true", help="leave out what needs an embedding model of OpenAI")
    parser.add_argument("--model", default="gpt-4o-mini", help="for the live calls")
    parser.add_argument("--other-model", default="claude-sonnet-4-5", help="for the call through the gateway")
    arguments = parser.parse_args()
    base_url = os.environ.get("TRACIA_BASE_URL", "http://127.0.0.1:7070").rstrip("/")
    api_key = os.environ.get("TRACIA_API_KEY") or parser.error("set TRACIA_API_KEY to a project's key")
    api = connect(base_url, api_key)

    setup.make_prompts(api)
    experiment = setup.start_experiment(api)
    print("  prompts with versions and labels, an experiment", file=sys.stderr)
    past = history.History(api, experiment, arguments.days, arguments.traces_a_day)
    past.play(progress)
    print(f"  {past.stored} spans of the last {arguments.days} days, {len(past.ratings)} ratings", file=sys.stderr)
    if not arguments.no_live:
        import live
        for line in live.play(base_url, api_key, arguments.model, arguments.other_model, not arguments.no_embedding):
            print(f"  {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
