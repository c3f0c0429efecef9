// Create and update bodies. Source: api/openapi.yaml, PromptCreate and PromptUpdate; the hosted product's messages.
#include "content_reader.h"
#include "tracia/prompt/prompt.h"

namespace tracia::prompt {
namespace {

constexpr std::string_view kSlugRule =
    "must begin with a lower-case letter or a digit and go on with those, '-' or '_'; at most 128 characters";
constexpr std::string_view kLabelRule =
    "must begin with a lower-case letter or a digit and go on with those, '-' or '_'; at most 64 characters";
constexpr size_t kWordCharsMax = 4096;  // of slugs and labels, before their own rule is looked at

std::optional<std::string> read_slug(Fields& fields) {
  auto slug = fields.text("slug", 0, kWordCharsMax);
  if (slug && !is_valid_slug(*slug)) fields.fail("slug", kSlugRule);
  return slug;
}

// "" and none are the same for texts that people read.
std::optional<std::string> read_optional_text(Fields& fields, std::string_view name, size_t chars_max) {
  auto text = fields.text(name, 0, chars_max);
  return text && text->empty() ? std::nullopt : text;
}

void read_settings(Fields& fields, Content& content) {
  content.provider = read_provider(fields);
  content.model = read_model(fields);
  content.temperature = fields.number("temperature", 0, kTemperatureMax);
  content.top_p = fields.number("topP", 0, 1);
  content.max_output_tokens = fields.integer("maxOutputTokens", 1);
  content.stop_sequences = read_stop_sequences(fields);
  content.tools_json = read_tools(fields);
  content.tool_choice_json = read_tool_choice(fields);
  content.output_schema_json = read_output_schema(fields);
}

Status checked(const Fields& fields, const Content& content) {
  TRACIA_TRY(fields.status());
  return check_content(content);
}

Status check_body(const json::Value& body) {
  if (body.is_object()) return {};
  return fail(Error::invalid("Request body must be a JSON object"));
}

// Members that cannot be cleared.
void refuse_null(Fields& fields, std::string_view name) {
  if (fields.get(name).is_null()) fields.fail(name, "must not be null: it cannot be cleared");
}

void read_edited_names(Fields& fields, Edit& edit) {
  refuse_null(fields, "name");
  refuse_null(fields, "slug");
  edit.name = fields.text("name", 1, kNameCharsMax);
  edit.slug = read_slug(fields);
  if (fields.get("description")) edit.description = read_optional_text(fields, "description", kDescriptionCharsMax);
  if (const json::Value label = fields.get("defaultLabel")) {
    edit.default_label = fields.text("defaultLabel", 0, kWordCharsMax).value_or("");
    if (!edit.default_label->empty() && !is_valid_label(*edit.default_label)) fields.fail("defaultLabel", kLabelRule);
  }
}

void read_edited_content(Fields& fields, Edit& edit) {
  refuse_null(fields, "content");
  if (fields.get("content")) edit.messages = read_messages(fields);
  if (fields.get("provider")) edit.provider = read_provider(fields);
  if (fields.get("model")) edit.model = read_model(fields);
  if (fields.get("temperature")) edit.temperature = fields.number("temperature", 0, kTemperatureMax);
  if (fields.get("topP")) edit.top_p = fields.number("topP", 0, 1);
  if (fields.get("maxOutputTokens")) edit.max_output_tokens = fields.integer("maxOutputTokens", 1);
  if (fields.get("stopSequences")) edit.stop_sequences = read_stop_sequences(fields);
  if (fields.get("tools")) edit.tools_json = read_tools(fields);
  if (fields.get("toolChoice")) edit.tool_choice_json = read_tool_choice(fields);
  if (fields.get("outputSchema")) edit.output_schema_json = read_output_schema(fields);
}

}  // namespace

Result<Draft> read_draft(const json::Value& body) {
  TRACIA_TRY(check_body(body));
  Fields fields(body);
  Draft draft;
  fields.require("name");
  draft.name = fields.text("name", 1, kNameCharsMax).value_or("");
  draft.slug = read_slug(fields).value_or("");
  draft.description = read_optional_text(fields, "description", kDescriptionCharsMax);
  draft.content.messages = read_messages(fields);
  read_settings(fields, draft.content);
  draft.note = read_optional_text(fields, "note", kNoteCharsMax);
  TRACIA_TRY(checked(fields, draft.content));
  if (draft.slug.empty()) draft.slug = slug_from_name(draft.name);
  return draft;
}

Result<Content> read_content(const json::Value& body) {
  TRACIA_TRY(check_body(body));
  Fields fields(body);
  Content content;
  if (!fields.get("content").is_missing_or_null()) content.messages = read_messages(fields);
  read_settings(fields, content);
  TRACIA_TRY(checked(fields, content));
  return content;
}

Result<Edit> read_edit(const json::Value& body) {
  TRACIA_TRY(check_body(body));
  Fields fields(body);
  Edit edit;
  read_edited_names(fields, edit);
  read_edited_content(fields, edit);
  edit.note = read_optional_text(fields, "note", kNoteCharsMax);
  edit.base_version = fields.integer("baseVersion", 1);
  TRACIA_TRY(fields.status());
  return edit;
}

Result<RestoreOptions> read_restore(const json::Value& body) {
  if (body) TRACIA_TRY(check_body(body));
  Fields fields(body);
  RestoreOptions options;
  options.note = read_optional_text(fields, "note", kNoteCharsMax);
  options.base_version = fields.integer("baseVersion", 1);
  TRACIA_TRY(fields.status());
  return options;
}

}  // namespace tracia::prompt
