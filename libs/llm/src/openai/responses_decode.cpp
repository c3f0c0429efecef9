// Answers of POST {base_url}/responses, whole and streamed. Source: OpenAI API reference, "The response object" and
// "Streaming events". An `error` event is followed by response.failed or by the end of the connection.
#include <limits>
#include <map>

#include "openai/responses.h"
#include "openai/responses_fold.h"
#include "openai/stream_base.h"
#include "tracia/base/bytes.h"

namespace tracia::llm::openai {
namespace {

Error failure(const json::Value& response, const wire::Headers& headers) {
  if (is_error(response)) return error_in_answer(response, headers);
  return provider_error(Provider::kOpenAi, 200, {.message = "the response failed without saying why"}, headers);
}

Status fold_answer(const json::Value& root, ResponsesFold& fold, StreamAccumulator& acc, const EventSink& sink) {
  const json::Value output = root["output"];
  if (!output.is_array()) return fail(malformed_response(Provider::kOpenAi, "the answer has no output"));
  fold.output(output, sink);
  fold.header(root, sink);
  ChatResult& result = acc.result();
  // A whole answer with "background": true says "queued" or "in_progress": here this is where it stopped.
  if (result.provider_finish_reason.empty()) {
    result.provider_finish_reason.assign(utf8_prefix(root["status"].string_or(""), 200));
  }
  result.output_items = output.to_json();
  return {};
}

class ResponsesStream final : public StreamBase {
 public:
  explicit ResponsesStream(const wire::HttpResponseHead& head) : StreamBase(head), fold_(acc_) {}

 private:
  void on_event(std::string_view name, const json::Value& data, const EventSink& sink) override {
    const std::string_view type = data["type"].string_or(name);
    acc_.saw_event_type(type);
    if (pending_error_ && type != "response.failed") return give_up(*pending_error_);
    if (type.ends_with(".delta")) {
      delta(type, data, sink);
    } else if (type == "response.output_item.added") {
      fold_.item(data["item"], place(data, "").item, sink);
    } else if (type == "response.output_item.done") {
      const int64_t index = place(data, "").item;
      fold_.item(data["item"], index, sink);
      keep_item(index, data["item"]);
    } else if (type == "response.completed" || type == "response.incomplete") {
      end(data["response"], sink);
    } else if (type == "response.failed" || type == "response.cancelled") {
      fold_.header(data["response"], sink);
      give_up(pending_error_ ? *pending_error_ : failure(data["response"], headers_));
    } else if (type == "error" || (type.empty() && is_error(data))) {
      pending_error_ = error_in_answer(data, headers_);  // response.failed, if it comes, has the status
    } else if (type == "response.created") {
      fold_.header(data["response"], sink);
    }
  }

  void delta(std::string_view type, const json::Value& data, const EventSink& sink) {
    const std::string_view text = data["delta"].string_or("");
    if (type == "response.output_text.delta") {
      fold_.text(place(data, "content_index"), text, sink);
    } else if (type == "response.function_call_arguments.delta") {
      fold_.arguments(place(data, "").item, text, false, sink);
    } else if (type == "response.reasoning_summary_text.delta") {
      fold_.summary(place(data, "summary_index"), text, sink);
    } else if (type == "response.reasoning_text.delta") {
      fold_.reasoning_text(place(data, "content_index"), text, sink);
    } else if (type == "response.refusal.delta") {
      fold_.refusal(place(data, "content_index"), text, sink);
    } else if (type == "response.custom_tool_call_input.delta") {
      fold_.arguments(place(data, "").item, text, true, sink);
    }
  }

  static Place place(const json::Value& data, std::string_view content) {
    return {data["output_index"].integer().value_or(0), content.empty() ? 0 : data[content].integer().value_or(0)};
  }

  // Some servers end with an empty `output`: the items that were done then stand for it.
  void keep_item(int64_t index, const json::Value& item) {
    if (!item.is_object() || !Place{index, 0}.is_valid()) return;
    std::string& kept = items_[index];
    kept.clear();
    acc_.append(kept, item.to_json());
  }

  std::string joined_items() const {
    std::string out = "[";
    for (const auto& [index, item] : items_) {
      if (item.empty()) continue;
      if (out.size() > 1) out.push_back(',');
      out.append(item);
    }
    return out.append("]");
  }

  void end(const json::Value& response, const EventSink& sink) {
    const json::Value output = response["output"];
    if (output.size() != 0) {
      fold_.output(output, sink);
      acc_.result().output_items = output.to_json();
    } else {
      acc_.result().output_items = joined_items();
    }
    fold_.header(response, sink);
    if (acc_.overflowed()) return;
    close(true, sink);
    complete();
  }

  void on_done_mark(const EventSink& sink) override { on_end(sink); }

  void on_end(const EventSink&) override {
    give_up(pending_error_ ? *pending_error_ : truncated_stream(Provider::kOpenAi));
  }

  void on_answer(const json::Value& root, const EventSink& sink) override {
    if (root["status"].string_or("") == "failed") {
      fold_.header(root, sink);
      return give_up(failure(root, headers_));
    }
    if (const auto status = fold_answer(root, fold_, acc_, sink); !status) return give_up(status.error());
    if (acc_.overflowed()) return;
    close(true, sink);
    complete();
  }

  void close(bool is_complete, const EventSink& sink) {
    if (!closed_) fold_.close(is_complete, sink);
    closed_ = true;
  }

  void settle() override {
    if (closed_) return;
    acc_.result().output_items = joined_items();
    close(false, [](const StreamEvent&) {});
  }

  ResponsesFold fold_;
  std::optional<Error> pending_error_;
  std::map<int64_t, std::string> items_;  // done, by output index
  bool closed_ = false;
};

class ResponsesCodec final : public ChatCodec {
 public:
  Result<wire::HttpRequest> encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const override {
    return encode_responses(request, endpoint, stream);
  }
  Result<ChatResult> decode(const wire::HttpResponse& response) const override { return decode_responses(response); }
  std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const override {
    return responses_stream_decoder(head);
  }
};

}  // namespace

std::unique_ptr<StreamDecoder> responses_stream_decoder(const wire::HttpResponseHead& head) {
  return std::make_unique<ResponsesStream>(head);
}

Result<ChatResult> decode_responses(const wire::HttpResponse& response) {
  if (response.status >= 300) return fail(decode_error(response.status, response.headers, response.body));
  if (looks_like_stream(response))
    return drain(*responses_stream_decoder({response.status, response.headers}), response.body);
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  if (!root) return fail(malformed_response(Provider::kOpenAi, "the body is " + root.error().message));
  if (is_error(*root) || (*root)["status"].string_or("") == "failed") return fail(failure(*root, response.headers));
  StreamAccumulator acc(std::numeric_limits<size_t>::max());
  acc.result().request_id = request_id(response.headers);
  ResponsesFold fold(acc);
  const EventSink ignore = [](const StreamEvent&) {};
  TRACIA_TRY(fold_answer(*root, fold, acc, ignore));
  fold.close(true, ignore);
  return std::move(acc.result());
}

}  // namespace tracia::llm::openai

namespace tracia::llm {

const ChatCodec& openai_responses_codec() {
  static const openai::ResponsesCodec codec;
  return codec;
}

}  // namespace tracia::llm
