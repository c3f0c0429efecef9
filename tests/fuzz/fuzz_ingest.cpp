// Bodies of ingest requests on arbitrary bytes: nothing crashes, every item of a batch is accounted for once, and a
// batch of one is judged like the span alone.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/limits.h"
#include "tracia/ingest/ingest.h"

namespace {

using namespace tracia;

const Timestamp kNow{1'795'170'600'000'000};
const std::string kProject = "prj_0000000000000001";

std::string prompt_id_of(std::string_view slug) { return "prm_" + std::string(slug); }

void expect(bool holds) {
  if (!holds) std::abort();
}

void check_span(const store::NewSpan& span) {
  expect(span.project_id == kProject);
  expect(span.prompt_id.empty() == span.span.prompt_slug.empty());
  expect(span.cost.has_value() == (span.cost_status != llm::CostStatus::kUnknown));
}

void check_batch(std::string_view body, ingest::BatchForm form) {
  const auto batch = ingest::read_batch(body, form, kProject, prompt_id_of, kNow);
  if (!batch) {
    expect(batch.error().code == ErrorCode::kInvalidRequest || batch.error().code == ErrorCode::kPayloadTooLarge);
    return;
  }
  const size_t count = batch->spans.size() + batch->rejected.size();
  expect(count <= limits::kBatchSpansMax && batch->indexes.size() == batch->spans.size());
  std::vector<bool> seen(count);
  const auto mark = [&](size_t index) {
    expect(index < count && !seen[index]);
    seen[index] = true;
  };
  for (const size_t index : batch->indexes) mark(index);
  for (const auto& rejected : batch->rejected) mark(rejected.index);
  for (const auto& span : batch->spans) check_span(span);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto span = ingest::read_span(body, kProject, prompt_id_of, kNow);
  if (span) check_span(*span);
  check_batch(body, ingest::BatchForm::kArray);
  check_batch(body, ingest::BatchForm::kNdjson);
  const auto one =
      ingest::read_batch("[" + std::string(body) + "]", ingest::BatchForm::kArray, kProject, prompt_id_of, kNow);
  if (span) expect(one && one->spans.size() == 1 && span::to_json(one->spans[0].span) == span::to_json(span->span));
  return 0;
}
