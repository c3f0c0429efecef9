#include "tracia/calls/credentials.h"

#include <cstdio>
#include <memory>
#include <string>

namespace tracia::calls {
namespace {

constexpr size_t kFileBytesMax = 1u << 20;
constexpr size_t kAnswerBytesMax = 256u << 10;
constexpr int64_t kRenewBeforeMicros = 5LL * 60 * 1'000'000;

using Resolver = llm::CredentialResolver;
using Resolved = Result<llm::ResolvedCredentials>;

std::optional<std::string> read_file(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return std::nullopt;
  std::string text(kFileBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return text;
}

// Reads files as long as files are asked for; they are small and local, so the loop may do it too.
void supply_files(Resolver& resolver) {
  while (const auto* read = std::get_if<Resolver::ReadFile>(&resolver.next())) {
    const auto text = read_file(read->path);
    if (text) {
      resolver.supply(*text);
    } else {
      resolver.supply_failure();
    }
  }
}

transport::ExchangeOptions exchange_options(const Resolver::Fetch& fetch, const transport::CancelToken& cancel) {
  transport::ExchangeOptions options;
  options.deadlines.connect = fetch.timeout;
  options.deadlines.total = fetch.timeout;
  options.body_bytes_max = kAnswerBytesMax;
  options.cancel = cancel;
  return options;
}

Error cancelled() {
  return {.code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "The call was cancelled"};
}

}  // namespace

struct AwsCredentialCache::Pending {
  explicit Pending(llm::EnvReader env) : resolver(std::move(env)) {}
  Resolver resolver;
  transport::CancelToken cancel;
  std::function<void(Result<llm::AwsCredentials>)> done;
};

std::optional<llm::AwsCredentials> AwsCredentialCache::kept(Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (!kept_) return std::nullopt;
  if (kept_->expires && kept_->expires->micros - now.micros < kRenewBeforeMicros) return std::nullopt;
  return kept_->credentials;
}

Result<llm::AwsCredentials> AwsCredentialCache::keep(Result<llm::ResolvedCredentials> resolved) {
  if (!resolved) return fail(std::move(resolved).error());
  const std::lock_guard lock(mutex_);
  kept_ = *resolved;
  return std::move(resolved->credentials);
}

std::string AwsCredentialCache::region() {
  for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = env_(name)) return std::move(*region);
  }
  const std::lock_guard lock(mutex_);
  if (!profile_region_) {
    const llm::AwsProfileFiles files = llm::aws_profile_files(env_);
    const auto profile = llm::aws_profile(read_file(files.credentials_path).value_or(""),
                                          read_file(files.config_path).value_or(""), files.profile);
    profile_region_ = llm::aws_region(env_, profile.value_or(llm::AwsSettings{}));
  }
  return *profile_region_;
}

Result<llm::AwsCredentials> AwsCredentialCache::get(const transport::CancelToken& cancel, Timestamp now,
                                                    const std::function<bool()>& interrupted) {
  if (auto credentials = kept(now)) return std::move(*credentials);
  Resolver resolver(env_);
  while (true) {
    if (cancel.cancelled()) return fail(cancelled());
    supply_files(resolver);
    const auto& action = resolver.next();
    if (const auto* done = std::get_if<Resolved>(&action)) return keep(*done);
    const auto fetch = std::get<Resolver::Fetch>(action);
    auto options = exchange_options(fetch, cancel);
    options.interrupted = interrupted;
    const auto response = transport_.fetch(fetch.request, options);
    if (response) {
      resolver.supply(*response);
    } else if (response.error().kind == ErrorKind::kAborted) {
      return fail(cancelled());
    } else {
      resolver.supply_failure();
    }
  }
}

void AwsCredentialCache::get_async(const transport::CancelToken& cancel, Timestamp now,
                                   std::function<void(Result<llm::AwsCredentials>)> done) {
  if (auto credentials = kept(now)) {
    done(std::move(*credentials));
    return;
  }
  auto pending = std::make_shared<Pending>(env_);
  pending->cancel = cancel;
  pending->done = std::move(done);
  advance(pending);
}

void AwsCredentialCache::advance(const std::shared_ptr<Pending>& pending) {
  if (pending->cancel.cancelled()) {
    pending->done(fail(cancelled()));
    return;
  }
  supply_files(pending->resolver);
  const auto& action = pending->resolver.next();
  if (const auto* done = std::get_if<Resolved>(&action)) {
    pending->done(keep(*done));
    return;
  }
  const auto fetch = std::get<Resolver::Fetch>(action);
  auto handler = std::make_shared<transport::ResponseCollector>();
  transport_.start(fetch.request, exchange_options(fetch, pending->cancel), handler,
                   [this, pending, handler](const transport::Outcome& outcome) {
                     if (outcome.status) {
                       pending->resolver.supply(handler->response);
                     } else {
                       pending->resolver.supply_failure();
                     }
                     advance(pending);
                   });
}

}  // namespace tracia::calls
