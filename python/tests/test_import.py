"""What an import loads, and what the package promises at the end of a process."""

import os
import subprocess
import sys
import textwrap

HEAVY = ("pydantic", "asyncio", "ssl", "concurrent.futures", "http", "socket", "inspect", "tracia.models.results")

FORK = ("-W", "ignore::DeprecationWarning")  # newer Pythons warn of fork() beside any thread


def python(code: str, *flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **env},
    )


def test_the_import_is_light():
    done = python(
        f"""
        import sys
        before = set(sys.modules)
        import tracia
        from tracia import Tracia, TraciaError, TraciaErrorCode, LLMProvider, Eval
        Tracia("tr_x")
        print([name for name in {HEAVY!r} if name in sys.modules and name not in before])
        """
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_version_is_the_native_clients():
    done = python("import tracia, tracia._native as n; assert tracia.__version__ == n.VERSION; print(n.VERSION)")
    assert done.stdout.count(".") == 2


def test_names_are_listed_without_being_loaded():
    done = python("import sys, tracia; print('RunLocalResult' in dir(tracia), 'pydantic' in sys.modules)")
    assert done.stdout.split() == ["True", "False"]


def test_an_unclosed_client_is_silent_at_the_end_of_the_process_and_sends_its_spans(fake):
    done = python(
        """
        from tracia import Tracia
        client = Tracia("tr_x")
        print(client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "say hi"}]).text)
        stream = client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "say hi"}], stream=True)
        print(stream.result.result(30).text)
        """,
        "-X",
        "dev",
        TRACIA_BASE_URL=fake.url,
        TRACIA_API_KEY="tr_x",
    )
    assert (done.stdout.split(), done.stderr, done.returncode) == (["hi", "hi"], "", 0)
    assert len([each for each in fake.requests if "/api/v1/spans" in each["path"]]) >= 1


def test_a_used_client_that_is_dropped_unclosed_warns_and_an_unused_one_does_not(fake):
    code = """
        import gc
        from tracia import Tracia
        client = Tracia("tr_x", flush_timeout_ms=10)
        if {used}:
            client.run_local(model="gpt-4o", messages=[{{"role": "user", "content": "say hi"}}])
        del client
        gc.collect()
        """
    assert "was not closed" in python(code.format(used=True), "-W", "always").stderr
    assert python(code.format(used=False), "-W", "always").stderr == ""


def test_a_child_of_fork_can_call_and_its_parent_too(fake):
    done = python(
        """
        import os, sys
        from tracia.testing import recording_client
        def say(client, text):
            return client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "say " + text}]).text
        client = recording_client(mask=lambda span: {**span, "output": "masked"})
        assert say(client, "before") == "before"
        child = os.fork()
        if child == 0:
            assert say(client, "child") == "child"
            assert client.spans[-1]["output"] == "masked", client.spans
            client.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert say(client, "after") == "after"
        assert {span["output"] for span in client.spans} == {"masked"}
        client.close()
        print("ok")
        """,
        *FORK,
    )
    assert (done.stdout.strip(), done.stderr) == ("ok", "")


def test_a_child_of_multiprocessing_sends_its_spans_at_its_end(fake):
    done = python(
        """
        import multiprocessing
        from tracia import Tracia
        client = Tracia("tr_x")
        def work():
            client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "say hi"}], name="in the child")
        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
        child.join()
        print(child.exitcode)
        client.close()
        """,
        *FORK,
        TRACIA_BASE_URL=fake.url,
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")
    assert any("in the child" in str(each["body"]) for each in fake.requests if "/api/v1/spans" in each["path"])


def test_ctrl_c_ends_a_call_that_waits(fake):
    done = python(
        """
        import _thread, threading, urllib.request
        from tracia import Tracia
        client = Tracia()
        threading.Timer(0.3, _thread.interrupt_main).start()
        try:
            client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "hold"}])
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert done.stdout.strip() == "interrupted", done.stderr
