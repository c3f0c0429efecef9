"""JSON Schemas of pydantic classes, as providers take them for structured output.

Strict mode, where the provider enforces the schema, asks for objects that name every property as required and allow no
other. Source: OpenAI's guide to structured outputs, "Supported schemas".
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

_NAME_MAX = 64


def response_format(model: type[BaseModel]) -> dict[str, Any]:
    """The `response_format` that asks for an instance of `model`: strict when its schema allows that."""
    if not hasattr(model, "model_json_schema"):
        from tracia.errors import invalid_request

        raise invalid_request(f"response_format must be a pydantic class or a dict, not the class {model.__name__}")
    schema = model.model_json_schema()
    strict = _strict(copy.deepcopy(schema))
    name = re.sub(r"[^A-Za-z0-9_-]", "_", model.__name__)
    return {
        "type": "json",
        "schema": schema if strict is None else strict,
        "name": name[:_NAME_MAX],
        "strict": strict is not None,
    }


def _strict(schema: Any) -> Any:
    """The schema in its strict form; None when it has none (objects with free keys)."""
    if isinstance(schema, list):
        items = [_strict(item) for item in schema]
        return None if any(item is None for item in items) else items
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}  # nothing may stand beside a reference
    if "oneOf" in schema or "patternProperties" in schema:
        return None
    if schema.get("type") == "object" or "properties" in schema:
        if not schema.get("properties") or schema.get("additionalProperties"):
            return None
        schema["additionalProperties"] = False
        schema["required"] = list(schema["properties"])
    elif not schema.keys() & {"type", "anyOf", "allOf", "enum", "const"}:
        return None  # anything goes
    schema.pop("default", None)
    for word in ("items", "anyOf", "allOf", "prefixItems"):
        if word in schema:
            schema[word] = _strict(schema[word])
            if schema[word] is None:
                return None
    for word in ("properties", "$defs"):
        for name, each in schema.get(word, {}).items():
            strict = _strict(each)
            if strict is None:
                return None
            schema[word][name] = strict
    return schema
