#!/usr/bin/env python3
"""Checks the contract: api/openapi.yaml and the messages in api/examples/.

- the document is valid OpenAPI 3.1 and every $ref in it resolves;
- each example file exists, parses, and fits the schema of the place that names it; the status in its name is the
  status of the answer that it stands for;
- every example file is named somewhere; every operation has an example of its request body and of its success;
- every operation says the least role that may call it, and its security agrees;
- every code of ErrorCode occurs in an error example.

Schemas are read more strictly than they are written: an object may hold only the members that its schema names. So a
misspelt member in an example fails here, although servers and clients skip members they do not know.

Needs PyYAML, jsonschema and openapi-spec-validator. Exit status 0 when all passed.
"""

import argparse
import copy
import json
import re
import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
DOCUMENT_URI = "urn:tracia:openapi"
MAX_ERRORS_SHOWN = 5

formats = FormatChecker()


@formats.checks("date-time")
def is_rfc3339(value):
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


class Report:
    def __init__(self, verbose):
        self.passed = 0
        self.failed = 0
        self.verbose = verbose

    def add(self, name, problems):
        if problems:
            self.failed += 1
            print(f"FAIL {name}")
            for problem in problems[:MAX_ERRORS_SHOWN]:
                print(f"     {problem}")
        else:
            self.passed += 1
            if self.verbose:
                print(f"ok   {name}")


def pointer(*parts):
    return "/" + "/".join(str(p).replace("~", "~0").replace("/", "~1") for p in parts)


def resolve(document, ref):
    """The node that a local reference names, or None."""
    if not ref.startswith("#/"):
        return None
    node = document
    for part in ref[2:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def follow(document, node):
    while isinstance(node, dict) and "$ref" in node:
        node = resolve(document, node["$ref"])
    return node


def walk(node, path=()):
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, path + (key,))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, path + (index,))


