// The Amazon Bedrock Runtime protocol (2023-09-30): Converse and ConverseStream for chat, InvokeModel for embeddings.
//
//   POST {base_url}/model/{percent-encoded model id}/converse          application/json
//   POST {base_url}/model/{percent-encoded model id}/converse-stream   application/vnd.amazon.eventstream
//   POST {base_url}/model/{percent-encoded model id}/invoke            the model's own JSON
//
//   answer   {output:{message:{role, content:[block…]}}, stopReason, usage, metrics, trace?, …}
//   stream   frames named by :event-type: messageStart, contentBlockStart?, contentBlockDelta*, contentBlockStop (per
//            block; text blocks have no start), messageStop, metadata {usage, …}; :message-type "exception" or "error"
//            anywhere. A member "p" is padding of random length.
//   error    x-amzn-errortype: Name:uri, body {"message"} or {"Message"}
//
// Source: Amazon Bedrock API Reference, "Converse", "ConverseStream", "InvokeModel", and the service model of the AWS
// SDKs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/stream.h"
#include "vendor_text.h"

namespace tracia::llm::bedrock {

// ---- What the request must know about a model. Unknown ids (application profiles, imported models) get kOther.
struct Family {
  enum class Kind { kOther, kClaude, kNova, kNova2, kGptOss } kind = Kind::kOther;
  bool known = false;              // the identifier names a foundation model
  bool tool_status = true;         // toolResult.status: Amazon Nova and Anthropic Claude only
  bool adaptive_thinking = false;  // Claude 4.6 and later choose their own thinking budget
  bool effort = false;             // Claude Opus 4.5 and all from 4.6 on: output_config.effort
  bool serial_tools = false;       // Claude 4.5 and later: tool_choice.disable_parallel_tool_use
};
Family family_of(std::string_view model_id);

// The path of one operation: "/model/amazon.nova-lite-v1%3A0/converse". kInvalidRequest for an empty model.
Result<std::string> operation_path(std::string_view model_id, std::string_view operation);

// Writes the members "messages" and "system". System and developer messages are lifted out wherever they stand, tool
// results become user turns, and consecutive messages of one side become one. `uses_tools` tells whether tool calls or
// results are among them, and `tool_names` which tools they name. `json_mode` adds the instruction to answer in JSON.
struct ConversationFacts {
  bool uses_tools = false;
  std::map<std::string, bool, std::less<>> tool_names = {};
};
Status write_conversation(json::Writer& w, const ChatRequest& request, const Family& family, bool json_mode,
                          ConversationFacts& facts);

// "My file (v2).pdf" → "My file (v2)-pdf": letters, digits, single spaces, hyphens, parentheses and square brackets, at
// most 200 of them; "document" when nothing is left.
std::string document_name(std::string_view name);

// Reads the error of an HTTP answer or of an exception frame. `type` is the name known from outside the body ("" when
// there is none); what follows ':' and what stands before '#' in it is left out.
Error read_error(const json::Value& body, std::string_view raw_body, std::string_view type, int status,
                 const wire::Headers& headers);

// The same for an HTTP answer whose status is >= 400.
Error read_http_error(const wire::HttpResponse& response);

FinishReason finish_reason(std::string_view stop_reason);

// Folds content blocks, whole or in deltas, into one ChatResult. A whole block is a start, its deltas and a stop at
// once, so that both forms of an answer end the same.
class ConverseFold {
 public:
  StreamAccumulator& accumulator() { return acc_; }
  const StreamAccumulator& accumulator() const { return acc_; }

  void block(int64_t index, const json::Value& block, const EventSink& sink);
  void start_block(int64_t index, const json::Value& start, const EventSink& sink);
  void delta(int64_t index, const json::Value& delta, const EventSink& sink);
  void stop_block(int64_t index);
  void stop(const json::Value& event, const EventSink& sink);      // stopReason and what goes with it
  void metadata(const json::Value& event, const EventSink& sink);  // usage, trace
  void seal();                                                     // closes what is open; call once, at the end
  bool overflowed() const { return acc_.overflowed() || too_many_; }

 private:
  // Blocks of one index may mix kinds in hostile or future streams; each kind is a part of its own.
  enum Kind : int64_t { kText, kReasoning, kRedacted, kTool, kImage, kOther, kKinds };
  // A block that is kept as the vendor's JSON, while it arrives.
  struct Opaque {
    std::string head;     // members of the block so far, without braces around them
    std::string input;    // server tool use: the input's text
    std::string content;  // server tool result: the elements of its content
    bool is_result = false;
  };
  bool open(int64_t index, Kind kind, int64_t& key);  // false when the bound on blocks is passed
  void text(int64_t index, std::string_view delta, const EventSink& sink);
  void tool_use(int64_t index, const json::Value& tool, std::string_view input, const EventSink& sink);
  void reasoning(int64_t index, const json::Value& content, const EventSink& sink);
  void redacted(int64_t index, std::string_view base64);
  void image(int64_t index, const json::Value& image);
  void opaque(int64_t index, std::string_view json);
  void citations(int64_t index, const json::Value& citation);
  bool has_tool_calls() const;

  StreamAccumulator acc_;
  std::map<int64_t, Opaque> opaque_;
  size_t blocks_ = 0;
  bool too_many_ = false;
};

}  // namespace tracia::llm::bedrock
