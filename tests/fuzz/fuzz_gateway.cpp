// The gateway's reading and writing, without a network. The first byte chooses: a request's body is read, edited and
// translated for every provider; or a stream is relayed, however it is cut. Properties: nothing crashes; what was
// written is JSON; an edited body is one that says the new model; a relayed stream is handed on unchanged.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/gateway/answer.h"
#include "tracia/gateway/request.h"
#include "tracia/json/reader.h"
#include "tracia/llm/relay.h"

namespace {

using namespace tracia;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_edit(std::string_view body, bool ask_usage) {
  const auto edited = gateway::edit_body(body, "the-model", ask_usage);
  require(edited.has_value());
  json::Document document;
  const auto value = document.parse(*edited);
  require(value && (*value)["model"].string_or("") == "the-model");
  if (ask_usage) require((*value)["stream_options"]["include_usage"].boolean_or(false));
}

void check_chat(gateway::ChatInput& input) {
  input.chat.model = "m";
  for (const llm::ChatCodec* codec :
       {&llm::openai_chat_codec(), &llm::anthropic_codec(), &llm::google_codec(), &llm::bedrock_codec()}) {
    const auto request = codec->encode(input.chat, {.base_url = "https://x"}, input.stream);
    if (request) require(json::is_valid(request->body));
  }
  if (!input.raw_input_json.empty()) require(json::is_valid(input.raw_input_json));
  // The request's own conversation stands for an answer.
  llm::ChatResult result{.id = "r", .model = "m"};
  for (const llm::Message& message : input.chat.messages) {
    result.message.parts.insert(result.message.parts.end(), message.parts.begin(), message.parts.end());
  }
  require(json::is_valid(gateway::make_writer(input, {.id = "1", .model = "", .echo = input.echo})->whole(result)));
  const auto writer = gateway::make_writer(input, {.id = "1", .model = "m", .echo = input.echo});
  std::string events;
  writer->event(llm::TextDelta{input.user}, events);
  writer->end(result, events);
  require(events.ends_with("\n\n"));
}

void check_body(uint8_t kind, std::string_view body) {
  if (kind == 2) {
    if (gateway::read_embeddings(body)) check_edit(body, false);
    return;
  }
  auto input = kind == 0 ? gateway::read_chat(body) : gateway::read_responses(body);
  if (!input) return;
  check_edit(body, kind == 0);
  check_chat(*input);
}

std::string relayed(llm::RelayProtocol protocol, std::string_view bytes, size_t step) {
  std::string out;
  llm::RelayCodec codec(
      {.protocol = protocol, .body = {}, .out = [&out](std::string_view events) { out.append(events); }});
  const auto decoder = codec.stream_decoder({200, {}});
  const llm::EventSink ignore = [](const llm::StreamEvent&) {};
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (!decoder->feed(bytes.substr(at, step), ignore)) break;
  }
  (void)decoder->finish(ignore);
  out.append(codec.ending());
  require(bytes.find(out) != std::string_view::npos);  // nothing is added, nothing changed
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const uint8_t kind = data[0] % 5;
  if (kind < 3) {
    check_body(kind, text);
  } else {
    const auto protocol = kind == 3 ? llm::RelayProtocol::kChatCompletions : llm::RelayProtocol::kResponses;
    require(relayed(protocol, text, text.size() + 1) == relayed(protocol, text, data[1] % 61u + 1));
  }
  return 0;
}
