// The Tracia server over HTTP: one request of its API, and the recorder's way to it. Private to libs/client.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/record/recorder.h"
#include "tracia/transport/transport.h"
#include "tracia/wire/http.h"

namespace tracia::client {

std::string user_agent();  // "tracia-cpp/0.1.0"

// Turns an answer with status >= 400 into the server's error. Understands {"error":{code,message}} and a flat
// {code,message}; a body that is neither gives "HTTP <status>".
Error api_error(const wire::HttpResponse& response);
// The error that ends a stream: the same JSON without a status. Its status is the provider's, where one said no.
Error stream_error(const json::Value& root);

class HttpSpanSender final : public record::Sender {
 public:
  HttpSpanSender(std::shared_ptr<transport::Transport> transport, std::string base_url, std::string api_key);
  record::PostResult post(std::string_view path, std::string_view body, bool gzipped, Millis timeout) override;
  void cancel() override;

 private:
  std::shared_ptr<transport::Transport> transport_;
  std::string base_url_, api_key_;
  std::mutex mutex_;
  transport::CancelToken current_;
};

}  // namespace tracia::client
