#include "tracia/service/masking_store.h"

#include <utility>

#include "tracia/ingest/otlp.h"
#include "tracia/service/policies.h"

namespace tracia::service {
namespace {

// Masking this much takes a millisecond or two: what a thread that serves connections may spend.
constexpr size_t kMaskedAtOnceBytesMax = 64u << 10;

using Maskers = std::vector<std::shared_ptr<const ingest::Masker>>;

size_t payload_bytes(const span::Span& span) {
  size_t bytes = span.input_json.size() + span.variables_json.size() + span.structured_output_json.size() +
                 span.tool_calls_json.size() + span.tools_json.size() + span.attributes_json.size() + span.error.size();
  for (const span::Attempt& attempt : span.attempts) bytes += attempt.message.size();
  return bytes + (span.output ? span.output->size() : 0);
}

void mask(std::vector<store::NewSpan>& spans, const Maskers& maskers) {
  for (size_t i = 0; i < spans.size(); ++i) {
    if (maskers[i]) maskers[i]->apply(spans[i].span);
  }
}

struct Waiting {
  std::vector<store::NewSpan> spans;
  store::AppendCallback done;
  Maskers maskers;
};

}  // namespace

// Deleting a project leaves calls of it under way: what they send or store comes too late.
bool MaskingStore::all_projects_are_there(const std::vector<store::NewSpan>& spans) const {
  if (services_.cache == nullptr) return true;
  const std::string* last = nullptr;
  for (const store::NewSpan& span : spans) {
    if (last != nullptr && *last == span.project_id) continue;
    if (!services_.cache->has_project(ingest::otlp::owner_project(span.project_id))) return false;
    last = &span.project_id;
  }
  return true;
}

void MaskingStore::append(std::vector<store::NewSpan> spans, store::AppendCallback done) {
  if (!all_projects_are_there(spans)) {
    return done(fail({.code = ErrorCode::kUnauthorized,
                      .kind = ErrorKind::kAuthentication,
                      .message = "The project was deleted; nothing is stored for it"}));
  }
  Maskers maskers;
  size_t bytes = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    auto masker = policies_.masker(spans[i].project_id);
    if (!masker) continue;
    maskers.resize(spans.size());
    maskers[i] = std::move(masker);
    bytes += payload_bytes(spans[i].span);
  }
  if (maskers.empty()) return inner_.append(std::move(spans), std::move(done));
  if (bytes > kMaskedAtOnceBytesMax && services_.workers != nullptr) {
    // Shared: a task that was not taken must still be done here.
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(spans), std::move(done), std::move(maskers)});
    const auto work = [this, waiting] {
      mask(waiting->spans, waiting->maskers);
      inner_.append(std::move(waiting->spans), std::move(waiting->done));
    };
    if (!services_.workers->submit(work)) work();
    return;
  }
  mask(spans, maskers);
  inner_.append(std::move(spans), std::move(done));
}

}  // namespace tracia::service
