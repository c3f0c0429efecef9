#!/usr/bin/env python3
"""Counts the tests of one stage: prints "PASSED FAILED SKIPPED".

count.py ctest JUNIT GTEST_FOLDER   a ctest run: each GoogleTest program that left <name>.xml in the folder counts with
                                    its cases, any other ctest entry as one test
count.py junit FILE                 a pytest run

A program that ctest calls failed although all its cases passed (a leak at exit), or that left no file (it crashed),
counts as one failure. Files that cannot be read count as one failure: a test run without a report is not a pass.

Names of failed tests go to the file that TRACIA_TEST_FAILURES names, one a line: the summary ends with them.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def say_skipped(case):
    """A test that is skipped is named with its reason: nothing is left out in silence."""
    note = case.find("skipped")
    reason = note.get("message", "") if note is not None else "disabled"
    reason = reason.split("\n", 1)[-1].strip()  # the first line is file and line
    print(f"skipped: {case.get('classname')}.{case.get('name')}: {reason}", file=sys.stderr)


def note_failed(name):
    if path := os.environ.get("TRACIA_TEST_FAILURES"):
        with open(path, "a", encoding="utf-8") as file:
            print(name, file=file)


def gtest_cases(path):
    """(passed, failed, skipped) of a GoogleTest report."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None:
            failed += 1
            note_failed(f"{case.get('classname')}.{case.get('name')}")
        elif case.get("result") in ("skipped", "suppressed") or case.find("skipped") is not None:
            skipped += 1
            say_skipped(case)
        else:
            passed += 1
    return passed, failed, skipped


def ctest(junit, gtest_folder):
    total = [0, 0, 0]
    for entry in ElementTree.parse(junit).getroot().iter("testcase"):
        status = entry.get("status")
        report = Path(gtest_folder) / f"{entry.get('name')}.xml"
        if report.is_file():
            counts = gtest_cases(report)
            if status == "fail" and counts[1] == 0:
                note_failed(entry.get("name"))
                counts = (counts[0], 1, counts[2])
        elif status == "run":
            counts = (1, 0, 0)
        elif status == "fail":
            note_failed(entry.get("name"))
            counts = (0, 1, 0)
        else:
            counts = (0, 0, 1)
        total = [a + b for a, b in zip(total, counts)]
    return total


def pytest(junit):
    total = [0, 0, 0]
    for suite in ElementTree.parse(junit).getroot().iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        total = [total[0] + int(suite.get("tests", 0)) - failed - skipped, total[1] + failed, total[2] + skipped]
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                note_failed(f"{case.get('classname')}.{case.get('name')}")
    return total


def main():
    try:
        total = ctest(sys.argv[2], sys.argv[3]) if sys.argv[1] == "ctest" else pytest(sys.argv[2])
    except (OSError, ElementTree.ParseError) as error:
        print(f"count: {error}", file=sys.stderr)
        total = [0, 1, 0]
    print(*total)


if __name__ == "__main__":
    main()
