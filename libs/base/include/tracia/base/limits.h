// Every bound that the libraries obey, with the reason for its size. What happens at a bound is said where it is used.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tracia::limits {

// A provider's whole (non-streamed) answer. Base64 images and large embedding batches fit; a hostile endpoint cannot
// fill memory. Past it the call fails with ErrorKind::kTooLarge.
inline constexpr size_t kResponseBytesMax = 64u << 20;
// What we send. Providers refuse more than 20 to 32 MB; a 40 MB body is refused before a byte is sent.
inline constexpr size_t kRequestBytesMax = 32u << 20;
// Text, tool calls and reasoning held for one streamed answer: past it the stream fails.
inline constexpr size_t kStreamBufferBytesMax = 16u << 20;
// Parts (text, tool calls, unknown blocks) of one answer: empty ones cost memory without counting as text.
inline constexpr size_t kAnswerPartsMax = 1u << 16;
// A tool schema after its references are written out; nested references can otherwise grow without bound.
inline constexpr size_t kSchemaBytesMax = 1u << 20;
// One SSE event or one AWS event-stream frame. AWS documents 16 MB as the largest payload.
inline constexpr size_t kStreamEventBytesMax = 16u << 20;
inline constexpr size_t kEventStreamHeadersBytesMax = 128u << 10;  // AWS: headers are at most 128 KiB
inline constexpr size_t kHeaderBytesMax = 64u << 10;               // response headers, all together
inline constexpr size_t kErrorMessageBytesMax = 4u << 10;          // a vendor's message that we keep
inline constexpr int kJsonDepthMax = 256;

// Client-side exporter (record).
inline constexpr size_t kExportQueueSpansMax = 4096;
inline constexpr size_t kExportQueueBytesMax = 64u << 20;
inline constexpr size_t kExportBatchSpansMax = 200;
inline constexpr size_t kExportBatchBytesMax = 4u << 20;
inline constexpr size_t kSpoolBytesMax = 256u << 20;

// API (api/openapi.yaml).
inline constexpr size_t kBatchSpansMax = 1000;
inline constexpr size_t kBatchBytesMax = 32u << 20;

inline constexpr int kRetriesDefault = 2;
inline constexpr int kRetriesMax = 10;
inline constexpr int64_t kCallTimeoutMsDefault = 120'000;  // hosted SDKs' default, total across retries
inline constexpr int64_t kConnectTimeoutMsDefault = 10'000;
inline constexpr int64_t kRetryDelayMsBase = 500;
inline constexpr int64_t kRetryDelayMsMax = 8'000;
inline constexpr int64_t kRetryAfterMsMax = 60'000;  // a longer Retry-After is not waited for: the call fails

}  // namespace tracia::limits