def strict(document):
    """A copy in which objects may hold only members that their schema names. What an allOf composes stays open by
    itself; the schema that holds the allOf is closed around it. Parts of an if stay open: they only test."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    open_by_ref = set()
    for _, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("allOf"), list):
            open_by_ref.update(m["$ref"].rsplit("/", 1)[1] for m in node["allOf"] if "$ref" in m)
    # A schema may be composed into others and also be used alone (PromptSummary): composing gets an open twin.
    for name in sorted(open_by_ref):
        schemas[f"{name}.open"] = copy.deepcopy(schemas[name])
    for _, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("allOf"), list):
            for member in node["allOf"]:
                if "$ref" in member:
                    member["$ref"] += ".open"

    def close(schema, may_close):
        if isinstance(schema, list):
            for item in schema:
                close(item, may_close)
            return
        if not isinstance(schema, dict):
            return
        if may_close and "properties" in schema and "additionalProperties" not in schema:
            schema["unevaluatedProperties"] = False
        for key, value in schema.items():
            if key == "properties":
                for member in value.values():
                    close(member, True)
            elif key in ("items", "additionalProperties", "oneOf", "anyOf"):
                # anyOf/oneOf beside properties hold only `required` lists here, which close() leaves alone.
                close(value, True)

    for name, schema in schemas.items():
        close(schema, not name.endswith(".open"))
    return document


class Contract:
    def __init__(self, path):
        self.folder = path.parent
        self.document = yaml.safe_load(path.read_text(encoding="utf-8"))
        resource = Resource.from_contents(strict(self.document), default_specification=DRAFT202012)
        self.registry = Registry().with_resource(DOCUMENT_URI, resource)
        self.used = set()
        self.codes_seen = set()

    def check_value(self, value, schema_pointer):
        schema = {"$ref": f"{DOCUMENT_URI}#{schema_pointer}"}
        validator = Draft202012Validator(schema, registry=self.registry, format_checker=formats)
        errors = sorted(validator.iter_errors(value), key=lambda e: list(e.absolute_path))
        return [f"at {pointer(*e.absolute_path) if e.absolute_path else '/'}: {e.message[:200]}" for e in errors]

    def check_sse(self, text, schemas, schema_pointer):
        problems = []
        if not text.endswith("\n\n"):
            problems.append("the last event has no empty line after it")
        for block in text.split("\n\n"):
            fields = {}
            for row in block.splitlines():
                if row.startswith(":"):
                    continue
                name, _, value = row.partition(": ")
                fields[name] = value
            if not fields:
                continue
            data = fields.get("data", "")
            is_mark = data in schemas  # an end mark that is no JSON: "[DONE]"
            event = data if is_mark else fields.get("event", "message")
            if event not in schemas:
                problems.append(f"unknown event {event!r}")
                continue
            event_pointer = schema_pointer + pointer("x-event-schemas", event)
            problems += self.check_value(data if is_mark else json.loads(data), event_pointer)
        return problems

    def check_example(self, example, media, media_type, media_pointer):
        name = example.get("externalValue", "")
        path = self.folder / name
        if not path.is_file():
            return [f"no such file: {name}"]
        self.used.add(path.name)
        text = path.read_text(encoding="utf-8")
        try:
            if media_type == "text/event-stream":
                return self.check_sse(text, media.get("x-event-schemas", {}), media_pointer)
            if media_type == "application/x-ndjson":
                problems = []
                for number, row in enumerate(text.splitlines(), 1):
                    for problem in self.check_value(json.loads(row), f"{media_pointer}/x-item-schema"):
                        problems.append(f"line {number}, {problem}")
                return problems
            if media_type in ("text/plain", "text/csv", "application/yaml"):
                return self.check_value(text, f"{media_pointer}/schema")
            value = json.loads(text)
            problems = self.check_value(value, f"{media_pointer}/schema")
        except ValueError as error:
            return [f"not JSON: {error}"]
        if isinstance(value, dict) and isinstance(value.get("error"), dict):
            self.codes_seen.add(value["error"].get("code"))
        # `x-invalid` marks a request that a server must refuse, wholly or in part: it must not fit.
        if example.get("x-invalid"):
            return [] if problems else ["marked x-invalid, but fits its schema"]
        return problems

    def check_content(self, report, label, node, node_pointer, status=None):
        for media_type, media in node.get("content", {}).items():
            media_pointer = node_pointer + pointer("content", media_type)
            for key, example in media.get("examples", {}).items():
                name = example.get("externalValue", "?").rsplit("/", 1)[-1]
                problems = self.check_example(example, media, media_type, media_pointer)
                wanted = f".{status}." if status else ".request."
                if wanted not in name:
                    problems = [f"its name should hold {wanted!r}"] + problems
                report.add(f"{label} {media_type} {key}: {name}", problems)

    def check_references(self, report):
        dangling = []
        for path, node in walk(self.document):
            if isinstance(node, dict) and isinstance(node.get("$ref"), str):
                if resolve(self.document, node["$ref"]) is None:
                    dangling.append(f"{pointer(*path)}: {node['$ref']}")
        report.add("every $ref resolves", dangling)
        if dangling:
            return False  # nothing that follows can be read
        named = {n["$ref"] for _, n in walk(self.document) if isinstance(n, dict) and isinstance(n.get("$ref"), str)}
        idle = [f"#/components/{kind}/{name}" for kind, group in self.document["components"].items()
                if kind != "securitySchemes" for name in group if f"#/components/{kind}/{name}" not in named]
        report.add("every component is used", idle)
        return True

    def check_operation(self, report, path, method, operation):
        label = f"{method.upper()} {path}"
        base = pointer("paths", path, method)
        templated = set(re.findall(r"{(\w+)}", path))
        shared = self.document["paths"][path].get("parameters", [])
        parameters = [follow(self.document, p) for p in shared + operation.get("parameters", [])]
        declared = {p["name"] for p in parameters if p["in"] == "path"}
        problems = [] if declared == templated else [f"path parameters {declared} do not match {templated}"]
        request_media = operation.get("requestBody", {}).get("content", {})
        if request_media and not any(media.get("examples") for media in request_media.values()):
            problems.append("no example of its request")
        for status, response in operation["responses"].items():
            node = follow(self.document, response)
            if not any(m.get("examples") for m in node.get("content", {}).values()):
                problems.append(f"no example of its {status}")
            if status in ("429", "503") and "Retry-After" not in node.get("headers", {}):
                problems.append(f"{status} without Retry-After")
        if "operations" not in operation.get("tags", []) and not {"401", "403", "429", "503"} <= set(operation["responses"]):
            problems.append("lacks one of 401, 403, 429, 503")
        problems += self.check_role(operation)
        report.add(label, problems)

        if "requestBody" in operation:
            self.check_content(report, label, operation["requestBody"], base + "/requestBody")
        for status, response in operation["responses"].items():
            if "$ref" in response:
                # Shared answers are checked once per use for the status, and against the shared schema.
                self.check_content(report, label, follow(self.document, response), response["$ref"][1:], status)
            else:
                self.check_content(report, label, response, base + pointer("responses", status), status)

    def check_role(self, operation):
        """API keys are editors: they are not named where more is needed."""
        role = operation.get("x-least-role")
        if role not in ("none", "viewer", "editor", "admin", "owner"):
            return ["x-least-role must be none, viewer, editor, admin or owner"]
        security = operation.get("security", self.document["security"])
        if (role == "none") != (security == []):
            return ["x-least-role is none where, and only where, security is []"]
        if role in ("admin", "owner") and any("bearerAuth" in one for one in security):
            return [f"an API key cannot have the role {role}"]
        return []

    def check(self, report):
        if not self.check_references(report):
            return
        errors = OpenAPIV31SpecValidator(self.document).iter_errors()
        problems = [f"{pointer(*e.absolute_path)}: {e.message[:200]}" for e in errors]
        report.add("openapi.yaml is valid OpenAPI 3.1", problems)
        addresses = [s["url"] for s in self.document["servers"] if s["url"] != "/"]
        report.add("no hosted address", addresses)
        operations = [(p, m, o) for p, item in self.document["paths"].items() for m, o in item.items() if m in METHODS]
        ids = [o.get("operationId") for _, _, o in operations]
        report.add("operation ids are unique", sorted({str(i) for i in ids if i is None or ids.count(i) > 1}))
        for path, method, operation in operations:
            self.check_operation(report, path, method, operation)
        files = {f.name for f in (self.folder / "examples").iterdir()}
        report.add("every example file is named in openapi.yaml", sorted(files - self.used))
        codes = set(self.document["components"]["schemas"]["ErrorCode"]["enum"])
        codes.discard("INTERNAL_ERROR")  # a defect of the server: no operation promises it, so none has an example
        report.add("every error code has an example", sorted(codes - self.codes_seen))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[2] / "api" / "openapi.yaml"
    parser.add_argument("document", nargs="?", type=Path, default=default)
    parser.add_argument("-v", "--verbose", action="store_true", help="name what passed, too")
    arguments = parser.parse_args()
    report = Report(arguments.verbose)
    Contract(arguments.document).check(report)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
