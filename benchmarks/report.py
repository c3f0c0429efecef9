"""The suite's record: what each program measured becomes one file, and the files of a run one table.

A program of ours leaves NAME.rows.json, one of Google Benchmark NAME.gbench.json; `finish` makes of them NAME.json:

  {"name", "machine": {…}, "commit", "rows": [{"metric", "unit", "value", "baseline"?, "ratio"?, "target"?, "of"?,
                                               "better"?, "met"?, "note"?, "goal"?}]}

`target` is for the value, or with "of": "ratio" for value over baseline; less is better unless "better" says "more".
Runs are compared by the ratio where a row has a baseline, for absolute times move with the machine. `./dev bench`
calls this:

  report.py start RUN             note the machine, before anything runs
  report.py finish RUN            convert, and print the table
  report.py compare RUN RUN       two runs, metric by metric
  report.py markdown [RUN]        refill the tables of docs/benchmarks.md; without RUN, the newest of each program
  report.py reference [RUN]       write benchmarks/reference.json, which later runs are held against

A RUN is a folder, or its name below build/bench.
"""

import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNS = ROOT / "build" / "bench"
REFERENCE = ROOT / "benchmarks" / "reference.json"
PAGE = ROOT / "docs" / "benchmarks.md"

# The programs as they come on the page; others follow.
ORDER = ("run_local", "transport", "python", "server", "store", "otlp", "codec", "span", "dashboard", "simulator")

# How much a figure moves from run to run although nothing changed, as a share. With earlier runs of the same machine
# their own spread counts when it is larger.
NOISE_RATIO = 0.10
NOISE_VALUE = 0.30
NOISE_SIZE = 0.02  # bytes on disk do not depend on what else the machine does
NOISE_MEMORY = 0.15
NOISE_TAIL = 1.00  # a p99 of a few seconds
SIZES = {"KB", "MB", "bytes"}
WAITS = {"ms", "s", "1/s", "spans/s"}
MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}


# ---- the machine

def machine():
    cpu = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "processor": cpu.group(1) if cpu else platform.machine(),
        "processors": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / 2**20),
        "kernel": platform.release(),
        "load_before": " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:3]),
    }


def commit():
    def git(*arguments):
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)

    changed = git("diff", "--quiet", "HEAD").returncode != 0
    return git("rev-parse", "--short", "HEAD").stdout.strip() + ("+changes" if changed else "")


def start(folder):
    about = {"machine": machine(), "commit": commit()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "machine.json").write_text(json.dumps(about, indent=1) + "\n")
    for key, value in (about["machine"] | {"commit": about["commit"]}).items():
        print(f"{key}: {value}")


# ---- reading what programs left

def from_google(document):
    """Rows of a Google Benchmark report: CPU time of one item (of one iteration where items are not counted), the
    middle of the repetitions. A label "over NAME" names the benchmark that is the baseline."""
    times, labels = {}, {}
    for one in document["benchmarks"]:
        if one.get("run_type", "iteration") != "iteration" or one.get("error_occurred"):
            continue
        name = re.sub(r"/(process_time|real_time|manual_time|iterations:\d+|repeats:\d+)", "", one["name"])
        manual = "/manual_time" in one["name"]
        time = one["real_time" if manual else "cpu_time"] * MICROSECONDS[one["time_unit"]]
        if "items_per_second" in one:
            wall = one["real_time"] * MICROSECONDS[one["time_unit"]]
            rated = wall if manual or "/real_time" in one["name"] else time
            time /= one["items_per_second"] * rated / 1e6
        times.setdefault(name, []).append(time)
        labels[name] = one.get("label", "")
    middle = {name: statistics.median(values) for name, values in times.items()}
    rows = []
    for name, value in middle.items():
        row = {"metric": name, "unit": "us", "value": value}
        over = labels[name].removeprefix("over ") if labels[name].startswith("over ") else None
        if over in middle:
            row["metric"] = f"{name} over {over}"
            row["baseline"] = middle[over]
        rows.append(row)
    return rows


