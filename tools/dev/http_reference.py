"""Writes the generated part of docs/http-api.md (all that follows its marker line) from api/openapi.yaml and the messages
in api/examples: every operation, then the objects that several of them share. --check says whether the page is what it
would write. Needs PyYAML."""

import argparse
import json
import pathlib
import re
import sys
from collections import Counter

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
API = ROOT / "api"
TARGET = ROOT / "docs" / "http-api.md"
MARKER = "<!-- What follows is written by tools/dev/http_reference.py from api/openapi.yaml. -->\n"
METHODS = ("get", "put", "post", "delete")
SCHEMA = "#/components/schemas/"
EXAMPLE_WIDTH = 110
LONG_EXAMPLE_LINES = 60


def one_line(text):
    return re.sub(r"\s+", " ", text or "").strip()


def cell(text):
    return one_line(text).replace("|", "\\|")


def anchor(heading):
    """As GitHub makes it from a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).strip().replace(" ", "-")


def between(low, high, unit=""):
    """Bounds in words."""
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{low:,}{unit}" if low == high else f"{low:,} to {high:,}{unit}"
    if high is not None:
        return f"at most {high:,}{unit}"
    if low is None or (low == 0 and not unit):
        return ""
    return f"at least {low:,}{unit if low != 1 else unit.removesuffix('s')}"


def compact(value, indent=""):
    """JSON in which what fits into a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent + line) <= EXAMPLE_WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    deeper = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(deeper + compact(each, deeper) for each in value) + f"\n{indent}]"
    each = [f"{deeper}{json.dumps(name)}: {compact(member, deeper)}" for name, member in value.items()]
    return "{\n" + ",\n".join(each) + f"\n{indent}}}"


