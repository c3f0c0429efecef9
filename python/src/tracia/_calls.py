"""From a caller's arguments to what the native client reads, and back to results: for sync, async and streams alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tracia.errors import invalid_request
from tracia.models.inputs import RunLocalInput
from tracia.models.prompts import FetchedPrompt
from tracia.models.results import RunEmbeddingResult, RunLocalResult, RunResponsesResult, StreamResult
from tracia.tracing import link

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tracia._core import Core


R = TypeVar("R", bound=RunLocalResult)


class Call:
    """One model call on its way: its arguments, whether it is streamed, and what its answer is to become."""

    def __init__(self, request: Any, arguments: dict[str, Any]) -> None:
        given = {name: value for name, value in arguments.items() if value is not None}
        if request is not None:
            given = {**members_of(request), **given}
        self.streamed = bool(given.pop("stream", False))
        self.parse_as: type[BaseModel] | None = None
        answer_format = given.get("response_format")
        if isinstance(answer_format, type):
            from tracia._schema import response_format

            given["response_format"] = response_format(answer_format)
            self.parse_as = answer_format
        link(given)
        self.given = given

    def wanted_prompt(self) -> FetchedPrompt | dict[str, Any] | None:
        """The prompt to carry out, or what to fetch for it, when the call names one and brings no messages of its own.
        With messages, a prompt is only what the span is listed under."""
        prompt = self.given.get("prompt")
        if prompt is None:
            return None
        wanted: dict[str, Any]
        if isinstance(prompt, FetchedPrompt):
            if not self.given.get("messages"):
                return prompt
            wanted = {"slug": prompt.slug, "version": prompt.version.version, "label": prompt.label}
        elif isinstance(prompt, str):
            wanted = {"slug": prompt}
        elif isinstance(prompt, Mapping):
            wanted = dict(prompt)
        else:
            raise invalid_request('prompt must be a slug, {"slug", "version"?, "label"?} or a FetchedPrompt')
        if self.given.get("messages"):
            self.given["prompt"] = wanted
            return None
        return wanted

    def use_prompt(self, core: Core, fetched: FetchedPrompt) -> None:
        """The prompt's messages and settings; what the caller gave wins."""
        given = {name: value for name, value in self.given.items() if name not in ("prompt", "variables", "messages")}
        compiled = read_compiled(core, fetched, self.given.get("variables") or {})
        self.given = {**compiled.given(), **given}

    def local_result(self, answer: bytes) -> RunLocalResult:
        return self._parsed(RunLocalResult.model_validate_json(answer))

    def stream_result(self, answer: bytes) -> StreamResult:
        return self._parsed(StreamResult.model_validate_json(answer))

    def responses_result(self, answer: bytes) -> RunResponsesResult:
        return self._parsed(RunResponsesResult.model_validate_json(answer))

    def embedding_result(self, answer: bytes) -> RunEmbeddingResult:
        return RunEmbeddingResult.model_validate_json(answer)

    def _parsed(self, result: R) -> R:
        if self.parse_as is not None:
            try:
                result.parsed = self.parse_as.model_validate_json(result.text)
            except ValueError as error:  # pydantic's ValidationError is one; the paid answer stays
                result.parse_error = str(error)
        return result


def members_of(request: Any) -> dict[str, Any]:
    """What an input model or a dict gives, by name."""
    if isinstance(request, Mapping):
        return dict(request)
    given = getattr(request, "given", None)
    if given is None:
        raise invalid_request(f"the input must be an input model or a dict, not {type(request).__name__}")
    return dict(given())


def read_fetched(core: Core, answer: bytes) -> FetchedPrompt:
    fetched = FetchedPrompt.model_validate_json(answer)
    fetched._core = core
    return fetched


def read_compiled(core: Core, fetched: FetchedPrompt, variables: Mapping[str, Any]) -> RunLocalInput:
    """Computes only: nothing is sent."""
    compiled = core.call("compile_prompt", {"prompt": fetched, "variables": variables})
    return RunLocalInput.model_validate_json(compiled)