def complete(row):
    """The row with its ratio, and whether its target was met."""
    row = {key: value for key, value in row.items() if value is not None}
    if row.get("baseline"):
        row["ratio"] = row["value"] / row["baseline"]
    if "target" in row:
        held = row.get("ratio") if row.get("of") == "ratio" else row["value"]
        if held is not None:
            row["met"] = held >= row["target"] if row.get("better") == "more" else held <= row["target"]
    return row


def convert(folder):
    """NAME.json of every program that left rows."""
    about = json.loads((folder / "machine.json").read_text())
    for path in sorted([*folder.glob("*.rows.json"), *folder.glob("*.gbench.json")]):
        document = json.loads(path.read_text())
        name = path.name.split(".")[0]
        rows = document["rows"] if path.name.endswith(".rows.json") else from_google(document)
        about_it = {} if "benchmarks" in document else {key: document[key] for key in document if key != "rows"}
        record = {"name": name, **about, **about_it, "rows": [complete(row) for row in rows]}
        (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        path.unlink()


def load(folder):
    """{program: record} of a finished run."""
    records = {}
    for path in sorted(folder.glob("*.json")):
        if path.name == "machine.json" or path.name.count(".") > 1:
            continue
        record = json.loads(path.read_text())
        records[record["name"]] = record
    return records


def run_folder(name):
    for folder in (pathlib.Path(name), RUNS / name):
        if folder.is_dir():
            return folder
    raise SystemExit(f"report: no run '{name}'; there are: {' '.join(p.name for p in runs()) or 'none'}")


def runs():
    return sorted(p for p in RUNS.glob("*") if (p / "machine.json").exists()) if RUNS.is_dir() else []


def same_machine(a, b):
    return all(a["machine"].get(key) == b["machine"].get(key) for key in ("processor", "processors", "memory_gib"))


def newest(records=()):
    """The newest record of each program; with `records`, only of their machine."""
    found = {}
    for folder in runs():
        for name, record in load(folder).items():
            if not records or same_machine(record, next(iter(records.values()))):
                found[name] = record
    return found


# ---- comparing

def figure(row):
    return row.get("ratio", row["value"])


def better_factor(row, now, before):
    """How many times worse `now` is than `before`: above 1 is worse, whichever way is better."""
    if not now or not before or now < 0 or before < 0:
        return None
    return before / now if row.get("better") == "more" else now / before


def noise(row, earlier=()):
    """The share that this row moves by itself."""
    if row["unit"] in SIZES:
        usual = NOISE_MEMORY if "resident" in row["metric"] else NOISE_SIZE
    elif "p99" in row["metric"]:
        usual = NOISE_TAIL
    else:
        usual = NOISE_RATIO if "ratio" in row else NOISE_VALUE
    values = [value for value in earlier if value > 0]
    if len(values) >= 3:
        usual = max(usual, max(values) / min(values) - 1)
    return usual


def judge(row, before, earlier=()):
    """The change against `before` as text, marked when it is worse than the noise."""
    factor = better_factor(row, figure(row), before)
    if factor is None:
        return ""
    change = figure(row) / before
    worse = factor > 1 + noise(row, earlier)
    return f"{change:.2f}x{' WORSE' if worse else ''}"


def history(record, folder):
    """{metric: figures of earlier runs on this machine, the last one last}."""
    found, conditions = {}, {(row["metric"], row.get("note")) for row in record["rows"]}
    for other in runs():
        if other.resolve() == folder.resolve():
            break
        earlier = load(other).get(record["name"])
        if earlier and same_machine(earlier, record):
            for row in earlier["rows"]:
                if (row["metric"], row.get("note")) in conditions:
                    found.setdefault(row["metric"], []).append(figure(row))
    return found


def reference():
    return json.loads(REFERENCE.read_text())["ratios"] if REFERENCE.exists() else {}


# ---- printing

def number(value):
    if value is None:
        return ""
    if value == 0:
        return "0"
    for least, form in ((100, ",.0f"), (10, ".1f"), (0.1, ".2f")):
        if abs(value) >= least:
            return format(value, form)
    return format(value, ".3g")


def unit_of(row):
    return "µs" if row["unit"] == "us" else row["unit"]


def measured(row):
    text = f"{number(row['value'])} {unit_of(row)}"
    return f"{text}, {number(row['ratio'])}x" if "ratio" in row else text


def target(row):
    if "target" not in row:
        return ""
    sign = "≥" if row.get("better") == "more" else "≤"
    unit = "x" if row.get("of") == "ratio" else f" {unit_of(row)}"
    return f"{sign} {number(row['target'])}{unit}"


def verdict(row):
    return {True: "met", False: "NOT MET"}.get(row.get("met"), "")


def table(lines, head):
    """Columns as wide as what is in them."""
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths)] for line in [head, *lines])
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def summary(folder):
    """The table of a run: every row that has a target or a baseline, and whatever became worse."""
    records, lines, worse, missed = load(folder), [], 0, 0
    kept = reference()
    for name, record in records.items():
        earlier = history(record, folder)
        for row in record["rows"]:
            past = earlier.get(row["metric"], [])
            previous = judge(row, past[-1], past) if past else ""
            known = kept.get(name, {}).get(row["metric"])
            against = judge(row, known) if known and "ratio" in row else ""
            worse += "WORSE" in previous + against
            missed += row.get("met") is False
            if "target" in row or "ratio" in row or "WORSE" in previous:
                lines.append((name, row["metric"], measured(row), target(row), verdict(row), previous, against))
    if not lines:
        return "nothing was measured"
    head = ("program", "what", "measured", "target", "", "previous", "reference")
    return f"{table(lines, head)}\n{missed} targets not met, {worse} figures worse than noise"


