// The streams of the three operations behind one face.
#include <mutex>

#include "json_fields.h"
#include "json_shapes.h"
#include "tracia/base/bytes.h"
#include "tracia/client/json.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::InputFields;

// What LocalStream and PromptStream do alike.
template <typename Stream>
class StreamFace : public JsonStream {
 public:
  explicit StreamFace(Stream stream) : stream_(std::move(stream)) {}

  std::vector<StreamChunk> next() override {
    auto first = stream_.next();
    if (!first) return {};
    std::vector<StreamChunk> chunks = stream_.take();
    chunks.insert(chunks.begin(), std::move(*first));
    taken(chunks);
    return chunks;
  }
  std::vector<StreamChunk> take() override {
    auto chunks = stream_.take();
    taken(chunks);
    return chunks;
  }
  bool ended() const override { return stream_.ended(); }
  void on_ready(std::function<void()> ready) override { stream_.on_ready(std::move(ready)); }
  void on_finished(std::function<void()> finished) override { stream_.on_finished(std::move(finished)); }
  void abort() override { stream_.abort(); }
  Result<std::string> result() override {
    const auto result = stream_.result();
    if (!result) return fail(result.error());
    return to_json(*result);
  }

 protected:
  virtual void taken(const std::vector<StreamChunk>&) {}

  Stream stream_;
};

class LocalFace : public StreamFace<LocalStream> {
 public:
  using StreamFace::StreamFace;
  std::string span_id() const override { return stream_.span_id(); }
  std::string trace_id() const override { return stream_.trace_id(); }
  std::string partial() const override { return to_json(stream_.partial()); }
};

// A prompt's stream knows its ids only at the end, and keeps no partial result: the text is gathered here.
class PromptFace : public StreamFace<PromptStream> {
 public:
  using StreamFace::StreamFace;
  std::string span_id() const override { return outcome().span_id; }
  std::string trace_id() const override { return outcome().trace_id; }
  std::string partial() const override { return to_json(outcome()); }

 protected:
  void taken(const std::vector<StreamChunk>& chunks) override {
    const std::lock_guard lock(mutex_);
    for (const StreamChunk& chunk : chunks) {
      if (chunk.type == StreamChunk::Type::kText) text_.append(chunk.text);
    }
  }

 private:
  RunResult outcome() const {
    if (stream_.ended()) {
      // Does not wait any more; const in all but name.
      if (auto result = const_cast<PromptStream&>(stream_).result()) return std::move(*result);
    }
    const std::lock_guard lock(mutex_);
    RunResult partial;
    if (!text_.empty()) partial.text = text_;
    return partial;
  }

  mutable std::mutex mutex_;
  std::string text_;
};

struct PromptRun {
  std::string slug;
  Variables variables;
  RunOptions options;
};

void read_run_options(InputFields& fields, RunOptions& out) {
  const json::Value value = fields.get("options");
  if (!value) return;
  if (!value.is_object()) return fields.fail("options", "must be an object");
  InputFields inner(value, "options.");
  inner.text("model", out.model);
  inner.text("provider", out.provider);
  inner.integer("version", out.version, 1);
  inner.text("label", out.label);
  inner.texts("tags", out.tags);
  inner.text("user_id", out.user_id);
  inner.text("session_id", out.session_id);
  inner.text("trace_id", out.trace_id);
  inner.text("parent_span_id", out.parent_span_id);
  client::read_messages(inner, out.messages);
  inner.integer("timeout_ms", out.timeout_ms, 0);
  fields.check(inner.finish());
}

Result<PromptRun> read_prompt_run(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  PromptRun out;
  fields.required_text("slug", out.slug);
  client::read_variables(fields, out.variables);
  read_run_options(fields, out.options);
  TRACIA_TRY(fields.finish());
  return out;
}

template <typename Face, typename Stream>
Result<std::unique_ptr<JsonStream>> with_face(Result<Stream> stream) {
  if (!stream) return fail(std::move(stream).error());
  return std::make_unique<Face>(std::move(*stream));
}

}  // namespace

Result<std::unique_ptr<JsonStream>> stream_json(Client& client, std::string_view operation, std::string_view input) {
  if (operation == "run_local") {
    auto in = read_run_local_input(input);
    if (!in) return fail(std::move(in).error());
    return with_face<LocalFace>(client.run_local_stream(std::move(*in)));
  }
  if (operation == "run_responses") {
    auto in = read_run_responses_input(input);
    if (!in) return fail(std::move(in).error());
    return with_face<LocalFace>(client.run_responses_stream(std::move(*in)));
  }
  if (operation == "run_prompt") {
    const auto in = read_prompt_run(input);
    if (!in) return fail(in.error());
    return with_face<PromptFace>(client.prompts().run_stream(in->slug, in->variables, in->options));
  }
  return fail(Error::invalid("unknown operation '" + std::string(utf8_prefix(operation, 40)) +
                             "': run_local, run_responses and run_prompt can be streamed"));
}

}  // namespace v0
}  // namespace tracia
