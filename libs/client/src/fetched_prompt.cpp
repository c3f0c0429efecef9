// A fetched version made into the input of a call of this process.
#include "json_shapes.h"
#include "prompt_json.h"
#include "tracia/base/bytes.h"
#include "tracia/client/api_types.h"
#include "tracia/json/writer.h"

namespace tracia {
inline namespace v0 {
namespace {

Result<std::vector<Message>> messages_of(const FetchedPrompt& prompt) {
  std::vector<Message> out;
  for (const PromptMessage& each : prompt.version.messages) {
    auto message = client::message_of(each);
    if (!message) return fail(std::move(message).error());
    message->id.clear();  // the prompt's own ids mean nothing to a provider
    out.push_back(std::move(*message));
  }
  return out;
}

// Tools and their choice, kept as JSON, by the reader that takes them from callers.
Status read_json_members(const FetchedPrompt& prompt, RunLocalInput& out) {
  json::Writer w;
  w.begin_object().field_raw("tools", prompt.tools).field_raw("tool_choice", prompt.tool_choice).end_object();
  json::Document document;
  const auto root = document.parse(w.str());
  if (!root) return fail(Error::invalid("the prompt's tools are " + root.error().message));
  client::InputFields fields(*root, "");
  client::read_tools(fields, out.tools);
  client::read_tool_choice(fields, out.tool_choice);
  return fields.finish();
}

}  // namespace

Result<RunLocalInput> FetchedPrompt::compile(const Variables& values) const {
  if (trim(version.model).empty()) {
    return fail(Error::invalid("version " + std::to_string(version.version) + " of prompt '" + slug +
                               "' names no model; give it one on the server"));
  }
  auto messages = messages_of(*this);
  if (!messages) return fail(std::move(messages).error());
  auto rendered = prompt::render_strict(std::move(*messages), values);
  if (!rendered) return fail(std::move(rendered).error());
  RunLocalInput out{.model = version.model,
                    .messages = std::move(*rendered),
                    .provider = ascii_lower(version.provider),
                    .temperature = version.temperature,
                    .max_output_tokens = version.max_output_tokens,
                    .top_p = version.top_p,
                    .stop_sequences = version.stop_sequences,
                    .prompt = {.slug = slug, .version = version.version, .label = label}};
  TRACIA_TRY(read_json_members(*this, out));
  if (!output_schema.empty()) out.response_format = {ResponseFormat::Type::kJsonSchema, output_schema};
  return out;
}

}  // namespace v0
}  // namespace tracia
