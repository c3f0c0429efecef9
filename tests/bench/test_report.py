"""The suite's arithmetic: what is a ratio, when a target is met, when a figure became worse, what the page says."""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))
import report  # noqa: E402

MACHINE = {"processor": "a", "processors": 2, "memory_gib": 8, "kernel": "6", "load_before": "0.10 0.20 0.30"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty build/bench, reference and page."""
    monkeypatch.setattr(report, "RUNS", tmp_path / "bench")
    monkeypatch.setattr(report, "REFERENCE", tmp_path / "reference.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "page.md")
    return tmp_path


def make_run(place, name, rows, machine=None, program="codec"):
    folder = place / "bench" / name
    folder.mkdir(parents=True)
    (folder / "machine.json").write_text(json.dumps({"machine": machine or MACHINE, "commit": "abc"}))
    (folder / f"{program}.rows.json").write_text(json.dumps({"rows": rows}))
    report.convert(folder)
    return folder


def row(value, **more):
    return {"metric": "call", "unit": "us", "value": value, **more}


def google(name, time, unit="ns", label="", **more):
    return {"name": name, "run_type": "iteration", "cpu_time": time, "real_time": time * 2, "time_unit": unit,
            "label": label, **more}


def test_a_rows_file_becomes_a_record_with_machine_commit_ratio_and_verdict(place):
    folder = make_run(place, "1", [row(30, baseline=20, target=1.15, of="ratio")])
    record = json.loads((folder / "codec.json").read_text())
    assert record == {"name": "codec", "machine": MACHINE, "commit": "abc",
                      "rows": [{"metric": "call", "unit": "us", "value": 30, "baseline": 20, "target": 1.15,
                                "of": "ratio", "ratio": 1.5, "met": False}]}
    assert not (folder / "codec.rows.json").exists()


@pytest.mark.parametrize("measured, met", [
    (row(80, target=80), True), (row(80.1, target=80), False),
    (row(80, target=80, baseline=10), True),  # a target is for the value unless the row says otherwise
    (row(4, target=0.5, baseline=10, of="ratio"), True),
    (row(9, target=10, better="more"), False), (row(11, target=10, better="more"), True),
    (row(0, target=0), True), (row(1, target=0), False),
])
def test_a_target_is_met_or_not(measured, met):
    assert report.complete(measured)["met"] is met


def test_a_row_without_target_has_no_verdict_and_an_empty_baseline_no_ratio():
    assert report.complete(row(3, baseline=0, target=None)) == row(3, baseline=0)


def test_google_benchmarks_are_converted_to_microseconds_of_cpu_and_the_middle_of_the_repetitions():
    rows = report.from_google({"benchmarks": [google("f/8", time) for time in (3000, 1000, 2000)]})
    assert rows == [{"metric": "f/8", "unit": "us", "value": 2.0}]


def test_a_label_names_the_baseline():
    rows = report.from_google({"benchmarks": [google("slow", 6, "us", "over fast"), google("fast", 2, "us")]})
    assert rows[0] == {"metric": "slow over fast", "unit": "us", "value": 6, "baseline": 2}


def test_items_are_what_counts_where_they_are_counted():
    # 10 us of CPU for an iteration of 1,000,000/s items: 10 items.
    one = report.from_google({"benchmarks": [google("f", 10, "us", items_per_second=1e6)]})
    assert one[0]["value"] == pytest.approx(1)
    # Rated by real time: 20 us of it at 1,000,000/s are 20 items.
    other = report.from_google({"benchmarks": [google("f/process_time/real_time", 10, "us", items_per_second=1e6)]})
    assert other == [{"metric": "f", "unit": "us", "value": pytest.approx(0.5)}]


def test_aggregates_and_failed_cases_are_left_out():
    cases = [google("f", 5, "us"), google("f_mean", 9, "us", run_type="aggregate"),
             google("g", 5, "us", error_occurred=True)]
    assert [each["metric"] for each in report.from_google({"benchmarks": cases})] == ["f"]


def test_a_ratio_is_compared_before_absolute_time(place):
    make_run(place, "1", [row(30, baseline=20)])
    text = report.summary(make_run(place, "2", [row(60, baseline=40)]))
    assert "1.00x" in text and "WORSE" not in text


def test_what_became_worse_than_noise_is_marked(place):
    make_run(place, "1", [row(20, baseline=20)])
    assert "1.05x" in (near := report.summary(make_run(place, "2", [row(21, baseline=20)]))) and "WORSE" not in near
    assert "1.43x WORSE" in (far := report.summary(make_run(place, "3", [row(30, baseline=20)])))
    assert "1 figures worse than noise" in far


def test_less_of_what_should_be_more_is_worse(place):
    make_run(place, "1", [row(100, target=10, better="more")])
    assert "0.50x WORSE" in report.summary(make_run(place, "2", [row(50, target=10, better="more")]))
    assert "WORSE" not in report.summary(make_run(place, "3", [row(500, target=10, better="more")]))


def test_figures_that_always_move_are_not_called_worse(place):
    for name, value in (("1", 10), ("2", 20), ("3", 10)):
        make_run(place, name, [row(value, baseline=10)])
    assert "WORSE" not in report.summary(make_run(place, "4", [row(19, baseline=10)]))
    assert "WORSE" in report.summary(make_run(place, "5", [row(45, baseline=10)]))


def test_runs_of_another_machine_or_under_other_conditions_are_no_history(place):
    make_run(place, "1", [row(1, target=1000)], machine=MACHINE | {"processor": "b"})
    make_run(place, "2", [row(1, target=1000, note="10 spans")])
    assert "WORSE" not in report.summary(make_run(place, "3", [row(100, target=1000, note="1000 spans")]))


def test_ratios_are_held_against_the_committed_reference(place):
    folder = make_run(place, "1", [row(20, baseline=20), {"metric": "ms", "unit": "ms", "value": 7}])
    report.write_reference(report.load(folder))
    assert json.loads(report.REFERENCE.read_text()) == {"ratios": {"codec": {"call": 1.0}}, "commits": {"codec": "abc"}}
    make_run(place, "2", [row(90, baseline=30)])
    text = report.summary(make_run(place, "3", [row(90, baseline=30)]))
    assert "1.00x" in text and "3.00x WORSE" in text


def test_a_reference_of_one_program_keeps_the_others(place):
    report.write_reference(report.load(make_run(place, "1", [row(20, baseline=20)])))
    report.write_reference(report.load(make_run(place, "2", [row(20, baseline=20)], program="span")))
    assert set(json.loads(report.REFERENCE.read_text())["ratios"]) == {"codec", "span"}


def test_two_runs_are_compared_metric_by_metric(place):
    a = make_run(place, "a", [row(20), {"metric": "gone", "unit": "us", "value": 1}])
    b = make_run(place, "b", [row(50), {"metric": "new", "unit": "us", "value": 1}])
    text = report.compare(a, b)
    assert "2.50x WORSE" in text and "gone" not in text and "new" not in text


def test_the_page_is_refilled_between_its_marks_and_nowhere_else(place):
    make_run(place, "1", [row(30, baseline=20, target=1.15, of="ratio")])
    report.PAGE.write_text("before\n<!-- bench targets -->\nold\n<!-- end -->\nbetween\n"
                           "<!-- bench unknown -->\nkept\n<!-- end -->\nafter\n")
    report.main(["markdown"])
    page = report.PAGE.read_text()
    assert "| call | ≤ 1.15x | 1.50x | **not met** | `./dev bench codec` |" in page
    assert "old" not in page and "kept" in page
    assert page.startswith("before\n") and "\nbetween\n" in page and page.endswith("\nafter\n")
    report.main(["markdown"])
    assert report.PAGE.read_text() == page


def test_the_page_takes_the_newest_figures_of_each_program(place):
    make_run(place, "1", [row(1, target=9)], program="codec")
    make_run(place, "2", [row(2, target=9)], program="span")
    make_run(place, "3", [row(3, target=9)], program="codec")
    newest = report.newest()
    assert [newest[name]["rows"][0]["value"] for name in ("codec", "span")] == [3, 2]


def test_rows_of_one_goal_share_a_line_that_says_how_many_met_it(place):
    folder = make_run(place, "1", [{**row(value, target=80, goal="CPU a call"), "metric": f"at {value}"}
                                   for value in (60, 75, 390)])
    line = report.block_targets(report.load(folder)).splitlines()[2]
    assert line == "| CPU a call | ≤ 80.0 µs | 60.0 to 390 µs | **2 of 3** met | `./dev bench codec` |"


def test_peers_make_a_line_each(place):
    rows = [{"metric": f"{who} | {what}", "unit": "us", "value": value}
            for who, what, value in (("ours", "CPU", 80), ("theirs", "CPU", 1100), ("theirs", "more", 3))]
    lines = report.block_peers({"rows": rows, "machine": MACHINE, "versions": {"theirs": "1.2"}}).splitlines()
    assert lines[2:] == ["| ours | 80.0 | – |", "| theirs | 1,100 | 3.00 |", "", "Versions: theirs 1.2."]


def test_waits_of_peers_are_not_shown_when_the_machine_was_busy():
    rows = [{"metric": "theirs | CPU", "unit": "us", "value": 7}, {"metric": "theirs | p99", "unit": "ms", "value": 9}]
    text = report.block_peers({"rows": rows, "machine": MACHINE | {"load_before": "9.00 1.00 1.00"}})
    assert "CPU" in text and "p99" not in text and "The machine was busy" in text
    assert "p99" in report.block_peers({"rows": rows, "machine": MACHINE})


def test_what_a_program_says_about_its_rows_is_kept(place):
    folder = place / "bench" / "1"
    folder.mkdir(parents=True)
    (folder / "machine.json").write_text(json.dumps({"machine": MACHINE, "commit": "abc"}))
    (folder / "peers_gateways.rows.json").write_text(json.dumps({"rows": [], "left_out": {"a": "no Go"}}))
    report.convert(folder)
    assert report.load(folder)["peers_gateways"]["left_out"] == {"a": "no Go"}


def test_a_run_that_is_not_there_is_named(place):
    make_run(place, "20260101T000000Z", [row(1)])
    with pytest.raises(SystemExit, match="no run 'x'; there are: 20260101T000000Z"):
        report.main(["compare", "x", "y"])


def test_every_mark_of_the_real_page_is_one_that_the_suite_knows():
    page = (report.ROOT / "docs" / "benchmarks.md").read_text()
    suite = (report.ROOT / "tools" / "dev" / "bench.sh").read_text()
    marks = report.re.findall(r"<!-- bench (\w+) -->", page)
    assert marks and page.count("<!-- end -->") == len(marks)
    for mark in marks:
        assert mark in ("targets", "conditions", "peers_gateways", "peers_collectors") or f'"{mark}|' in suite
