"""Writes docs/python/reference.md from the package itself: every exported name with its signature, its members and what
its docstring says. Run it with the package importable; --check says whether the file is what it would write."""

import argparse
import enum
import inspect
import pathlib
import re
import sys
import types
import typing

import tracia

TARGET = pathlib.Path(__file__).resolve().parents[2] / "docs" / "python" / "reference.md"


def plain(annotation):
    """A type as a reader would write it: without what only a validator needs."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return plain(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(plain(each) for each in arguments)
    if origin in (list, dict):
        return f"{origin.__name__}[{', '.join(plain(each) for each in arguments)}]"
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z_])", "", text.replace("NoneType", "None"))


def signature(function, name):
    if hasattr(function, "__nb_signature__"):  # compiled: it says so itself
        return function.__nb_signature__[0][0]
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    pieces, starred = [], False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not starred:
            pieces.append("*")
            starred = True
        starred = starred or p.kind is p.VAR_POSITIONAL
        prefix = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        annotation = "" if p.annotation is p.empty else f": {plain(p.annotation)}"
        default = "" if p.default is p.empty else f" = {p.default!r}" if annotation else f"={p.default!r}"
        pieces.append(prefix + p.name + annotation + default)
        if p.kind is p.POSITIONAL_ONLY and not any(o.kind is o.POSITIONAL_ONLY for o in parameters[len(pieces):]):
            pieces.append("/")
    returned = inspect.signature(function).return_annotation
    tail = "" if returned is inspect.Signature.empty else f" -> {plain(returned)}"
    keyword = "async def " if inspect.iscoroutinefunction(function) else "def "
    line = f"{keyword}{name}({', '.join(pieces)}){tail}"
    if len(line) <= 100:
        return line
    return f"{keyword}{name}(\n    " + ",\n    ".join(pieces) + f",\n){tail}"


def listed(text):
    """A docstring with its arguments and errors as lists."""
    lines, inside = [], False
    for line in text.splitlines():
        if line in ("Args:", "Raises:"):
            lines += [line, ""]
            inside = True
        elif inside and re.match(r" {4}\S", line):
            name, _, rest = line.strip().partition(": ")
            lines.append(f"- `{name}`: {rest}" if rest else f"- {name}")
        elif inside and line:
            lines.append("  " + line.strip())
        else:
            inside = inside and not line
            lines.append(line)
    return [*lines, ""]


def doc(thing):
    text = inspect.getdoc(thing)
    return listed(text) if text else []


def own_doc(cls):
    """Its own docstring, not the one that it inherits."""
    text = cls.__dict__.get("__doc__")
    return listed(inspect.cleandoc(text)) if text else []


def model(cls):
    lines = ["| member | type | default | |", "|---|---|---|---|"]
    for name, field in cls.model_fields.items():
        alias = f" (`{field.alias}`)" if field.alias and field.alias != name else ""
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        kind = plain(field.annotation).replace("|", "\\|")
        lines.append(f"| `{name}`{alias} | `{kind}` | {default} | {field.description or ''} |")
    return lines + [""]


def members(cls):
    lines = []
    for name in cls.__dict__:
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, property):
            returned = inspect.signature(member.fget).return_annotation
            lines += ["```python", f"{name}: {plain(returned)}", "```", "", *doc(member)]
        elif isinstance(member, (staticmethod, classmethod)) or inspect.isfunction(member):
            function = getattr(cls, name)
            lines += ["```python", signature(function, name), "```", "", *doc(function)]
    return lines


def section(name, thing):
    lines = [f"## {name}", ""]
    if isinstance(thing, type) and issubclass(thing, enum.Enum):
        return lines + own_doc(thing) + [", ".join(f"`{m.value}`" for m in thing), ""]
    if hasattr(thing, "model_fields"):
        return lines + own_doc(thing) + model(thing) + members(thing)
    if inspect.isclass(thing):
        head = [] if thing.__init__ is object.__init__ else ["```python", signature(thing.__init__, name), "```", ""]
        return lines + own_doc(thing) + head + members(thing)
    if callable(thing) and not typing.get_origin(thing):
        return lines + ["```python", signature(thing, name), "```", ""] + doc(thing)
    return lines + [f"`{plain(thing)}`", ""]


def reference():
    first = ["Tracia", "TraciaSession", "LocalStream", "AsyncLocalStream", "TraciaError", "TraciaErrorCode"]
    rest = sorted(n for n in tracia.__all__ if n not in first and not n.startswith("_"))
    client = tracia.Tracia(enabled=False)
    resources = [("client.prompts", type(client.prompts)), ("client.spans", type(client.spans))]
    client.close()
    lines = ["# Reference of the Python package", "",
             "Written by `tools/dev/python_reference.py` from the package; do not edit. Names on the wire are in brackets.", ""]
    for name in first:
        lines += section(name, getattr(tracia, name))
    for name, cls in resources:
        lines += section(name, cls)
    for name in rest:
        lines += section(name, getattr(tracia, name))
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is not current")
    options = parser.parse_args()
    text = reference()
    if options.check:
        if not TARGET.exists() or TARGET.read_text() != text:
            sys.exit(f"{TARGET.name} is not what the package says; run ./dev docs")
        return
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
