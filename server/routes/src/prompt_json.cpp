#include "prompt_json.h"

#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/base/clock.h"
#include "tracia/span/messages.h"

namespace tracia::routes {
namespace {

void write_strings(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const std::string& text : texts) w.value(text);
  w.end_array();
}

// What a list shows of a version's settings.
void write_model(json::Writer& w, const prompt::Content& content) {
  write_text_or_null(w, "provider", ascii_upper(content.provider));
  write_text_or_null(w, "model", content.model);
  write_or_null(w, "temperature", content.temperature);
  write_or_null(w, "topP", content.top_p);
  write_or_null(w, "maxOutputTokens", content.max_output_tokens);
}

void write_settings(json::Writer& w, const prompt::Content& content) {
  write_model(w, content);
  if (content.stop_sequences.empty()) {
    w.key("stopSequences").null();
  } else {
    write_strings(w, "stopSequences", content.stop_sequences);
  }
  w.field_raw("tools", content.tools_json);  // "" is null
  w.field_raw("toolChoice", content.tool_choice_json);
  w.field_raw("outputSchema", content.output_schema_json);
}

void write_names(json::Writer& w, const prompt::Prompt& prompt) {
  w.field("id", prompt.id).field("slug", prompt.slug).field("name", prompt.name);
  write_or_null(w, "description", prompt.description);
}

void write_labels(json::Writer& w, const prompt::Prompt& prompt) {
  write_text_or_null(w, "defaultLabel", prompt.default_label);
  w.key("labels").begin_object();
  for (const auto& [label, version] : prompt.labels) w.field(label, version);
  w.end_object();
}

void write_times(json::Writer& w, const prompt::Prompt& prompt) {
  w.field("createdAt", format_rfc3339_millis(prompt.created));
  w.field("updatedAt", format_rfc3339_millis(prompt.updated));
}

std::vector<std::string> labels_at(const prompt::Prompt& prompt, int64_t version) {
  std::vector<std::string> labels;
  for (const auto& [label, target] : prompt.labels) {
    if (target == version) labels.push_back(label);
  }
  return labels;
}

}  // namespace

std::string prompt_json(const service::PromptAt& at, const std::vector<service::VersionPtr>& versions) {
  const prompt::Prompt& prompt = *at.prompt;
  const prompt::Content& content = at.version->content;
  json::Writer w;
  w.begin_object();
  write_names(w, prompt);
  write_settings(w, content);
  w.field("currentVersion", prompt.current_version);
  w.field_raw("content", prompt::content_messages_json(content));
  write_strings(w, "variables", prompt::variable_names(content));
  write_labels(w, prompt);
  w.key("versions").begin_array();
  for (const service::VersionPtr& version : versions) write_version(w, prompt, *version);
  w.end_array();
  write_times(w, prompt);
  w.end_object();
  return w.take();
}

void write_prompt_summary(json::Writer& w, const prompt::Prompt& prompt, const prompt::Version& newest) {
  w.begin_object();
  write_names(w, prompt);
  write_model(w, newest.content);
  w.field("currentVersion", prompt.current_version);
  write_strings(w, "variables", prompt::variable_names(newest.content));
  write_labels(w, prompt);
  write_times(w, prompt);
  w.end_object();
}

void write_version(json::Writer& w, const prompt::Prompt& prompt, const prompt::Version& version) {
  w.begin_object().field("version", version.number);
  w.field_raw("messages", prompt::content_messages_json(version.content));
  write_settings(w, version.content);
  write_strings(w, "variables", prompt::variable_names(version.content));
  write_strings(w, "labels", labels_at(prompt, version.number));
  write_or_null(w, "note", version.note);
  write_text_or_null(w, "author", version.author);
  w.field("createdAt", format_rfc3339_millis(version.created)).end_object();
}

std::string rendered_json(const service::PromptAt& at, const std::vector<llm::Message>& messages) {
  json::Writer w;
  w.begin_object().field("slug", at.prompt->slug).field("promptVersion", at.version->number);
  write_text_or_null(w, "label", at.label);
  const bool assigned = at.variant != nullptr;
  write_text_or_null(w, "experimentId", assigned ? at.experiment->id : "");
  write_text_or_null(w, "variant", assigned ? at.variant->key : "");
  w.field_raw("messages", span::messages_json(messages));
  write_settings(w, assigned ? prompt::content_of(*at.variant, at.version->content) : at.version->content);
  w.end_object();
  return w.take();
}

}  // namespace tracia::routes
