// A version's messages: as a conversation, as JSON, and the variables in them.
#include "tracia/json/writer.h"
#include "tracia/prompt/prompt.h"
#include "tracia/prompt/template.h"
#include "tracia/span/messages.h"

namespace tracia::prompt {
namespace {

void append_message(json::Writer& w, const TemplateMessage& message) {
  w.begin_object().field("role", message.role).field_raw("content", message.content_json).end_object();
}

// Tool messages show whose result they are beside the content; all others are shown as they are kept.
std::string message_json(const TemplateMessage& message) {
  json::Writer w;
  if (message.role == "tool") {
    const auto read = template_messages(Content{.messages = {message}});
    if (read && read->size() == 1) {
      std::string text = span::message_json(read->front());
      return text.insert(1, "\"id\":" + json::quoted(message.id) + ",");
    }
  }
  w.begin_object().field("id", message.id).field("role", message.role).field_raw("content", message.content_json);
  w.end_object();
  return w.take();
}

}  // namespace

Result<std::vector<llm::Message>> template_messages(const Content& content) {
  json::Writer w;
  w.begin_array();
  for (const TemplateMessage& message : content.messages) append_message(w, message);
  w.end_array();
  json::Document document;
  const auto list = document.parse(w.str());
  if (!list) return fail(list.error());
  return span::messages_from_json(*list);
}

std::string content_messages_json(const Content& content) {
  json::Writer w;
  w.begin_array();
  for (const TemplateMessage& message : content.messages) w.raw(message_json(message));
  w.end_array();
  return w.take();
}

std::vector<std::string> variable_names(const Content& content) {
  const auto messages = template_messages(content);
  return messages ? variable_names(*messages) : std::vector<std::string>{};
}

}  // namespace tracia::prompt
