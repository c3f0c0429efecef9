// The bounds of a span's fields. "Chars" are Unicode code points, as in api/openapi.yaml, which states the same
// numbers. from_json() refuses what passes them; fit() makes a span obey them before it is sent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tracia::span::limits {

// Members of one span, unknown ones included: each known field is looked up among them.
inline constexpr size_t kMembersMax = 1024;
inline constexpr size_t kNameCharsMax = 256;
inline constexpr size_t kModelCharsMax = 256;
inline constexpr size_t kProviderCharsMax = 64;
inline constexpr size_t kUserIdCharsMax = 256;
inline constexpr size_t kSessionIdCharsMax = 256;
inline constexpr size_t kTagsMax = 50;
inline constexpr size_t kTagCharsMax = 200;
inline constexpr size_t kSlugCharsMax = 128;
inline constexpr size_t kLabelCharsMax = 64;
inline constexpr size_t kExperimentIdCharsMax = 128;
inline constexpr size_t kVariantCharsMax = 128;
inline constexpr size_t kFinishReasonCharsMax = 128;  // the vendor's own word
inline constexpr size_t kErrorCharsMax = 262'144;     // a message, perhaps with a stack trace; not a payload
inline constexpr size_t kAttemptsMax = 50;
inline constexpr int kHttpStatusMax = 599;
inline constexpr size_t kAttemptWordCharsMax = 256;  // codes, kinds, request ids
inline constexpr size_t kAttemptMessageCharsMax = 4096;
// A prompt takes 128 tools (openapi, Tools). Spans tell what was really sent to a provider, which may be more.
inline constexpr size_t kToolsMax = 1024;
inline constexpr size_t kToolCallsMax = 1024;

// Ten years: below the point where microseconds since 1970 overflow, above any real operation.
inline constexpr int64_t kDurationMsMax = 315'360'000'000;
inline constexpr int64_t kTokensMax = 1'000'000'000'000;
inline constexpr int64_t kVersionMax = 1'000'000'000;

// Conversations. Long agents reach some hundred messages; the bound only stops absurd ones.
inline constexpr size_t kMessagesMax = 10'000;
inline constexpr size_t kPartsMax = 10'000;  // of one message
inline constexpr size_t kMimeTypeCharsMax = 128;
inline constexpr size_t kPhaseCharsMax = 64;  // of an item of OpenAI's Responses API
inline constexpr size_t kIdCharsMax = 512;    // call and item ids; vendors use up to about 100

// Media kept in a span's input, as base64 text. Past either bound the part says {"omittedBytes": n} instead: a span
// must stay postable (a batch is some MiB) and its text searchable, and the application has the picture anyway.
inline constexpr size_t kMediaBytesMax = 1u << 20;       // one image, document or sound
inline constexpr size_t kMediaTotalBytesMax = 3u << 20;  // all of one span: below tracia::limits::kExportBatchBytesMax

}  // namespace tracia::span::limits
