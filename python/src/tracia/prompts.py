"""`client.prompts`: prompts kept on the server. Each method has a twin for event loops, with an `a` before its name.

Raises TraciaError with the server's code (NOT_FOUND, CONFLICT, INVALID_REQUEST, UNAUTHORIZED, ...), or NETWORK_ERROR
and TIMEOUT when it is not reached. Source: api/openapi.yaml, tag "prompts".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from tracia._calls import read_fetched
from tracia._request import Request, nothing, options_of, page_of, path_of, query_of
from tracia.models.prompts import (
    CreatePromptOptions,
    FetchedPrompt,
    Prompt,
    PromptLabel,
    PromptListItem,
    PromptVersion,
    RenderedPrompt,
    RunOptions,
    UpdatePromptOptions,
)
from tracia.models.results import RunResult
from tracia.streams import AsyncPromptStream, PromptStream
from tracia.tracing import link

if TYPE_CHECKING:
    from tracia._core import Core

Variables = Mapping[str, Any]
_PAGE = 100
_ANSWER_MARGIN_MS = 5_000  # for the server's answer, beyond what a run may take


class Prompts:
    """See the module. Thread-safe."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self) -> PromptList:
        """All prompts, most recently updated first."""
        prompts: PromptList = []
        cursor: str | None = None
        while True:
            page, cursor = _list(cursor).send(self._core)
            prompts += page
            if cursor is None:
                return prompts

    async def alist(self) -> PromptList:
        """As `list`."""
        prompts: PromptList = []
        cursor: str | None = None
        while True:
            page, cursor = await _list(cursor).asend(self._core)
            prompts += page
            if cursor is None:
                return prompts

    def get(self, slug: str) -> Prompt:
        """A prompt with its newest version's content, and its newest 100 versions."""
        return _get(slug).send(self._core)

    async def aget(self, slug: str) -> Prompt:
        """As `get`."""
        return await _get(slug).asend(self._core)

    def create(self, options: CreatePromptOptions | Mapping[str, Any]) -> Prompt:
        """A new prompt, at version 1. Raises CONFLICT when its slug exists."""
        return _create(options).send(self._core)

    async def acreate(self, options: CreatePromptOptions | Mapping[str, Any]) -> Prompt:
        """As `create`."""
        return await _create(options).asend(self._core)

    def update(self, slug: str, options: UpdatePromptOptions | Mapping[str, Any]) -> Prompt:
        """Changes what is given: a field set to None is cleared. A change of content, model, settings, tools or schema
        makes a new version. Raises CONFLICT when the new slug exists, or `base_version` is not the newest any more."""
        return _update(slug, options).send(self._core)

    async def aupdate(self, slug: str, options: UpdatePromptOptions | Mapping[str, Any]) -> Prompt:
        """As `update`."""
        return await _update(slug, options).asend(self._core)

    def delete(self, slug: str) -> None:
        """Deletes a prompt and all its versions, for good."""
        _delete(slug).send(self._core)

    async def adelete(self, slug: str) -> None:
        """As `delete`."""
        await _delete(slug).asend(self._core)

    @overload
    def run(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[True],
    ) -> PromptStream: ...
    @overload
    def run(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[False] = False,
    ) -> RunResult: ...
    @overload
    def run(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: bool,
    ) -> RunResult | PromptStream: ...

    def run(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: bool = False,
    ) -> RunResult | PromptStream:
        """The server renders the prompt, calls its model and records the span.

        `variables` must hold all that the prompt needs, else MISSING_VARIABLES. Raises MISSING_PROVIDER_KEY when the
        server has no key for the provider, PROVIDER_ERROR when the provider refused.
        """
        chosen = _run_options(options)
        if stream:
            native = self._core.stream("run_prompt", _stream(slug, variables, chosen))
            return PromptStream(self._core, native, _read_run)
        return _run(slug, variables, chosen).send(self._core)

    @overload
    async def arun(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[True],
    ) -> AsyncPromptStream: ...
    @overload
    async def arun(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[False] = False,
    ) -> RunResult: ...
    @overload
    async def arun(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: bool,
    ) -> RunResult | AsyncPromptStream: ...

    async def arun(
        self,
        slug: str,
        variables: Variables | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: bool = False,
    ) -> RunResult | AsyncPromptStream:
        """As `run`."""
        chosen = _run_options(options)
        if stream:
            native = self._core.stream("run_prompt", _stream(slug, variables, chosen))
            return AsyncPromptStream(self._core, native, _read_run)
        return await _run(slug, variables, chosen).asend(self._core)

    def render(
        self, slug: str, variables: Variables | None = None, *, version: int | None = None, label: str | None = None
    ) -> RenderedPrompt:
        """The prompt with its variables filled in; no model is called."""
        return _render(slug, variables, version, label).send(self._core)

    async def arender(
        self, slug: str, variables: Variables | None = None, *, version: int | None = None, label: str | None = None
    ) -> RenderedPrompt:
        """As `render`."""
        return await _render(slug, variables, version, label).asend(self._core)

    def versions(self, slug: str) -> VersionList:
        """All versions, newest first."""
        versions: VersionList = []
        cursor: str | None = None
        while True:
            page, cursor = _versions(slug, cursor).send(self._core)
            versions += page
            if cursor is None:
                return versions

    async def aversions(self, slug: str) -> VersionList:
        """As `versions`."""
        versions: VersionList = []
        cursor: str | None = None
        while True:
            page, cursor = await _versions(slug, cursor).asend(self._core)
            versions += page
            if cursor is None:
                return versions

    def get_version(self, slug: str, version: int) -> PromptVersion:
        """One version."""
        return _get_version(slug, version).send(self._core)

    async def aget_version(self, slug: str, version: int) -> PromptVersion:
        """As `get_version`."""
        return await _get_version(slug, version).asend(self._core)

    def restore(self, slug: str, version: int, *, note: str | None = None, base_version: int | None = None) -> Prompt:
        """Makes a new version with an old one's content; history is never rewritten."""
        return _restore(slug, version, note, base_version).send(self._core)

    async def arestore(
        self, slug: str, version: int, *, note: str | None = None, base_version: int | None = None
    ) -> Prompt:
        """As `restore`."""
        return await _restore(slug, version, note, base_version).asend(self._core)

    def set_label(self, slug: str, label: str, version: int) -> PromptLabel:
        """Points a label ("production") at a version; a new label is made."""
        return _set_label(slug, label, version).send(self._core)

    async def aset_label(self, slug: str, label: str, version: int) -> PromptLabel:
        """As `set_label`."""
        return await _set_label(slug, label, version).asend(self._core)

    def delete_label(self, slug: str, label: str) -> None:
        """Deletes a label; the version stays. Raises CONFLICT for the prompt's default label."""
        _delete_label(slug, label).send(self._core)

    async def adelete_label(self, slug: str, label: str) -> None:
        """As `delete_label`."""
        await _delete_label(slug, label).asend(self._core)

    def fetch(
        self,
        slug: str,
        *,
        label: str | None = None,
        version: int | None = None,
        max_age_ms: int | None = None,
        timeout_ms: int | None = None,
    ) -> FetchedPrompt:
        """A version to be run by this process: `client.run_local(prompt=client.prompts.fetch("welcome-email"), ...)`.

        When the server cannot be reached, or fails (5xx), the last good copy is given, from memory or from disk, marked
        `stale`. A copy in memory younger than `max_age_ms` (None: 60,000; 0: never) is given without asking.
        """
        wanted = _fetch(slug, label, version, max_age_ms, timeout_ms)
        return read_fetched(self._core, self._core.call("fetch_prompt", wanted))

    async def afetch(
        self,
        slug: str,
        *,
        label: str | None = None,
        version: int | None = None,
        max_age_ms: int | None = None,
        timeout_ms: int | None = None,
    ) -> FetchedPrompt:
        """As `fetch`."""
        wanted = _fetch(slug, label, version, max_age_ms, timeout_ms)
        return read_fetched(self._core, await self._core.acall("fetch_prompt", wanted))


