"""Writes the tables of docs/guide/models.md from the catalog (libs/llm/catalog/models.json). What stands above its mark
is written by hand and kept. --check says whether the page is what it would write: with the prices of the day that the
page names, so that a page does not become wrong by the mere passing of time."""

import argparse
import datetime
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOG = ROOT / "libs" / "llm" / "catalog" / "models.json"
TARGET = ROOT / "docs" / "guide" / "models.md"
MARK = "<!-- From here on: written by `./dev docs` from the catalog; do not edit. -->\n"
DAY = re.compile(r"^Prices of (\d{4}-\d\d-\d\d)", re.M)
TITLES = {"openai": "OpenAI", "anthropic": "Anthropic", "google": "Google", "amazon_bedrock": "Amazon Bedrock",
          "voyage": "Voyage"}
# As the column's letters; the page's head explains them.
CAN = {"tools": "T", "parallel_tools": "P", "structured_output": "S", "vision": "V", "reasoning": "R",
       "prompt_caching": "C", "web_search": "W", "computer_use": "U"}


def count(tokens):
    return f"{tokens:,}" if tokens else "–"


def prices_on(model, day):
    """The rates in force; {} when none are known."""
    found = {}
    for period in model.get("prices", []):
        if period.get("from", "") <= day:
            found = period
    return found


def rate(rates, name):
    """A rate; after "/" the one of long prompts."""
    values = [rates.get(name)] + [tier.get(name) for tier in rates.get("above", [])]
    return " / ".join(value for value in values if value is not None) or "–"


def names(model, listed):
    """Its name, and those of its other names that have no row of their own."""
    return ", ".join(f"`{name}`" for name in [model["name"], *model.get("aliases", [])]
                     if name == model["name"] or name not in listed)


def row(cells):
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def remarks(model, rates, day):
    found = []
    for tier in rates.get("above", []):
        found.append(f"second price above {tier['tokens']:,} input tokens")
    for period in model.get("prices", []):
        if period.get("from", "") > day:
            found.append(f"from {period['from']}: {period['input']} in, {period.get('output', '–')} out")
    if model.get("deprecated"):
        found.append(f"deprecated {model['deprecated']}")
    return "; ".join(found)


def chat_table(models, listed, day):
    lines = ["| model | context | output | $ in | $ cached | $ out | can | |", "|---|--:|--:|--:|--:|--:|---|---|"]
    for model in models:
        rates = prices_on(model, day)
        can = "".join(letter for word, letter in CAN.items() if word in model.get("can", []))
        cells = [names(model, listed), count(model.get("context")), count(model.get("max_output")),
                 rate(rates, "input"), rate(rates, "cached_read"), rate(rates, "output"), can, remarks(model, rates, day)]
        lines.append(row(cells))
    return lines


def embedding_table(models, listed, day):
    lines = ["| model | provider | input | dimensions | `dimensions` can be given | $ | |",
             "|---|---|--:|--:|---|--:|---|"]
    for model in models:
        rates = prices_on(model, day)
        override = "yes" if "dimensions_override" in model.get("flags", []) else "no"
        cells = [names(model, listed), model["provider"], count(model.get("context")), count(model.get("dimensions")),
                 override, rate(rates, "input"), remarks(model, rates, day)]
        lines.append(row(cells))
    return lines


def tables(day):
    models = json.loads(CATALOG.read_text())
    listed = {model["name"] for model in models}
    lines = [f"Prices of {day}, in US dollars per million tokens; “–”: not known or not offered.", ""]
    for provider, title in TITLES.items():
        chat = [m for m in models if m["provider"] == provider and m["kind"] == "chat"]
        if chat:
            lines += [f"## {title}", "", *chat_table(chat, listed, day), ""]
    embeddings = [m for m in models if m["kind"] == "embedding"]
    embeddings.sort(key=lambda m: list(TITLES).index(m["provider"]))
    return "\n".join([*lines, "## Embedding models", "", *embedding_table(embeddings, listed, day), ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is not current")
    options = parser.parse_args()
    page = TARGET.read_text()
    head, mark, written = page.partition(MARK)
    if not mark:
        sys.exit(f"{TARGET.name} has lost its mark: {MARK}")
    if not options.check:
        TARGET.write_text(head + MARK + "\n" + tables(datetime.date.today().isoformat()))
    elif not (day := DAY.search(written)) or written != "\n" + tables(day[1]):
        sys.exit(f"{TARGET.name} is not what the catalog says; run ./dev docs")


if __name__ == "__main__":
    main()
