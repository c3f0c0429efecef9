// Drives llm's CredentialResolver: reads the files and makes the HTTP requests it asks for, and keeps the answer.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "tracia/llm/aws_credentials.h"
#include "tracia/llm/endpoint.h"
#include "tracia/transport/transport.h"

namespace tracia::calls {

// Thread-safe. Credentials are kept until five minutes before they expire; environment and profile ones for ever.
class AwsCredentialCache {
 public:
  AwsCredentialCache(transport::Transport& transport, llm::EnvReader env)
      : transport_(transport), env_(std::move(env)) {}

  // On the caller's thread; I/O only when nothing fresh is kept. `interrupted`: see transport::ExchangeOptions.
  Result<llm::AwsCredentials> get(const transport::CancelToken& cancel, Timestamp now,
                                  const std::function<bool()>& interrupted = {});
  // AWS_REGION, AWS_DEFAULT_REGION, else the profile's region (its files are read once), else "us-east-1".
  std::string region();
  // `done` is called at once when credentials are kept, else on the transport's loop.
  void get_async(const transport::CancelToken& cancel, Timestamp now,
                 std::function<void(Result<llm::AwsCredentials>)> done);

 private:
  struct Pending;
  std::optional<llm::AwsCredentials> kept(Timestamp now);
  Result<llm::AwsCredentials> keep(Result<llm::ResolvedCredentials> resolved);
  void advance(const std::shared_ptr<Pending>& pending);

  transport::Transport& transport_;
  llm::EnvReader env_;
  std::mutex mutex_;
  std::optional<llm::ResolvedCredentials> kept_;
  std::optional<std::string> profile_region_;
};

}  // namespace tracia::calls