PromptList = list[PromptListItem]
VersionList = list[PromptVersion]
_read_prompt = Prompt.model_validate_json
_read_run = RunResult.model_validate_json


def _list(cursor: str | None) -> Request[tuple[PromptList, str | None]]:
    path = path_of("prompts") + query_of({"limit": _PAGE, "cursor": cursor})
    return Request("GET", path, page_of("prompts", PromptListItem.model_validate))


def _get(slug: str) -> Request[Prompt]:
    return Request("GET", path_of("prompts", slug), _read_prompt)


def _create(options: CreatePromptOptions | Mapping[str, Any]) -> Request[Prompt]:
    return Request("POST", path_of("prompts"), _read_prompt, options_of(CreatePromptOptions, options))


def _update(slug: str, options: UpdatePromptOptions | Mapping[str, Any]) -> Request[Prompt]:
    return Request("PUT", path_of("prompts", slug), _read_prompt, options_of(UpdatePromptOptions, options))


def _delete(slug: str) -> Request[None]:
    return Request("DELETE", path_of("prompts", slug), nothing)


def _run_options(options: RunOptions | Mapping[str, Any] | None) -> dict[str, Any]:
    """By their Python names; a run inside an open span is its child."""
    chosen = options_of(RunOptions, options if options is not None else {}).given()
    link(chosen)
    return chosen


