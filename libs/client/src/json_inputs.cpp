// The inputs of calls, read from JSON.
#include "json_fields.h"
#include "json_shapes.h"
#include "tracia/client/json.h"
#include "tracia/json/writer.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::InputFields;
using json::Value;
using json::Writer;

constexpr int64_t kMillisMax = 24LL * 3600 * 1000;

// What all three inputs have.
template <typename Input>
void read_common(InputFields& fields, Input& input) {
  fields.text("model", input.model);
  fields.text("provider_api_key", input.provider_api_key);
  fields.integer("timeout_ms", input.timeout_ms);
  fields.object("custom_options", input.custom_options);
  fields.integer("max_retries", input.max_retries);
  fields.flag("send_trace", input.send_trace);
  fields.text("span_id", input.span_id);
  fields.text("trace_id", input.trace_id);
  fields.text("parent_span_id", input.parent_span_id);
  fields.texts("tags", input.tags);
  fields.text("user_id", input.user_id);
  fields.text("session_id", input.session_id);
  fields.text("name", input.name);
}

// What the two that answer with text have.
template <typename Input>
void read_generation(InputFields& fields, Input& input) {
  read_tools(fields, input.tools);
  read_tool_choice(fields, input.tool_choice);
  read_response_format(fields, input.response_format);
  read_reasoning(fields, input.reasoning);
  fields.integer("max_output_tokens", input.max_output_tokens);
  fields.number("temperature", input.temperature);
  fields.number("top_p", input.top_p);
}

// A text, or a list of items.
void read_items(InputFields& fields, std::vector<std::string>& out) {
  const Value value = fields.get("input");
  if (value.is_string()) {
    out.push_back(Writer().begin_object().field("role", "user").field("content", value.text()).end_object().take());
    return;
  }
  if (value && !value.is_array()) return fields.fail("input", "must be a string or a list of items");
  for (const Value item : value.items()) {
    if (!item.is_object()) {
      return fields.fail("input[" + std::to_string(out.size()) + "]", "must be an object with a role or a type");
    }
    out.push_back(item.to_json());
  }
}

void read_embedding_texts(InputFields& fields, std::vector<std::string>& out) {
  const Value value = fields.get("input");
  if (value.is_string()) {
    out.push_back(value.text());
    return;
  }
  if (value && !value.is_array()) return fields.fail("input", "must be a string or a list of strings");
  for (const Value item : value.items()) {
    if (!item.is_string()) return fields.fail("input[" + std::to_string(out.size()) + "]", "must be a string");
    out.push_back(item.text());
  }
}

void read_millis(InputFields& fields, std::string_view name, Millis& out) {
  std::optional<int64_t> millis;
  fields.integer(name, millis, 0, kMillisMax);
  if (millis) out = Millis{*millis};
}

}  // namespace

Result<ClientOptions> read_client_options(std::string_view json) {
  const auto input = client::parse_input(json, "options");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  ClientOptions out;
  fields.text("api_key", out.api_key);
  fields.text("base_url", out.base_url);
  fields.flag("send_traces", out.send_traces);
  std::optional<double> rate;
  fields.number("sample_rate", rate);
  if (rate && !(*rate >= 0 && *rate <= 1)) fields.fail("sample_rate", "must be from 0 to 1");
  out.sample_rate = rate.value_or(out.sample_rate);
  fields.text("spool_dir", out.spool_dir);
  fields.text("cache_dir", out.cache_dir);
  read_millis(fields, "api_timeout_ms", out.api_timeout);
  read_millis(fields, "exit_flush_ms", out.exit_flush);
  fields.flag("http2", out.http2);
  fields.text("ca_file", out.ca_file);
  TRACIA_TRY(fields.finish());
  return out;
}

Result<RunLocalInput> read_run_local_input(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  RunLocalInput out;
  read_common(fields, out);
  read_messages(fields, out.messages);
  read_generation(fields, out);
  fields.text("provider", out.provider);
  fields.texts("stop_sequences", out.stop_sequences);
  fields.flag("parallel_tool_calls", out.parallel_tool_calls);
  read_variables(fields, out.variables);
  read_fallbacks(fields, out.fallbacks);
  read_prompt_link(fields, out.prompt);
  TRACIA_TRY(fields.finish());
  return out;
}

Result<RunResponsesInput> read_run_responses_input(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  RunResponsesInput out;
  read_common(fields, out);
  read_items(fields, out.input);
  read_generation(fields, out);
  TRACIA_TRY(fields.finish());
  return out;
}

Result<RunEmbeddingInput> read_run_embedding_input(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  RunEmbeddingInput out;
  read_common(fields, out);
  read_embedding_texts(fields, out.input);
  fields.text("provider", out.provider);
  fields.integer("dimensions", out.dimensions);
  fields.text("input_type", out.input_type);
  TRACIA_TRY(fields.finish());
  return out;
}

}  // namespace v0
}  // namespace tracia