def compare(a, b):
    """Every metric of two runs; the second against the first."""
    before, after, lines = load(a), load(b), []
    for name, record in after.items():
        old = {row["metric"]: row for row in before.get(name, {"rows": []})["rows"]}
        for row in record["rows"]:
            if row["metric"] in old:
                was = old[row["metric"]]
                lines.append((name, row["metric"], measured(was), measured(row), judge(row, figure(was))))
    if not lines:
        return "the two runs have no metric in common"
    first = next(iter(before.values()))
    note = "" if same_machine(first, next(iter(after.values()))) else "\ntwo machines: only ratios say something"
    return table(lines, ("program", "what", a.name, b.name, "change")) + note


# ---- the page

def markdown_table(head, lines):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def held(row):
    """What the target is for."""
    return row["ratio"] if row.get("of") == "ratio" else row["value"]


def block_targets(records):
    """A line for each goal: rows that share one show from where to where they go, and how many met their target."""
    lines = []
    for name, record in records.items():
        goals = {}
        for row in record["rows"]:
            if "met" in row:
                goals.setdefault(row.get("goal", row["metric"]), []).append(row)
        for goal, rows in goals.items():
            low, high = min(rows, key=held), max(rows, key=held)
            unit = "x" if low.get("of") == "ratio" else f" {unit_of(low)}"
            shown = number(held(low)) if low is high else f"{number(held(low))} to {number(held(high))}"
            met = sum(row["met"] for row in rows)
            says = "met" if met == len(rows) else "**not met**" if met == 0 else f"**{met} of {len(rows)}** met"
            note = f" ({low['note']})" if "note" in low else ""
            strictest = min(rows, key=lambda row: row["target"])
            lines.append((goal + note, target(strictest), shown + unit, says, f"`./dev bench {command(name)}`"))
    return markdown_table(("what", "target", "measured", "", "command"), lines)


def block_program(record):
    lines = []
    for row in record["rows"]:
        note = f" ({row['note']})" if "note" in row else ""
        lines.append((row["metric"] + note, measured(row), number(row.get("baseline")), target(row)))
    return markdown_table(("what", "measured", "baseline", "target"), lines)


def was_busy(record):
    return float(record["machine"]["load_before"].split()[0]) > record["machine"]["processors"]


