#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "on_worker.h"
#include "span_json.h"
#include "span_reads.h"
#include "span_requests.h"

namespace tracia::routes {
namespace {

// Spans of one page. The first page is short, since nobody knows yet how large the spans are; each later one aims at
// kPageBytes.
constexpr size_t kFirstPageSpans = 16;
constexpr size_t kPageSpansMax = 200;
constexpr size_t kPageBytes = 4u << 20;
// What is handed to the connection at once; the next slice goes when this one has drained.
constexpr size_t kSliceBytes = 256u << 10;
// How long to wait when the workers are busy.
constexpr Millis kBusyDelay{200};

// One download: read a page on a worker, write it slice by slice as the peer takes it, read the next. At any time it is
// held by the one callback that goes on with it; when the peer leaves, that callback is dropped and the export with it.
class Export : public std::enable_shared_from_this<Export> {
 public:
  Export(service::Services& services, http::ExchangePtr exchange, std::string project_id, store::SpanFilter filter)
      : services_(services),
        exchange_(std::move(exchange)),
        project_id_(std::move(project_id)),
        filter_(std::move(filter)) {
    options_.limit = kFirstPageSpans;
    options_.payloads = true;
  }

  // On the connection's thread.
  void read() {
    if (!exchange_->writer.open()) return;
    const Status taken = services_.workers->submit([self = shared_from_this()] {
      const Status read = self->read_page();
      self->exchange_->writer.post([self, read] { self->on_page(read); });
    });
    if (taken) return;
    if (!begun_) return exchange_->error(taken.error());
    exchange_->writer.after(kBusyDelay, [self = shared_from_this()] { self->read(); });
  }

 private:
  // On a worker; nothing else touches the members meanwhile.
  Status read_page() {
    text_.clear();
    written_ = 0;
    auto page = services_.spans->list(project_id_, filter_, options_);
    if (!page) return fail(page.error());
    for (store::StoredSpan& span : page->spans) join_events(services_, project_id_, span);
    store::ControlStore::SpanKeys keys;
    for (const store::StoredSpan& span : page->spans) keys.emplace_back(span.span.span_id, span.span.trace_id);
    const auto evaluations = services_.control->evaluations_of(project_id_, keys, kSpanEvaluationsMax);
    if (!evaluations) return fail(evaluations.error());
    for (size_t i = 0; i < keys.size(); ++i) {
      text_.append(span_json(page->spans[i], (*evaluations)[i], *services_.cache)).push_back('\n');
    }
    options_.after = page->next;
    if (!page->spans.empty()) {
      options_.limit = std::clamp(kPageBytes / (text_.size() / page->spans.size()), size_t{1}, kPageSpansMax);
    }
    return {};
  }

  void on_page(const Status& read) {
    if (!exchange_->writer.open()) return;
    if (!read && !begun_) return exchange_->error(read.error());
    // The peer sees by the missing last chunk that its download is incomplete.
    if (!read) return exchange_->writer.abort();
    if (!std::exchange(begun_, true)) {
      exchange_->writer.begin(200, {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}});
      if (exchange_->request.method == "HEAD") return exchange_->writer.end();
    }
    write();
  }

  void write() {
    const std::string_view slice = std::string_view(text_).substr(written_, kSliceBytes);
    if (slice.empty()) return options_.after ? this->read() : exchange_->writer.end();
    written_ += slice.size();
    exchange_->writer.write(slice);
    exchange_->writer.on_drain([self = shared_from_this()] { self->write(); });
  }

  service::Services& services_;
  const http::ExchangePtr exchange_;
  const std::string project_id_;
  const store::SpanFilter filter_;
  store::ListOptions options_;
  bool begun_ = false;
  std::string text_;
  size_t written_ = 0;
};

}  // namespace

void export_spans(service::Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto filter = read_filter(exchange->request.query, FilterSet::kSpans, prompt_ids(services, who->project_id));
  if (!filter) return exchange->error(filter.error());
  std::make_shared<Export>(services, exchange, std::move(who->project_id), std::move(*filter))->read();
}

}  // namespace tracia::routes
