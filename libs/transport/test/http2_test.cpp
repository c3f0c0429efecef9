// HTTP/2 over TLS against a server of a few frames (RFC 9113): it answers every stream with status 200 and "hello".
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "exchange_fixture.h"

namespace tracia::transport::test {
namespace {

constexpr unsigned kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6;
constexpr unsigned kEndStream = 1, kAck = 1, kEndHeaders = 4;

std::string frame(unsigned type, unsigned flags, uint32_t stream, std::string_view payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out.push_back(static_cast<char>(payload.size() >> shift));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(stream >> shift));
  return out.append(payload);
}

struct FrameHead {
  size_t size;
  unsigned type, flags;
  uint32_t stream;
};
std::optional<FrameHead> read_head(Peer& peer) {
  const std::string bytes = peer.read_exactly(9);
  if (bytes.size() < 9) return std::nullopt;
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])); };
  return FrameHead{at(0) << 16 | at(1) << 8 | at(2), at(3), at(4), at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8)};
}

// Calls `answer` with each stream whose request has ended; ends when the client goes.
void serve_h2(Peer& peer, const std::function<void(uint32_t)>& answer,
              const std::function<void(uint32_t)>& reset = {}) {
  if (!peer.speaks_h2() || peer.read_exactly(24).size() < 24) return;
  peer.send(frame(kSettings, 0, 0, ""));
  while (const auto head = read_head(peer)) {
    const std::string payload = peer.read_exactly(head->size);
    if (head->type == kSettings && (head->flags & kAck) == 0) peer.send(frame(kSettings, kAck, 0, ""));
    if (head->type == kPing && (head->flags & kAck) == 0) peer.send(frame(kPing, kAck, 0, payload));
    if (head->type == kReset && reset) reset(head->stream);
    if ((head->type == kHeaders || head->type == kData) && (head->flags & kEndStream) != 0) answer(head->stream);
  }
}

// 0x88 is ":status: 200" in HPACK's static table.
std::string hello(uint32_t stream) {
  return frame(kHeaders, kEndHeaders, stream, "\x88") + frame(kData, kEndStream, stream, "hello");
}

class Http2 : public ExchangeTest {
 protected:
  Http2() : identity_(make_certificate({})) {
    std::FILE* file = std::fopen(ca_file_.c_str(), "w");
    std::fwrite(identity_.certificate.data(), 1, identity_.certificate.size(), file);
    std::fclose(file);
  }
  ~Http2() override { std::remove(ca_file_.c_str()); }
  const TlsIdentity identity_;
  const std::string ca_file_ = testing::TempDir() + "tracia_h2_ca_" + std::to_string(::getpid());
};
TRACIA_BOTH_WAYS(Http2);

