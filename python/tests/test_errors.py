"""TraciaError and its codes."""

import pickle

import pytest

from tracia import TraciaError, TraciaErrorCode
from tracia.errors import error_from_json


def test_str_names_code_message_and_status():
    assert str(TraciaError(TraciaErrorCode.NOT_FOUND, "Prompt not found: x", 404)) == (
        "[NOT_FOUND] Prompt not found: x (status: 404)"
    )
    assert str(TraciaError(TraciaErrorCode.TIMEOUT, "too late")) == "[TIMEOUT] too late"


def test_codes_compare_with_their_text():
    error = TraciaError("CONFLICT", "taken", 409)
    assert error.code == TraciaErrorCode.CONFLICT
    assert error.code == "CONFLICT"
    assert f"{error.code}" == "CONFLICT"


def test_an_unknown_code_keeps_its_text():
    error = TraciaError("TEAPOT", "short and stout", 418)
    assert error.code is TraciaErrorCode.UNKNOWN
    assert error.raw_code == "TEAPOT"
    assert str(error) == "[TEAPOT] short and stout (status: 418)"


def test_what_the_native_client_says_is_read():
    error = error_from_json(
        b'{"code":"PROVIDER_ERROR","message":"slow down","statusCode":429,"retryAfterMs":1500,'
        b'"provider":{"name":"openai","status":429,"requestId":"req_1"},"spanId":"sp_0123456789abcdef"}'
    )
    assert (error.code, error.status_code, error.retry_after_ms) == ("PROVIDER_ERROR", 429, 1500)
    assert (error.provider, error.request_id, error.span_id) == ("openai", "req_1", "sp_0123456789abcdef")
    bare = error_from_json(b'{"code":"NETWORK_ERROR","message":"refused"}')
    assert (bare.status_code, bare.provider, bare.span_id, bare.partial) == (None, None, None, None)


def test_errors_cross_process_pools():
    error = TraciaError("PROVIDER_ERROR", "no", 400, provider="openai", request_id="r", span_id="sp_1")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.provider, copy.request_id, copy.span_id) == ("openai", "r", "sp_1")


@pytest.mark.parametrize(
    "code", ["MISSING_PROVIDER_KEY", "RATE_LIMITED", "FORBIDDEN", "PAYLOAD_TOO_LARGE", "UNAVAILABLE"]
)
def test_the_servers_codes_are_known(code):
    assert TraciaErrorCode(code).value == code
