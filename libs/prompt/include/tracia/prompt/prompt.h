// Stored prompts: a prompt has versions that never change and labels that name one (docs/concepts.md). Values and pure
// functions: what an edit does is decided here, whoever stores it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/llm/model.h"

namespace tracia::prompt {

// Bounds; api/openapi.yaml states the same.
inline constexpr size_t kNameCharsMax = 200;
inline constexpr size_t kDescriptionCharsMax = 4000;
inline constexpr size_t kNoteCharsMax = 2000;

struct TemplateMessage {
  std::string id;    // the client's own, or "msg_" + position
  std::string role;  // system | developer | user | assistant | tool
  // A JSON string, or an array of parts in the form that span::message_json() writes. A tool message is an array of its
  // tool_result parts, which hold toolCallId and toolName.
  std::string content_json;
  friend bool operator==(const TemplateMessage&, const TemplateMessage&) = default;
};

// What runs. Compared as a whole: an edit that leaves it equal makes no version. JSON members are
// compact, with their members in the order they came (models write structured output in the order of the schema's
// properties, so that a new order is a new version); "" = none.
struct Content {
  std::vector<TemplateMessage> messages;
  std::string provider;  // lower case (a built-in one) or a connection's name; "" = from the model
  std::string model;     // "" = each run names it
  std::optional<double> temperature, top_p;
  std::optional<int64_t> max_output_tokens;
  std::vector<std::string> stop_sequences;
  std::string tools_json;          // array
  std::string tool_choice_json;    // "auto" | "none" | "required" | {"tool": name}
  std::string output_schema_json;  // object
  friend bool operator==(const Content&, const Content&) = default;
};

// The messages as a conversation, variables not yet filled in; ids are left out, they are the prompt's own. Error only
// for content that read_draft() and its kin did not make.
Result<std::vector<llm::Message>> template_messages(const Content& content);
// As an answer shows them: [{"id","role","content","toolCallId"?,"toolName"?}, …]. O(text).
std::string content_messages_json(const Content& content);

// Variables of the messages, in order of first use.
std::vector<std::string> variable_names(const Content& content);

struct Version {
  std::string prompt_id;
  int64_t number = 1;
  Content content;
  std::optional<std::string> note;
  std::string author;  // for people: the API key's or the member's name; "" = unknown
  Timestamp created;
};

struct Prompt {
  std::string id, project_id;
  std::string slug, name;
  std::optional<std::string> description;
  std::string default_label;              // "" = none
  std::map<std::string, int64_t> labels;  // label -> version
  int64_t current_version = 1;            // the newest
  int64_t revision = 1;                   // grows with every change; stores compare it
  Timestamp created, updated;
};

// "Welcome Email" -> "welcome-email": lower-case ASCII letters, digits and single hyphens; "prompt" when nothing is
// left.
std::string slug_from_name(std::string_view name);
bool is_valid_slug(std::string_view slug);    // as api/openapi.yaml, Slug
bool is_valid_label(std::string_view label);  // as api/openapi.yaml, LabelName

// A create, as it came. Errors name the field: "Missing required field: name".
struct Draft {
  std::string name, slug;  // slug "" = slug_from_name(name)
  std::optional<std::string> description;
  Content content;
  std::optional<std::string> note;
};
Result<Draft> read_draft(const json::Value& body);

// The members of an unsaved run that are a version's: content (optional here), provider, model, settings, tools,
// schema.
Result<Content> read_content(const json::Value& body);

// An update, as it came: what was omitted keeps, null clears.
struct Edit {
  std::optional<std::string> name, slug;
  std::optional<std::optional<std::string>> description;
  std::optional<std::vector<TemplateMessage>> messages;
  std::optional<std::string> provider, model;  // "" clears; likewise the JSON members
  std::optional<std::optional<double>> temperature, top_p;
  std::optional<std::optional<int64_t>> max_output_tokens;
  std::optional<std::vector<std::string>> stop_sequences;
  std::optional<std::string> tools_json, tool_choice_json, output_schema_json;
  std::optional<std::string> default_label;
  std::optional<std::string> note;
  std::optional<int64_t> base_version;
};
Result<Edit> read_edit(const json::Value& body);

// What a restore says beside the version to restore; no body at all is fine.
struct RestoreOptions {
  std::optional<std::string> note;
  std::optional<int64_t> base_version;
};
Result<RestoreOptions> read_restore(const json::Value& body);

// The prompt after a change, and the version that the change made, if it did.
struct Changed {
  Prompt prompt;
  std::optional<Version> version;
};
// Errors: kConflict for a stale base_version; kInvalidRequest for a default label that does not exist. `newest` is the
// prompt's newest version. revision and updated grow only when something changed.
Result<Changed> apply(const Prompt& prompt, const Version& newest, const Edit& edit, std::string_view author,
                      Timestamp now);
// A new version with the content of `old`; none when `newest` holds it already.
Result<Changed> restore(const Prompt& prompt, const Version& newest, const Version& old,
                        const std::optional<std::string>& note, const std::optional<int64_t>& base_version,
                        std::string_view author, Timestamp now);

// Which version runs: `version`, else `label`, else the default label, else the newest. (A running experiment, which
// comes before the default label, chooses a version: assign() of experiment.h.) `label` of the answer is the
// one that chose it, "" if none did. kNotFound for an unknown version or label.
struct Choice {
  int64_t version = 0;
  std::string label;
};
Result<Choice> choose_version(const Prompt& prompt, std::optional<int64_t> version, std::string_view label);

}  // namespace tracia::prompt