TEST_P(Http2, IsChosenByAlpnAndKeepsTheConnection) {
  RawServer server([](Peer& peer) { serve_h2(peer, [&](uint32_t stream) { peer.send(hello(stream)); }); }, &identity_,
                   true);
  Transport transport({.ca_file = ca_file_});
  for (int i = 0; i < 4; ++i) {
    const Outcome outcome = run(transport, post(server.url(), std::string(i * 1000, 'x')));
    ASSERT_TRUE(outcome.status) << outcome.status.error().message;
    EXPECT_EQ(outcome.timings.http_version, 2);
    EXPECT_EQ(last->head.status, 200);
    EXPECT_EQ(last->body, "hello");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Http2, IsNotOfferedWhenTurnedOff) {
  RawServer server([](Peer& peer) { peer.speaks_h2() ? void() : answer_all("one")(peer); }, &identity_, true);
  Transport transport({.http2 = false, .ca_file = ca_file_});
  const Outcome outcome = run(transport, post(server.url()));
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(outcome.timings.http_version, 11);
}

TEST_P(Http2, ACutOrResetStreamIsALostConnection) {
  for (const bool reset : {false, true}) {
    RawServer server(
        [reset](Peer& peer) {
          bool over = false;
          serve_h2(peer, [&](uint32_t stream) {
            if (std::exchange(over, true)) return;
            peer.send(frame(kHeaders, kEndHeaders, stream, "\x88") + frame(kData, 0, stream, "hel"));
            if (reset) {
              peer.send(frame(kReset, 0, stream, std::string("\0\0\0\2", 4)));
            } else {
              peer.send(
                  frame(7, 0, 0, std::string("\0\0\0\0\0\0\0\2", 8)));  // GOAWAY: nothing was taken, INTERNAL_ERROR
            }
          });
        },
        &identity_, true);
    Transport transport({.ca_file = ca_file_});
    ExchangeOptions options;
    options.deadlines.total = Millis{5000};
    SCOPED_TRACE(reset);
    EXPECT_FAILS(run(transport, post(server.url()), options), kNetworkError, kConnectionLost);
  }
}

TEST_P(Http2, CancelResetsTheStreamOrClosesTheConnection) {
  ExchangeOptions options;
  std::promise<void> gone;
  RawServer server(
      [&](Peer& peer) {
        bool told = false;
        const auto tell = [&] {
          if (!std::exchange(told, true)) gone.set_value();
        };
        serve_h2(peer, [&](uint32_t) { options.cancel.cancel(); }, [&](uint32_t) { tell(); });
        tell();
      },
      &identity_, true);
  Transport transport({.ca_file = ca_file_});
  EXPECT_FAILS(run(transport, post(server.url()), options), kAborted, kAborted);
  gone.get_future().get();
}

TEST_P(Http2, AHandlerThatHasEnoughEndsTheStreamForTheServerToo) {
  std::promise<void> gone;
  RawServer server(
      [&](Peer& peer) {
        bool told = false;
        const auto tell = [&] {
          if (!std::exchange(told, true)) gone.set_value();
        };
        serve_h2(
            peer,
            [&](uint32_t stream) {
              peer.send(frame(kHeaders, kEndHeaders, stream, "\x88") + frame(kData, 0, stream, "hello"));
            },
            [&](uint32_t) { tell(); });
        tell();
      },
      &identity_, true);
  Transport transport({.ca_file = ca_file_});
  auto recorder = std::make_shared<Recorder>();
  recorder->stop_after = 1;
  EXPECT_TRUE(run(transport, post(server.url()), {}, recorder).status);
  gone.get_future().get();
}

TEST(Http2Start, SharesAWarmConnectionBetweenStreams) {
  const TlsIdentity identity = make_certificate({});
  const std::string ca_file = testing::TempDir() + "tracia_h2_share_" + std::to_string(::getpid());
  std::FILE* file = std::fopen(ca_file.c_str(), "w");
  std::fwrite(identity.certificate.data(), 1, identity.certificate.size(), file);
  std::fclose(file);
  RawServer server(
      [](Peer& peer) {
        std::vector<uint32_t> waiting;  // the first alone, the others answered together once ten are open
        serve_h2(peer, [&](uint32_t stream) {
          if (stream == 1) {
            peer.send(hello(stream));
            return;
          }
          waiting.push_back(stream);
          if (waiting.size() < 10) return;
          for (const uint32_t each : waiting) peer.send(hello(each));
        });
      },
      &identity, true);
  Transport transport({.ca_file = ca_file});
  ASSERT_TRUE([&] {
    std::promise<bool> first;
    transport.start(post(server.url()), {}, std::make_shared<Recorder>(),
                    [&](Outcome outcome) { first.set_value(outcome.status.has_value()); });
    return first.get_future().get();
  }());
  std::promise<void> all;
  std::atomic<int> left{10};
  for (int i = 0; i < 10; ++i) {
    transport.start(post(server.url()), {}, std::make_shared<Recorder>(), [&](Outcome outcome) {
      EXPECT_TRUE(outcome.status);
      EXPECT_TRUE(outcome.timings.reused_connection);
      if (--left == 0) all.set_value();
    });
  }
  all.get_future().get();
  EXPECT_EQ(server.connections(), 1);
  std::remove(ca_file.c_str());
}

}  // namespace
}  // namespace tracia::transport::test
