#!/usr/bin/env python3
"""The tracia command as its users meet it: answers, mistakes, broken providers, closed pipes, signals.

    tests/e2e/test_cli.py build/release/tracia [unittest arguments]

Each test runs the real executable against the real simulator (`tracia simulate`) or a server that answers badly.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

TRACIA = ""
KEYS = {
    "OPENAI_API_KEY": "sk-e2e-0123456789abcdefghijklmnop",
    "ANTHROPIC_API_KEY": "sk-ant-e2e-0123456789abcdefghijklmnop",
    "GEMINI_API_KEY": "AIzaE2e0123456789abcdefghijklmnopqrstuv",
    "AWS_ACCESS_KEY_ID": "AKIAE2E0123456789ABC",
    "AWS_SECRET_ACCESS_KEY": "e2e-secret-0123456789abcdefghijklmnop",
    "VOYAGE_API_KEY": "pa-e2e-0123456789abcdefghijklmnop",
}
CHAT_MODELS = ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "amazon.nova-pro-v1:0"]
EMBEDDING_MODELS = ["text-embedding-3-small", "gemini-embedding-001", "amazon.titan-embed-text-v2:0", "voyage-3"]


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


class Simulator:
    """`tracia simulate` on a free port, for as long as the with block runs."""

    def __init__(self, *flags):
        self.flags = flags

    def __enter__(self):
        command = [TRACIA, "simulate", "--listen", "127.0.0.1:0", "--quiet", *self.flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class RawServer:
    """Answers every connection with the same bytes, and counts connections."""

    def __init__(self, answer):
        self.answer = answer
        self.connections = 0

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(self.answer)
                except OSError:
                    pass  # the client left

    def __exit__(self, *_):
        # The thread ends before the descriptor is free: the next server may get the same number.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


def answer(head, body=b""):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head.encode(), len(body), body)


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.simulator.__exit__()

    def environment(self, url=None, **more):
        url = url or self.simulator.url
        names = ("PATH", "HOME", "ASAN_OPTIONS", "TSAN_OPTIONS")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        urls = {
            "OPENAI_BASE_URL": url + "/v1",
            "ANTHROPIC_BASE_URL": url,
            "GOOGLE_GEMINI_BASE_URL": url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
            "AWS_REGION": "us-east-1",
            "VOYAGE_BASE_URL": url + "/v1",
        }
        merged = {**kept, **KEYS, **urls, **more}
        return {name: value for name, value in merged.items() if value is not None}

    def tracia(self, *arguments, stdin=b"", url=None, **more):
        """Runs the command; checks that no key shows. Returns (exit code, stdout, stderr)."""
        done = subprocess.run([TRACIA, *arguments], input=stdin, capture_output=True, timeout=30,
                              env=self.environment(url, **more))
        out, err = done.stdout.decode(), done.stderr.decode()
        for name, key in KEYS.items():
            self.assertNotIn(key, out + err, f"{name} shows in the output of {arguments}")
        self.assertGreaterEqual(done.returncode, 0, f"{arguments} died of signal {-done.returncode}: {err}")
        return done.returncode, out, err

    def assert_refused(self, code, words, *arguments, **how):
        got, out, err = self.tracia(*arguments, **how)
        self.assertEqual((got, out), (code, ""), err)
        self.assertIn(words, err)
        self.assertLess(len(err), 600, "an error is a line or two")

    # ---- answers

    def test_every_provider_streams_and_answers_the_same_text_whole(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                code, streamed, err = self.tracia("run", "-m", model, "Hello")
                self.assertEqual(code, 0, err)
                code, text, err = self.tracia("run", "-m", model, "Hello", "--json")
                self.assertEqual(code, 0, err)
                result = json.loads(text)
                self.assertEqual(result["text"] + "\n", streamed)
                self.assertEqual(result["finishReason"], "stop")
                self.assertGreater(result["usage"]["outputTokens"], 0)
                self.assertEqual(result["attempts"], 1)

    def test_every_provider_embeds(self):
        for model in EMBEDDING_MODELS:
            with self.subTest(model):
                code, out, err = self.tracia("embed", "-m", model, stdin=b"one\n\ntwo\n")
                self.assertEqual(code, 0, err)
                self.assertEqual(len([json.loads(line) for line in out.splitlines()]), 2)

    def test_stdin_variables_schema_and_files(self):
        code, out, _ = self.tracia("run", "-m", "gpt-4o", stdin=b"rivers")
        self.assertEqual(code, 0)
        self.assertIn("rivers", out)
        code, out, _ = self.tracia("run", "-m", "gpt-4o", "--var", "name=Ada", "{{name}} and {{other}}")
        self.assertIn("Ada and {{other}}", out)
        with tempfile.TemporaryDirectory() as folder:
            image, schema = os.path.join(folder, "dot.png"), os.path.join(folder, "schema.json")
            with open(image, "wb") as file:
                file.write(png())
            with open(schema, "w") as file:
                json.dump({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
                           "additionalProperties": False}, file)
            for model in CHAT_MODELS:
                with self.subTest(model):
                    _, out, err = self.tracia("run", "-m", model, "-f", image, "What is this?")
                    self.assertIn("image/png", out, err)
                    _, out, err = self.tracia("run", "-m", model, "--schema", schema, "A city")
                    self.assertIn("city", json.loads(out), err)

    def test_models_are_found_in_any_case(self):
        code, out, _ = self.tracia("models", "GPT-4O-MINI")
        self.assertEqual(code, 0)
        self.assertIn("gpt-4o-mini", out)
        self.assertEqual(self.tracia("models", "no-such-model")[0], 1)

    # ---- mistakes

    def test_what_is_not_understood_exits_2_and_says_what_to_do(self):
        self.assertEqual(self.tracia()[0], 2)
        self.assert_refused(2, "there is no command 'rnu'", "rnu", "hello")
        self.assert_refused(2, "--model is required", "run", "hello")
        self.assert_refused(2, "--bogus", "run", "-m", "gpt-4o", "--bogus", "hello")
        self.assert_refused(2, "nothing to send", "run", "-m", "gpt-4o")
        self.assert_refused(2, "nothing to embed", "embed", "-m", "voyage-3", stdin=b"\n\n")
        self.assert_refused(2, "not UTF-8", "embed", "-m", "voyage-3", stdin=b"\xff\xfe\n")
        self.assert_refused(2, "not UTF-8", "run", "-m", "gpt-4o", stdin=b"\xff\xfe\n")
        self.assert_refused(2, "NAME=VALUE", "run", "-m", "gpt-4o", "--var", "name", "hello")
        self.assert_refused(2, "between 0 and 2", "run", "-m", "gpt-4o", "-t", "nan", "hello")
        self.assert_refused(2, "not valid JSON", "run", "-m", "gpt-4o", "--options", "{x", "hello")
        for seconds in ("0", "-1", "0.0001", "1e300", "nan"):
            self.assert_refused(2, "--timeout wants seconds", "run", "-m", "gpt-4o", "--timeout", seconds, "hello")
            self.assert_refused(2, "--timeout wants seconds", "embed", "-m", "voyage-3", "--timeout", seconds, "hello")

    def test_files_that_cannot_be_sent_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: os.path.join(folder, name) for name in ("junk.bin", "empty.txt", "huge.txt", "big.txt")}
            contents = {"junk.bin": b"\xff\x00" * 9, "empty.txt": b"", "huge.txt": b"x" * (25 << 20),
                        "big.txt": b"x" * (23 << 20)}
            for name, path in paths.items():
                with open(path, "wb") as file:
                    file.write(contents[name])
            run = ("run", "-m", "gpt-4o", "What?", "-f")
            self.assert_refused(2, "neither an image", *run, paths["junk.bin"])
            self.assert_refused(2, "empty.txt is empty", *run, paths["empty.txt"])
            self.assert_refused(2, "larger than 24 MiB", *run, paths["huge.txt"])
            self.assert_refused(2, "No such file", *run, os.path.join(folder, "missing"))
            self.assert_refused(2, "Is a directory", *run, folder)
            self.assert_refused(1, "Send less text or smaller files", *run, paths["big.txt"], "-f", paths["big.txt"])
        self.assert_refused(2, "stdin is larger than 24 MiB", "run", "-m", "gpt-4o", stdin=b"x" * (40 << 20))

    def test_models_and_keys_that_are_missing(self):
        self.assert_refused(1, "give --provider", "run", "-m", "no-such-model", "hello")
        self.assert_refused(1, "OPENAI_API_KEY", "run", "-m", "gpt-4o", "hello", OPENAI_API_KEY=None)
        self.assert_refused(1, "VOYAGE_API_KEY", "embed", "-m", "voyage-3", "hello", VOYAGE_API_KEY="")
        self.assert_refused(2, "line break", "run", "-m", "gpt-4o", "hello", OPENAI_API_KEY="sk-a\nb: c")

    # ---- providers that are not well

    def test_hosts_that_do_not_answer_as_a_provider_would(self):
        page = b"<html>sign in</html>"
        cases = [
            (answer("301 Moved Permanently\r\nLocation: https://example.com/", page), "redirect"),
            (answer("200 OK\r\nContent-Type: text/html", page), "web page"),
            (answer("404 Not Found\r\nContent-Type: text/html", page), "base URL"),
            (b"", "broke before an answer came"),
            (b"SSH-2.0-OpenSSH_9\r\n", "did not answer in HTTP"),
        ]
        for raw, words in cases:
            with RawServer(raw) as server:
                for model in CHAT_MODELS:
                    for form in ([], ["--json"]):
                        with self.subTest(answer=raw[:30], model=model, form=form):
                            self.assert_refused(1, words, "run", "-m", model, "--retries", "0", *form, "hello",
                                                url=server.url)

    def test_a_key_that_the_provider_repeats_is_not_shown(self):
        # Keys of private deployments look like nothing that a pattern could know.
        key = "0f9e8d7c6b5a41322314a5b6c7d8e9f0"
        body = json.dumps({"error": {"message": f"no such key: {key}"}}).encode()
        with RawServer(answer("401 Unauthorized", body)) as server:
            for form in ([], ["--json"]):
                code, out, err = self.tracia("run", "-m", "gpt-4o", *form, "hello", url=server.url, OPENAI_API_KEY=key)
                self.assertEqual(code, 1)
                self.assertNotIn(key, out + err)
                self.assertIn("no such key: [REDACTED]", err)

    def test_hosts_that_cannot_be_reached(self):
        run = ("run", "-m", "gpt-4o", "--retries", "0", "hello")
        self.assert_refused(1, "connection refused", *run, url="http://user:passw0rd@127.0.0.1:1")
        self.assert_refused(1, "TLS handshake", *run, url=self.simulator.url.replace("http:", "https:"))
        self.assert_refused(1, "Is it https there?", *run, url=self.simulator.url.replace("http:", "https:"))
        with Simulator("--fail-stall", "1") as stalled:
            self.assert_refused(1, "timed out after 500ms", "run", "-m", "gpt-4o", "--no-stream", "--timeout", "0.5",
                                "hello", url=stalled.url)

    def test_faults_of_every_kind_end_in_an_error(self):
        for fault in ("--fail-cut", "--fail-malformed", "--fail-status"):
            with Simulator(fault, "500=1" if fault == "--fail-status" else "1") as broken:
                for model in CHAT_MODELS:
                    for form in ([], ["--json"]):
                        with self.subTest(fault=fault, model=model, form=form):
                            code, _, err = self.tracia("run", "-m", model, "--retries", "0", *form, "Hello",
                                                       url=broken.url)
                            self.assertEqual(code, 1, err)
                            self.assertIn("tracia: [", err)

    # ---- the shell around it

    def start(self, *arguments, url, **how):
        return subprocess.Popen([TRACIA, *arguments], env=self.environment(url), stderr=subprocess.PIPE, **how)

    def test_an_interrupt_ends_a_stream_with_130(self):
        with Simulator("--chunk-delay", "100ms") as slow:
            for sent in (signal.SIGINT, signal.SIGTERM):
                process = self.start("run", "-m", "gpt-4o", "Hello", url=slow.url, stdout=subprocess.PIPE)
                self.assertTrue(process.stdout.read(1))
                process.send_signal(sent)
                process.communicate(timeout=60)
                self.assertEqual(process.returncode, 130)

    def test_an_interrupt_ends_the_wait_for_stdin(self):
        for arguments in (("run", "-m", "gpt-4o"), ("embed", "-m", "voyage-3")):
            process = self.start(*arguments, url=self.simulator.url, stdin=subprocess.PIPE)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            self.assertEqual(process.returncode, -signal.SIGINT)
            process.communicate()

    def test_a_reader_that_leaves_ends_the_stream(self):
        with Simulator("--chunk-delay", "100ms") as slow:
            process = self.start("run", "-m", "gpt-4o", "tell me long", url=slow.url, stdout=subprocess.PIPE)
            self.assertTrue(os.read(process.stdout.fileno(), 4))
            process.stdout.close()
            self.assertEqual(process.wait(timeout=60), 1, "it read on what nobody sees")
            self.assertEqual(process.stderr.read(), b"")
            process.stderr.close()

    def test_output_that_cannot_be_written_is_a_failure(self):
        for arguments in (("run", "-m", "gpt-4o", "hi"), ("run", "-m", "gpt-4o", "--json", "hi"),
                          ("embed", "-m", "voyage-3", "hi"), ("models",), ("run", "--help")):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                done = subprocess.run([TRACIA, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      env=self.environment(), timeout=30)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"could not be written", done.stderr)

    def test_closed_standard_descriptors_are_not_given_to_sockets(self):
        command = '"$0" run -m gpt-4o hi {}'
        for closed, code in (("<&- 2>&-", 0), (">&-", 1)):
            done = subprocess.run(["sh", "-c", command.format(closed), TRACIA], env=self.environment(), timeout=30,
                                  capture_output=True)
            self.assertEqual(done.returncode, code, done.stderr)

    def test_a_dead_tracia_server_does_not_break_a_call(self):
        code, out, err = self.tracia("run", "-m", "gpt-4o", "hi", TRACIA_API_KEY="tr_" + "k" * 43,
                                     TRACIA_BASE_URL="http://127.0.0.1:1")
        self.assertEqual(code, 0, err)
        self.assertTrue(out)
        self.assertIn("was not stored", err)
        self.assertNotIn("kkkk", out + err)


if __name__ == "__main__":
    TRACIA = os.path.abspath(sys.argv.pop(1))
    unittest.main()