def block_peers(record):
    """Rows are named "who | what"; a line for each who, a column for each what, in the order they came. On a busy
    machine waits are left out: they would say more about the machine than about a peer."""
    who, what, cells, busy = [], [], {}, was_busy(record)
    for row in record["rows"]:
        if busy and row["unit"] in WAITS:
            continue
        one, _, other = row["metric"].partition(" | ")
        who += [one] if one not in who else []
        what += [(other, row["unit"])] if (other, row["unit"]) not in what else []
        cells[one, other] = number(row["value"])
    head = ["", *(f"{name}, {'µs' if unit == 'us' else unit}" if unit else name for name, unit in what)]
    versions = ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items())
    lines = [[one, *(cells.get((one, name), "–") for name, _ in what)] for one in who]
    said = [f"Versions: {versions}."] if versions else []
    said += ["The machine was busy, so start, waits and rates are left out."] if busy else []
    return "\n\n".join([markdown_table(head, lines), *said])


def command(name):
    return "peers" if name.startswith("peers") else name.removesuffix("_bench")


def conditions(records):
    """Machines, commits and loads; and what a busy machine means for what stands above."""
    seen, busy = {}, False
    for name, record in records.items():
        m = record["machine"]
        load_before = float(m["load_before"].split()[0])
        busy |= was_busy(record)
        programs = seen.setdefault((m["processor"], m["processors"], m["memory_gib"], m["kernel"]), [])
        programs.append(f"`{name}` (commit {record['commit']}, load {load_before:.0f})")
    lines = [f"- {cpu}, {count} processors, {memory} GiB, Linux {kernel}: {', '.join(programs)}."
             for (cpu, count, memory, kernel), programs in seen.items()]
    if busy:
        lines += ["", "**The machine was busy**: more processes wanted to run than it has processors. Sizes and CPU "
                  "hold roughly; waits (wall times, p50 and p99) are mostly those for a processor."]
    return "\n".join(textwrap.fill(line, 118, subsequent_indent="  " if line.startswith("-") else "",
                                   break_long_words=False, break_on_hyphens=False) for line in lines)


def refill(text, records):
    """The page with the part between each `<!-- bench NAME -->` and `<!-- end -->` made anew; a NAME without figures
    keeps what it says."""
    def fill(match):
        name = match.group(1)
        if name == "targets":
            body = block_targets(records)
        elif name == "conditions":
            body = conditions(records)
        elif name not in records:
            return match.group(0)
        else:
            body = (block_peers if name.startswith("peers") else block_program)(records[name])
        return f"<!-- bench {name} -->\n{body}\n<!-- end -->"

    return re.sub(r"<!-- bench (\w+) -->\n.*?<!-- end -->", fill, text, flags=re.DOTALL)


def write_reference(records):
    """Ratios only, and none of tails: they hold on another machine."""
    known = {"ratios": reference(), "commits": {}}
    if REFERENCE.exists():
        known["commits"] = json.loads(REFERENCE.read_text())["commits"]
    for name, record in records.items():
        ratios = {row["metric"]: round(row["ratio"], 4) for row in record["rows"]
                  if "ratio" in row and "p99" not in row["metric"]}
        if ratios and not name.startswith("peers"):
            known["ratios"][name] = ratios
            known["commits"][name] = record["commit"]
    REFERENCE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "start":
        return start(pathlib.Path(arguments[1]))
    verb, rest = (arguments[0], [run_folder(name) for name in arguments[1:]]) if arguments else ("", [])
    if verb == "finish" and len(rest) == 1:
        convert(rest[0])
        text = summary(rest[0])
        (rest[0] / "summary.txt").write_text(text + "\n")
        print(text)
    elif verb == "compare" and len(rest) == 2:
        print(compare(*rest))
    elif verb in ("markdown", "reference") and len(rest) <= 1:
        records = load(rest[0]) if rest else newest()
        records = dict(sorted(records.items(), key=lambda one: (*ORDER, one[0]).index(one[0])))
        if not records:
            raise SystemExit("report: nothing was measured yet")
        if verb == "reference":
            write_reference(records)
        else:
            PAGE.write_text(refill(PAGE.read_text(), records))
        print(f"wrote {os.path.relpath(REFERENCE if verb == 'reference' else PAGE, ROOT)} from {', '.join(records)}")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
