#include "tracia/wire/event_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "tracia/base/bytes.h"

namespace tracia::wire {
namespace {

using Type = EventStreamType;

// What a decoder made of some bytes, with owned copies.
struct Heard {
  std::vector<std::string> messages;  // "name=type:value;…|payload"
  Status status;
  bool partial = false;
};

Heard hear(std::string_view bytes, size_t piece, size_t max = limits::kStreamEventBytesMax) {
  Heard out;
  EventStreamDecoder decoder(max);
  while (!bytes.empty() && out.status) {
    const std::string copy(bytes.substr(0, piece));
    bytes.remove_prefix(copy.size());
    out.status = decoder.feed(copy, [&](const EventStreamMessage& message) {
      std::string text;
      for (const auto& header : message.headers) {
        text.append(header.name).append("=").append(std::to_string(static_cast<int>(header.type))).append(":");
        text.append(hex_encode(header.value)).append(";");
      }
      out.messages.push_back(text + "|" + std::string(message.payload));
      return true;
    });
  }
  out.partial = decoder.has_partial();
  return out;
}

std::string message(std::initializer_list<EventStreamHeader> headers, std::string_view payload) {
  std::string out;
  const Status status = append_event_stream_message(out, {headers.begin(), headers.size()}, payload);
  EXPECT_TRUE(status);
  return out;
}

// AWS's own vectors ("empty_message", "payload_one_str_header" of the event-stream test data).
TEST(EventStream, ReadsPublishedVectors) {
  const std::string empty("\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff", 16);
  EXPECT_EQ(hear(empty, 16).messages, std::vector<std::string>{"|"});
  EXPECT_EQ(message({}, ""), empty);
  const std::string one = std::string("\x00\x00\x00\x3d\x00\x00\x00\x20\x07\xfd\x83\x96\x0c", 13) + "content-type" +
                          std::string("\x07\x00\x10", 3) + "application/json{'foo':'bar'}" +
                          std::string("\x8d\x9c\x08\xb1", 4);
  EXPECT_EQ(message({{"content-type", Type::kString, "application/json"}}, "{'foo':'bar'}"), one);
  EXPECT_EQ(hear(one, one.size()).messages.size(), 1u);
}

TEST(EventStream, ReadsEveryHeaderTypeUnderAnyChunking) {
  const std::string eight("\x00\x00\x01\x8f\x00\x00\x00\x01", 8);
  const std::string bytes = message({{"t", Type::kTrue, ""},
                                     {"f", Type::kFalse, ""},
                                     {"b", Type::kByte, "\xff"},
                                     {"s", Type::kShort, "\x01\x02"},
                                     {"i", Type::kInteger, "\x01\x02\x03\x04"},
                                     {"l", Type::kLong, eight},
                                     {"bytes", Type::kBytes, "ab"},
                                     {"string", Type::kString, "text"},
                                     {"time", Type::kTimestamp, eight},
                                     {"uuid", Type::kUuid, "0123456789abcdef"}},
                                    "payload") +
                            message({}, "") + message({{":event-type", Type::kString, "x"}}, std::string(5000, 'p'));
  const Heard whole = hear(bytes, bytes.size());
  ASSERT_TRUE(whole.status);
  ASSERT_EQ(whole.messages.size(), 3u);
  EXPECT_EQ(whole.messages[0].substr(0, 20), "t=0:;f=1:;b=2:ff;s=3");
  for (const size_t piece : {1u, 2u, 3u, 7u, 11u, 12u, 13u, 64u, 4096u}) {
    const Heard pieces = hear(bytes, piece);
    EXPECT_TRUE(pieces.status);
    EXPECT_EQ(pieces.messages, whole.messages) << piece;
    EXPECT_FALSE(pieces.partial);
  }
}

TEST(EventStream, FindsATextHeaderByName) {
  std::string name;
  EventStreamDecoder decoder;
  ASSERT_TRUE(decoder.feed(message({{"n", Type::kTrue, ""}, {":event-type", Type::kString, "chunk"}}, ""),
                           [&](const EventStreamMessage& m) {
                             name = m.text(":event-type");
                             EXPECT_EQ(m.text("n"), "");
                             EXPECT_EQ(m.text("absent"), "");
                             return true;
                           }));
  EXPECT_EQ(name, "chunk");
  EXPECT_EQ(decoder.messages(), 1u);
}

TEST(EventStream, HoldsACutMessageAndSaysSo) {
  const std::string bytes = message({{"a", Type::kString, "b"}}, "payload");
  for (size_t size = 1; size < bytes.size(); ++size) {
    const Heard heard = hear(bytes.substr(0, size), 5);
    EXPECT_TRUE(heard.status);
    EXPECT_TRUE(heard.partial);
    EXPECT_TRUE(heard.messages.empty());
  }
}

TEST(EventStream, RefusesEveryFlippedBit) {
  const std::string bytes = message({{"a", Type::kString, "b"}, {"u", Type::kUuid, "0123456789abcdef"}}, "payload");
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string bad = bytes;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    for (const size_t piece : {size_t{1}, bad.size()}) {
      const Heard heard = hear(bad, piece);
      ASSERT_FALSE(heard.status) << i;
      EXPECT_EQ(heard.status.error().kind, ErrorKind::kMalformedResponse);
      EXPECT_TRUE(heard.messages.empty());
    }
  }
}

TEST(EventStream, FailsAtThePreludeOfSomethingElse) {
  const Heard heard = hear(R"({"message":"not a stream"})", 12);
  ASSERT_FALSE(heard.status);
  EXPECT_EQ(heard.status.error().code, ErrorCode::kProviderError);
}

TEST(EventStream, RefusesMessagesOverTheBound) {
  const std::string bytes = message({}, std::string(100, 'x'));
  EXPECT_TRUE(hear(bytes, bytes.size(), 100).status);
  EXPECT_FALSE(hear(bytes, bytes.size(), 99).status);
  EXPECT_FALSE(hear(bytes.substr(0, 12), 12, 99).status);  // before the payload is held
}

TEST(EventStream, StaysSpentAfterAnErrorAndStopsWhenTold) {
  EventStreamDecoder decoder;
  const auto ignore = [](const EventStreamMessage&) { return true; };
  EXPECT_FALSE(decoder.feed(std::string(12, 'x'), ignore));
  EXPECT_FALSE(decoder.feed(message({}, ""), ignore));
  EXPECT_EQ(decoder.messages(), 0u);

  EventStreamDecoder stopped;
  EXPECT_TRUE(stopped.feed(message({}, "1") + message({}, "2"), [](const EventStreamMessage&) { return false; }));
  EXPECT_EQ(stopped.messages(), 1u);
}

// Headers whose checksums are right and whose insides are not.
TEST(EventStream, RefusesBrokenHeadersWithRightChecksums) {
  const auto reframed = [](std::string_view headers) {
    // The encoder cannot be told to write these, so a payload is relabelled as headers and the checksums are redone.
    std::string frame;
    EXPECT_TRUE(append_event_stream_message(frame, {}, headers));
    return std::pair(frame, headers.size());
  };
  const std::vector<std::string> broken = {std::string("\x00\x07\x00\x00", 4),
                                           "\x01",
                                           "\x05"
                                           "ab",
                                           std::string("\x01"
                                                       "a\x0a",
                                                       3),
                                           std::string("\x01"
                                                       "a\x07\x00",
                                                       4),
                                           std::string("\x01"
                                                       "a\x07\x00\x05"
                                                       "bc",
                                                       7),
                                           std::string("\x01"
                                                       "a\x04\x00",
                                                       4)};
  for (const std::string& headers : broken) {
    auto [frame, size] = reframed(headers);
    frame.replace(4, 4, std::string("\x00\x00\x00", 3) + static_cast<char>(size));
    const auto crc = [](std::string_view bytes) {  // bitwise CRC-32, independent of the code under test
      uint32_t value = 0xFFFFFFFFu;
      for (const char c : bytes) {
        value ^= static_cast<uint8_t>(c);
        for (int k = 0; k < 8; ++k) value = (value >> 1) ^ (0xEDB88320u & (0u - (value & 1)));
      }
      std::string out;
      for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(~value >> shift & 0xFF));
      return out;
    };
    frame.replace(8, 4, crc(frame.substr(0, 8)));
    frame.replace(frame.size() - 4, 4, crc(frame.substr(0, frame.size() - 4)));
    const Heard heard = hear(frame, frame.size());
    ASSERT_FALSE(heard.status) << hex_encode(headers);
    EXPECT_NE(heard.status.error().message.find("header"), std::string::npos) << heard.status.error().message;
  }
}

TEST(EventStream, EncoderRefusesWhatTheFormatCannotHold) {
  std::string out;
  const EventStreamHeader long_name{std::string_view("x"), Type::kByte, "ab"};
  EXPECT_FALSE(append_event_stream_message(out, {&long_name, 1}, ""));
  const std::string huge(70'000, 'v');
  const EventStreamHeader long_value{"x", Type::kString, huge};
  EXPECT_FALSE(append_event_stream_message(out, {&long_value, 1}, ""));
  const EventStreamHeader no_name{"", Type::kString, "v"};
  EXPECT_FALSE(append_event_stream_message(out, {&no_name, 1}, ""));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace tracia::wire
