// The span store that the server writes to: masks what projects do not want to be stored, in the one place that every
// span passes (runs, the gateway, native ingest, OpenTelemetry), and hands the rest on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tracia/service/services.h"
#include "tracia/store/analytics.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

// Thread-safe, as `inner` is. append() refuses spans of a project that is gone (kUnauthorized), and masks on the
// caller's thread; large spans on a worker of `services`.
class MaskingStore final : public store::SpanStore {
 public:
  MaskingStore(store::SpanStore& inner, const Policies& policies, const Services& services)
      : inner_(inner), policies_(policies), services_(services) {}

  void append(std::vector<store::NewSpan> spans, store::AppendCallback done) override;

  Result<store::SpanPage> list(const std::string& project_id, const store::SpanFilter& filter,
                               const store::ListOptions& options) override {
    return inner_.list(project_id, filter, options);
  }
  Result<std::optional<store::StoredSpan>> get(const std::string& project_id, const std::string& span_id,
                                               const std::string& trace_id) override {
    return inner_.get(project_id, span_id, trace_id);
  }
  Result<bool> remove(const std::string& project_id, const std::string& span_id, const std::string& trace_id) override {
    return inner_.remove(project_id, span_id, trace_id);
  }
  Result<uint64_t> remove_all(const std::string& project_id, const std::vector<store::StoredSpan>& spans) override {
    return inner_.remove_all(project_id, spans);
  }
  Result<std::vector<store::StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                               size_t limit) override {
    return inner_.trace(project_id, trace_id, limit);
  }
  Result<store::TracePage> traces(const std::string& project_id, const store::SpanFilter& filter,
                                  const store::ListOptions& options) override {
    return inner_.traces(project_id, filter, options);
  }
  Result<store::GroupPage> groups(const std::string& project_id, store::GroupBy by, const store::SpanFilter& filter,
                                  const store::ListOptions& options) override {
    return inner_.groups(project_id, by, filter, options);
  }
  Result<store::AnalyticsResult> analytics(const std::string& project_id, const store::AnalyticsQuery& query,
                                           const std::vector<store::SpanScore>& scores) override {
    return inner_.analytics(project_id, query, scores);
  }
  Result<std::vector<store::StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                        size_t limit) override {
    return inner_.received_after(project_id, stamp, limit);
  }
  std::shared_ptr<void> listen(Listener listener) override { return inner_.listen(std::move(listener)); }
  Result<uint64_t> drop_before(Timestamp before) override { return inner_.drop_before(before); }
  store::SpanStoreStats stats() const override { return inner_.stats(); }
  Status health() const override { return inner_.health(); }

 private:
  bool all_projects_are_there(const std::vector<store::NewSpan>& spans) const;

  store::SpanStore& inner_;
  const Policies& policies_;
  const Services& services_;
};

}  // namespace tracia::service
