// Identifiers of spans, traces and API keys, made from the operating system's random source. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace tracia {

std::string random_bytes(size_t count);  // cryptographically strong; safe after fork

std::string new_span_id();   // "sp_" + 16 lower-case hex
std::string new_trace_id();  // "tr_" + 16 lower-case hex
std::string new_api_key();   // "tr_" + 43 characters of base64url: 256 random bits

// ^(sp|tr)_[a-f0-9]{16}$, case-insensitive: what the hosted SDKs accept for a caller's own span id.
bool is_valid_span_id(std::string_view id);
// 1 to 128 printable ASCII characters.
bool is_valid_trace_id(std::string_view id);

}  // namespace tracia