def _run(slug: str, variables: Variables | None, chosen: dict[str, Any]) -> Request[RunResult]:
    body = RunOptions.model_construct(**chosen).to_wire()
    if variables:
        body["variables"] = variables
    timeout_ms = chosen.get("timeout_ms")
    waits_ms = None if timeout_ms is None else timeout_ms + _ANSWER_MARGIN_MS
    return Request("POST", path_of("prompts", slug, "run"), _read_run, body, waits_ms)


def _stream(slug: str, variables: Variables | None, chosen: dict[str, Any]) -> dict[str, Any]:
    return {"slug": slug, "variables": variables or {}, "options": chosen}


def _render(slug: str, variables: Variables | None, version: int | None, label: str | None) -> Request[RenderedPrompt]:
    body = {"variables": variables or {}, "version": version, "label": label}
    return Request("POST", path_of("prompts", slug, "render"), RenderedPrompt.model_validate_json, body)


def _versions(slug: str, cursor: str | None) -> Request[tuple[VersionList, str | None]]:
    path = path_of("prompts", slug, "versions") + query_of({"limit": _PAGE, "cursor": cursor})
    return Request("GET", path, page_of("versions", PromptVersion.model_validate))


def _get_version(slug: str, version: int) -> Request[PromptVersion]:
    return Request("GET", path_of("prompts", slug, "versions", version), PromptVersion.model_validate_json)


def _restore(slug: str, version: int, note: str | None, base_version: int | None) -> Request[Prompt]:
    body = {"note": note, "baseVersion": base_version}
    given = {name: value for name, value in body.items() if value is not None}
    return Request("POST", path_of("prompts", slug, "versions", version, "restore"), _read_prompt, given)


def _set_label(slug: str, label: str, version: int) -> Request[PromptLabel]:
    path = path_of("prompts", slug, "labels", label)
    return Request("PUT", path, PromptLabel.model_validate_json, {"version": version})


def _delete_label(slug: str, label: str) -> Request[None]:
    return Request("DELETE", path_of("prompts", slug, "labels", label), nothing)


def _fetch(
    slug: str, label: str | None, version: int | None, max_age_ms: int | None, timeout_ms: int | None
) -> dict[str, Any]:
    wanted = {"slug": slug, "label": label, "version": version, "max_age_ms": max_age_ms, "timeout_ms": timeout_ms}
    return {name: value for name, value in wanted.items() if value is not None}
