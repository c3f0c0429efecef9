#include "run_plan.h"

#include <vector>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/prompt/experiment.h"
#include "tracia/prompt/prompt.h"
#include "tracia/prompt/template.h"

namespace tracia::service {
namespace {

const prompt::Content& content_of(const RunRequest& request) {
  return request.at ? request.at->version->content : request.content;
}

prompt::Variables variables_of(const RunRequest& request) {
  return {request.variables.begin(), request.variables.end()};
}

Result<std::vector<llm::Message>> messages_of(const RunRequest& request) {
  if (!request.messages.empty()) return request.messages;
  auto templates = prompt::template_messages(content_of(request));
  if (!templates) return templates;
  if (templates->empty()) return fail(Error::invalid("Missing required field: content or messages"));
  return prompt::render_strict(std::move(*templates), variables_of(request));
}

std::vector<llm::Tool> read_tools(const std::string& tools_json) {
  std::vector<llm::Tool> tools;
  if (tools_json.empty()) return tools;
  json::Document document;
  const auto list = document.parse(tools_json);
  if (!list) return tools;
  for (const json::Value tool : list->items()) {
    tools.push_back({.name = tool["name"].text(),
                     .description = tool["description"].text(),
                     .parameters = tool["parameters"].to_json()});
  }
  return tools;
}

llm::ToolChoice read_tool_choice(const std::string& choice_json) {
  using Mode = llm::ToolChoice::Mode;
  if (choice_json.empty()) return {};
  if (choice_json == R"("auto")") return {.mode = Mode::kAuto};
  if (choice_json == R"("none")") return {.mode = Mode::kNone};
  if (choice_json == R"("required")") return {.mode = Mode::kRequired};
  json::Document document;
  const auto choice = document.parse(choice_json);
  return choice ? llm::ToolChoice{.mode = Mode::kTool, .tool = (*choice)["tool"].text()} : llm::ToolChoice{};
}

// A run's own provider and model win over the variant's, these over the version's.
Result<prompt::Target> route_of(const RunRequest& request) {
  const prompt::Target base =
      request.at ? request.at->target() : prompt::Target{request.content.provider, request.content.model};
  prompt::Target route = prompt::overridden(base, request.provider, request.model);
  if (route.model.empty()) return fail(Error::invalid("The prompt names no model: give one in model"));
  return route;
}

}  // namespace

Result<RunPlan> plan_run(const Connections& connections, std::string_view project_id, const RunRequest& request) {
  const auto route = route_of(request);
  if (!route) return fail(route.error());
  auto messages = messages_of(request);
  if (!messages) return fail(std::move(messages).error());
  auto to = connections.resolve(project_id, route->provider, route->model);
  if (!to) return fail(std::move(to).error());
  if (to->target.provider == llm::Provider::kVoyage) {
    return fail(Error::invalid("Voyage is an embedding-only provider: it runs no prompts"));
  }
  const prompt::Content& content = content_of(request);
  RunPlan plan{.chat = {.model = route->model,
                        .messages = std::move(*messages),
                        .tools = read_tools(content.tools_json),
                        .tool_choice = read_tool_choice(content.tool_choice_json),
                        .temperature = content.temperature,
                        .top_p = content.top_p,
                        .max_output_tokens = content.max_output_tokens,
                        .stop_sequences = content.stop_sequences},
               .to = std::move(*to)};
  if (!content.output_schema_json.empty()) {
    plan.chat.response_format = {.type = llm::ResponseFormat::Type::kJsonSchema, .schema = content.output_schema_json};
  }
  return plan;
}

std::string refusal_extra(const Error& error, const RunRequest& request) {
  if (error.code != ErrorCode::kMissingVariables) return "";
  const prompt::Variables given = variables_of(request);
  json::Writer w;
  w.begin_array();
  for (const std::string& name : prompt::variable_names(content_of(request))) {
    if (!given.contains(name)) w.value(name);
  }
  w.end_array();
  return "\"missingVariables\":" + w.str();
}

}  // namespace tracia::service