class Reference:
    def __init__(self):
        self.document = yaml.safe_load((API / "openapi.yaml").read_text())
        self.schemas = self.document["components"]["schemas"]
        self.wanted = []  # shared objects, in the order in which they are first named
        self.uses = Counter()  # of a named object: the operations and objects that hold it
        operations = [item[m] for item in self.document["paths"].values() for m in METHODS if m in item]
        for holder in operations + [s for s in self.schemas.values() if self.members(s)[0]]:
            self.uses.update(self.held(holder, set()))

    def held(self, node, seen):
        """The named objects in a node, also through names for lists and choices."""
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            self.held(value, seen)
        ref = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(ref, str) and ref not in seen:
            if ref.startswith(SCHEMA) and self.members(self.follow(node))[0]:
                seen.add(ref)
            else:
                self.held(self.follow(node), seen)
        return seen

    def follow(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"][2:].split("/"):
                target = target[part]
            node = target
        return node

    def members(self, schema):
        """All properties of an object with those that it composes, and the names of the required ones."""
        properties, required = {}, set()
        for part in schema.get("allOf", []):
            more, needed = self.members(self.follow(part))
            properties |= more
            required |= needed
        return properties | schema.get("properties", {}), required | set(schema.get("required", []))

    def is_shared(self, node):
        """Whether a reference names an object that has a section of its own."""
        if "$ref" not in node:
            return False
        members = self.members(self.follow(node))[0]
        return bool(members) and self.uses[node["$ref"]] > 1

    def link(self, node):
        name = node["$ref"].removeprefix(SCHEMA)
        if name not in self.wanted:
            self.wanted.append(name)
        return f"[{name}](#{anchor(name)})"

    def kind(self, node):
        """A type in words, with its bounds."""
        if self.is_shared(node):
            return self.link(node)
        node = self.follow(node)
        choices = node.get("oneOf") or node.get("anyOf") or []
        choices = [c for c in choices if "type" in c or "$ref" in c or "const" in c or "oneOf" in c]
        if choices:
            # Of several objects each has a section; one beside null is written where it is.
            several = sum(1 for c in choices if c.get("type") != "null") > 1
            named = [several and "$ref" in c and bool(self.members(self.follow(c))[0]) for c in choices]
            return " or ".join(dict.fromkeys(self.link(c) if n else self.kind(c) for c, n in zip(choices, named)))
        if "const" in node:
            return f"`{json.dumps(node['const'])}`"
        if "enum" in node:
            return ", ".join("null" if v is None else f"`{v}`" for v in node["enum"])
        types = node.get("type", "object")
        types = types if isinstance(types, list) else [types]
        return " or ".join(self.simple(node, t) for t in types)

    def simple(self, node, name):
        if name == "array":
            items = self.kind(node["items"]) if "items" in node else "anything"
            bounds = between(node.get("minItems"), node.get("maxItems"))
            return f"array{f' ({bounds})' if bounds else ''} of {items if ' or ' not in items else f'({items})'}"
        if name == "string":
            if node.get("format") == "date-time":
                return "time"
            if "pattern" in node:
                return f"string `{node['pattern']}`"
            bounds = between(node.get("minLength"), node.get("maxLength"), "characters")
            return f"string, {bounds}" if bounds else "string"
        if name in ("integer", "number"):
            bounds = between(node.get("minimum"), node.get("maximum"))
            return f"{name}, {bounds}" if bounds else name
        if name == "object" and isinstance(node.get("additionalProperties"), dict) and not node.get("properties"):
            return f"object of {self.kind(node['additionalProperties'])}"
        return name

    def describe(self, node, given=""):
        followed = self.follow(node)
        text = one_line(given or node.get("description") or followed.get("description"))
        if not text and len(followed.get("oneOf", [])) == 2:
            text = one_line(self.follow(followed["oneOf"][0]).get("description"))
        if "default" in followed:
            text = f"{text} Default: `{json.dumps(followed['default'])}`.".strip()
        return text

    def rows(self, schema, prefix="", is_request=False):
        """Rows for the members of an object; those of an object that is written inside it too, as `a.b` or `a[].b`."""
        properties, required = self.members(schema)
        for name, node in properties.items():
            about = self.describe(node)
            if is_request and name in required:
                about = f"**Required.** {about}".strip()
            elif not is_request and name not in required:
                about = f"May be absent. {about}".strip()
            yield f"| `{prefix}{name}` | {cell(self.kind(node))} | {cell(about)} |"
            inner, path = self.inside(node, prefix + name)
            if inner:
                yield from self.rows(inner, path + ".", is_request)

    def inside(self, node, path):
        """The object that a member holds, unless it has a section of its own."""
        for _ in range(3):
            if self.is_shared(node):
                return None, path
            node = self.follow(node)
            choices = [c for c in node.get("oneOf", []) if c.get("type") != "null" and not set(c) <= {"required"}]
            if len(choices) == 1:
                node = choices[0]
            elif "items" in node:
                node, path = node["items"], path + "[]"
            else:
                break
        if self.is_shared(node):
            return None, path
        node = self.follow(node)
        return (node if self.members(node)[0] else None), path

    def table(self, schema, is_request):
        return ["", "| member | type | |", "|---|---|---|", *self.rows(schema, "", is_request), ""]

    def body(self, what, media_type, media, is_request):
        """A sentence, and the members unless the object is described elsewhere."""
        node = media.get("schema", {})
        kind = "" if media_type == "application/json" else f", `{media_type}`"
        described = one_line(self.follow(node).get("description"))
        if media_type == "text/event-stream":
            events = media.get("x-event-schemas", {})
            each = "; ".join(f"`{name}`: {self.kind(event)}" for name, event in events.items() if "const" not in event)
            return [f"{what}{kind}. {one_line(node.get('description'))} Events: {each}.", ""]
        if media_type == "application/x-ndjson":
            return [f"{what}{kind}: each line a {self.kind(media['x-item-schema'])}.", ""]
        # What is sent is told where it is sent, also when several operations take it.
        inner, path = (self.follow(node), "") if is_request and self.is_shared(node) else self.inside(node, "")
        if (self.is_shared(node) and not is_request) or not inner or path:
            table = self.table(inner, is_request) if inner else []
            return [f"{what}{kind}: {self.kind(node)}. {described}".strip(), *table, ""]
        return [f"{what}{kind}. {described}".strip(), *self.table(inner, is_request)]

    def examples(self, media):
        return [e["externalValue"] for e in media.get("examples", {}).values()]

    def shown(self, title, files):
        """The first message, folded; the others as links."""
        first, *others = files
        text = (API / first).read_text().rstrip("\n")
        text = compact(json.loads(text)) if first.endswith(".json") else text
        more = ", ".join(f"[{pathlib.Path(f).name}](../api/{f})" for f in others)
        lines = text.splitlines()
        if len(lines) > LONG_EXAMPLE_LINES:
            named = f"[{pathlib.Path(first).name}](../api/{first})"
            return [f"{title}: {named}{', ' + more if more else ''}", ""]
        language = "json" if first.endswith("json") else "text"
        page = [f"<details><summary>{title}</summary>", "", f"```{language}", text, "```", ""]
        return page + ([f"Others: {more}", ""] if more else []) + ["</details>", ""]

    def error_codes(self, response):
        codes = []
        for media in response.get("content", {}).values():
            for name in self.examples(media):
                error = json.loads((API / name).read_text()).get("error", {})
                code = error.get("code") if isinstance(error, dict) else None
                codes += [code] if code else []
        return list(dict.fromkeys(codes))

    def callers(self, operation):
        role = operation["x-least-role"]
        if role == "none":
            return "anyone, without a key"
        security = operation.get("security", self.document["security"])
        people = f"members from {role} on" if role != "owner" else "owners"
        has_key = any("bearerAuth" in one for one in security)
        has_cookie = any("cookieAuth" in one for one in security)
        return " and ".join((["API keys"] if has_key else []) + ([people] if has_cookie else []))

    def parameters(self, path, operation):
        given = self.document["paths"][path].get("parameters", []) + operation.get("parameters", [])
        if not given:
            return []
        lines = ["", "| parameter | in | type | |", "|---|---|---|---|"]
        for node in map(self.follow, given):
            about = self.describe(node["schema"], node.get("description", ""))
            if node.get("required") and node["in"] != "path":
                about = f"**Required.** {about}"
            lines.append(f"| `{node['name']}` | {node['in']} | {cell(self.kind(node['schema']))} | {cell(about)} |")
        return lines + [""]

    def operation(self, path, method, operation):
        lines = [f"### {method.upper()} {path}", "", operation["summary"]]
        if operation.get("description"):
            lines += ["", operation["description"].strip()]
        lines += ["", f"For {self.callers(operation)}. Operation `{operation['operationId']}`.", ""]
        lines += self.parameters(path, operation)
        body = operation.get("requestBody")
        if body:
            optional = "" if body.get("required") else " (may be left out)"
            for media_type, media in body["content"].items():
                lines += self.body(f"Request{optional}", media_type, media, True)
                if media.get("examples"):
                    lines += self.shown("Example of a request", self.examples(media))
        errors = []
        for status, response in operation["responses"].items():
            response = self.follow(response)
            if status >= "400" and status != "503" or status == "503" and "error" in json.dumps(response).lower():
                codes = self.error_codes(response)
                errors.append(" ".join([status, *(f"`{c}`" for c in codes)]))
                continue
            for media_type, media in response.get("content", {}).items():
                lines += self.body(f"Answer {status}", media_type, media, False)
                if media.get("examples"):
                    lines += self.shown("Example of an answer", self.examples(media))
        if errors:
            lines += [f"Errors: {', '.join(errors)}.", ""]
        return lines

    def object(self, name):
        schema = self.schemas[name]
        about = one_line(schema.get("description"))
        return [f"### {name}", "", *([about] if about else []), *self.table(schema, False)]

    def page(self):
        by_tag = {tag["name"]: [] for tag in self.document["tags"]}
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    by_tag[item[method]["tags"][0]].append((path, method, item[method]))
        index, text = ["## All operations", ""], []
        for tag in self.document["tags"]:
            title = tag["name"].capitalize()
            index += [f"**[{title}](#{anchor(title)})**", ""]
            text += [f"## {title}", "", one_line(tag["description"]), ""]
            for path, method, operation in by_tag[tag["name"]]:
                place = anchor(f"{method} {path}")
                index.append(f"- [`{method.upper()} {path}`](#{place}): {one_line(operation['summary'])}")
                text += self.operation(path, method, operation)
            index.append("")
        about = "What several operations take or answer. A member is there unless it says otherwise."
        text += ["## Objects", "", about, ""]
        done = 0
        while done < len(self.wanted):  # describing one may name more
            text += self.object(self.wanted[done])
            done += 1
        page = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in index + text)).rstrip("\n") + "\n"
        return page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is stale")
    arguments = parser.parse_args()
    head, marker, generated = TARGET.read_text().partition(MARKER)
    if not marker:
        sys.exit(f"{TARGET} lacks its marker line: {MARKER}")
    wanted = "\n" + Reference().page()
    if not arguments.check:
        TARGET.write_text(head + MARKER + wanted)
    elif wanted != generated:
        sys.exit(f"{TARGET} is stale: run ./dev docs")


if __name__ == "__main__":
    main()
