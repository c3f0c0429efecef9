// Prompts as JSON: Prompt, PromptSummary, PromptVersion and RenderedPrompt of api/openapi.yaml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tracia/json/writer.h"
#include "tracia/llm/model.h"
#include "tracia/prompt/prompt.h"
#include "tracia/service/prompts.h"

namespace tracia::routes {

// `at.version` is the newest; `versions` are those to show, newest first.
std::string prompt_json(const service::PromptAt& at, const std::vector<service::VersionPtr>& versions);
// Each appends one object.
void write_prompt_summary(json::Writer& w, const prompt::Prompt& prompt, const prompt::Version& newest);
void write_version(json::Writer& w, const prompt::Prompt& prompt, const prompt::Version& version);
std::string rendered_json(const service::PromptAt& at, const std::vector<llm::Message>& messages);

}  // namespace tracia::routes
