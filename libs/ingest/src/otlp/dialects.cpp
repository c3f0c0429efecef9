#include "dialects.h"

#include <array>
#include <utility>

#include "tracia/base/bytes.h"

namespace tracia::ingest::otlp {
namespace {

constexpr std::string_view kAiMetadata = "ai.response.providerMetadata";
constexpr std::string_view kLangfuseUsage = "langfuse.observation.usage_details";
constexpr std::string_view kLangfuseSettings = "langfuse.observation.model.parameters";
constexpr std::string_view kMlflowUsage = "mlflow.chat.tokenUsage";
constexpr std::string_view kLangsmithUsage = "langsmith.usage_metadata";
constexpr std::string_view kInvocation = "llm.invocation_parameters";
constexpr std::string_view kRequestData = "request_data";  // Logfire

// The model that answered stands before the one that was asked for: it is the one that is billed.
constexpr Source kModel[] = {{"gen_ai.response.model"},
                             {"ai.response.model"},
                             {"llm.response.model_name"},
                             {"llm.response.model"},
                             {"langfuse.observation.model.name"},
                             {"mlflow.spanOutputs", "model"},
                             {"llm.model_name"},
                             {"embedding.model_name"},
                             {"reranker.model_name"},
                             {"gen_ai.request.model"},
                             {"ai.model.id"},
                             {"llm.request.model_name"},
                             {"llm.request.model"},
                             {"mlflow.llm.model"},
                             {"mlflow.spanInputs", "model"},
                             {"langsmith.metadata.ls_model_name"}};
constexpr Source kProvider[] = {{"gen_ai.provider.name"}, {"llm.provider"},
                                {"llm.system"},           {"gen_ai.system"},
                                {"ai.model.provider"},    {"langsmith.metadata.ls_provider"},
                                {"mlflow.llm.provider"},  {"langfuse.observation.model.provider"}};
constexpr Source kFinishReason[] = {{"ai.response.finishReason"},
                                    {"llm.finish_reason"},
                                    {"llm.response.finish_reason"},
                                    {"gen_ai.completion.0.finish_reason"},
                                    {"llm.output_messages.0.message.finish_reason"},
                                    {"llm.response.stop_reason"}};

constexpr Source kUser[] = {{"langfuse.user.id"},
                            {"user.id"},
                            {"traceloop.association.properties.user_id"},
                            {"langfuse.trace.user_id"},
                            {"enduser.id"},
                            {"mlflow.trace.user"},
                            {"mlflow.user"},
                            {"langsmith.metadata.user_id"}};
// The AI SDK repeats the metadata of a call on the tools it runs; there it says nothing of its own.
constexpr Source kAiUser[] = {{"ai.telemetry.metadata.userId"}, {"ai.telemetry.metadata.user_id"}};
constexpr Source kAiSession[] = {{"ai.telemetry.metadata.sessionId"}, {"ai.telemetry.metadata.session_id"}};
constexpr Source kSession[] = {{"langfuse.session.id"},
                               {"session.id"},
                               {"traceloop.association.properties.session_id"},
                               {"gen_ai.conversation.id"},
                               {"langsmith.metadata.session_id"},
                               {"langsmith.metadata.thread_id"},
                               {"langsmith.trace.session_id"},
                               {"mlflow.trace.session"}};
constexpr Source kPromptSlug[] = {{"langfuse.observation.prompt.name"},
                                  {"gen_ai.prompt.name"},
                                  {"traceloop.prompt.key"},
                                  {"llm.prompt_template.name"},
                                  {"tracia.prompt.slug"}};
constexpr Source kPromptVersion[] = {{"langfuse.observation.prompt.version"},
                                     {"traceloop.prompt.version"},
                                     {"llm.prompt_template.version"},
                                     {"tracia.prompt.version"}};

constexpr Source kTemperature[] = {
    {"gen_ai.request.temperature"},      {kInvocation, "temperature"}, {"ai.settings.temperature"},
    {kLangfuseSettings, "temperature"},  {"llm.temperature"},          {"llm.request.temperature"},
    {"mlflow.spanInputs", "temperature"}};
constexpr Source kTopP[] = {{"gen_ai.request.top_p"},     {kInvocation, "top_p"}, {"ai.settings.topP"},
                            {kLangfuseSettings, "top_p"}, {"llm.top_p"},          {"mlflow.spanInputs", "top_p"}};
constexpr Source kMaxTokens[] = {{"gen_ai.request.max_tokens"},
                                 {kInvocation, "max_tokens"},
                                 {kInvocation, "max_completion_tokens"},
                                 {kInvocation, "max_output_tokens"},
                                 {"ai.settings.maxOutputTokens"},
                                 {"ai.settings.maxTokens"},
                                 {kLangfuseSettings, "max_tokens"},
                                 {kLangfuseSettings, "max_completion_tokens"},
                                 {kLangfuseSettings, "max_output_tokens"},
                                 {"llm.request.max_tokens"},
                                 {"mlflow.spanInputs", "max_tokens"},
                                 {"mlflow.spanInputs", "max_completion_tokens"}};
constexpr Source kError[] = {
    {"exception.message"}, {"langfuse.observation.status_message"}, {"error.message"}, {"error.type"}};

constexpr Source kToolName[] = {
    {"gen_ai.tool.name"}, {"ai.toolCall.name"}, {"tool.name"}, {"traceloop.entity.name"}, {"tool_name"}};
constexpr Source kToolCallId[] = {{"gen_ai.tool.call.id"}, {"ai.toolCall.id"}, {"tool_call.id"}, {"tool.id"}};
constexpr Source kToolArguments[] = {{"gen_ai.tool.call.arguments"},
                                     {"ai.toolCall.args"},
                                     {"ai.toolCall.input"},
                                     {"tool_arguments"},
                                     {"input.value"},
                                     {"gcp.vertex.agent.tool_call_args"}};
constexpr Source kToolResult[] = {
    {"gen_ai.tool.call.result"}, {"ai.toolCall.result"}, {"ai.toolCall.output"},
    {"tool_response"},           {"output.value"},       {"gcp.vertex.agent.tool_response"}};
constexpr Source kInput[] = {{"langfuse.observation.input"},
                             {"mlflow.spanInputs"},
                             {"traceloop.entity.input"},
                             {"input.value"},
                             {"gen_ai.prompt"},
                             {"ai.value"},
                             {"ai.values"},
                             {"ai.prompt"},
                             {"gcp.vertex.agent.llm_request"}};
constexpr Source kOutput[] = {{"langfuse.observation.output"},
                              {"mlflow.spanOutputs"},
                              {"traceloop.entity.output"},
                              {"output.value"},
                              {"gen_ai.completion"},
                              {"ai.response.text"},
                              {"ai.response.object"},
                              {"final_result"},
                              {"gcp.vertex.agent.llm_response"}};

constexpr Source kInputTokens[] = {
    {"gen_ai.usage.input_tokens"},  {"llm.token_count.prompt"},        {"gen_ai.usage.prompt_tokens"},
    {"ai.usage.inputTokens"},       {"ai.usage.promptTokens"},         {"ai.usage.tokens"},
    {kLangfuseUsage, "input"},      {kLangfuseUsage, "input_tokens"},  {kLangfuseUsage, "prompt_tokens"},
    {kMlflowUsage, "input_tokens"}, {kLangsmithUsage, "input_tokens"}, {"llm.usage.prompt_tokens"}};
constexpr Source kOutputTokens[] = {
    {"gen_ai.usage.output_tokens"},     {"llm.token_count.completion"},        {"gen_ai.usage.completion_tokens"},
    {"ai.usage.outputTokens"},          {"ai.usage.completionTokens"},         {kLangfuseUsage, "output"},
    {kLangfuseUsage, "output_tokens"},  {kLangfuseUsage, "completion_tokens"}, {kMlflowUsage, "output_tokens"},
    {kLangsmithUsage, "output_tokens"}, {"llm.usage.completion_tokens"}};
constexpr Source kTotalTokens[] = {{"gen_ai.usage.total_tokens"},  {"llm.token_count.total"},
                                   {"llm.usage.total_tokens"},     {"ai.usage.totalTokens"},
                                   {kLangfuseUsage, "total"},      {kLangfuseUsage, "total_tokens"},
                                   {kMlflowUsage, "total_tokens"}, {kLangsmithUsage, "total_tokens"}};
constexpr Source kCached[] = {{"gen_ai.usage.cache_read.input_tokens"},
                              {"gen_ai.usage.cache_read_input_tokens"},
                              {"gen_ai.usage.input_tokens.cached"},
                              {"gen_ai.usage.cached_input_tokens"},
                              {"gen_ai.usage.details.cache_read_tokens"},
                              {"gen_ai.usage.details.cache_read_input_tokens"},
                              {"gen_ai.usage.details.cached_tokens"},
                              {"gen_ai.usage.input_token_details", "cache_read"},
                              {"llm.token_count.prompt_details.cache_read"},
                              {"llm.token_count.prompt_details.cached"},
                              {"llm.usage.cache_read_input_tokens"},
                              {"ai.usage.cachedInputTokens"},
                              {"ai.usage.inputTokenDetails.cacheReadTokens"},
                              {kLangfuseUsage, "input_cached_tokens"},
                              {kLangfuseUsage, "input_cache_read"},
                              {kLangfuseUsage, "cache_read_input_tokens"},
                              {kLangsmithUsage, "input_token_details.cache_read"},
                              {kMlflowUsage, "cache_read_input_tokens"},
                              {kAiMetadata, "anthropic.usage.cache_read_input_tokens"},
                              {kAiMetadata, "anthropic.cacheReadInputTokens"},
                              {kAiMetadata, "bedrock.usage.cacheReadInputTokens"},
                              {kAiMetadata, "openai.cachedPromptTokens"}};
constexpr Source kCacheWrite[] = {
    {"gen_ai.usage.cache_creation.input_tokens"},         {"gen_ai.usage.cache_write.input_tokens"},
    {"gen_ai.usage.cache_creation_input_tokens"},         {"gen_ai.usage.details.cache_write_tokens"},
    {"gen_ai.usage.details.cache_creation_input_tokens"}, {"gen_ai.usage.input_token_details", "cache_creation"},
    {"llm.token_count.prompt_details.cache_write"},       {"llm.usage.cache_creation_input_tokens"},
    {"ai.usage.inputTokenDetails.cacheWriteTokens"},      {kLangfuseUsage, "input_cache_creation"},
    {kLangfuseUsage, "cache_creation_input_tokens"},      {kLangsmithUsage, "input_token_details.cache_creation"},
    {kMlflowUsage, "cache_creation_input_tokens"},        {kAiMetadata, "anthropic.usage.cache_creation_input_tokens"},
    {kAiMetadata, "anthropic.cacheCreationInputTokens"},  {kAiMetadata, "bedrock.usage.cacheWriteInputTokens"}};
constexpr Source kCacheWrite1h[] = {{"gen_ai.usage.cache_creation.ephemeral_1h_input_tokens"},
                                    {kAiMetadata, "anthropic.usage.cache_creation.ephemeral_1h_input_tokens"}};
constexpr Source kReasoning[] = {{"gen_ai.usage.reasoning.output_tokens"},
                                 {"gen_ai.usage.reasoning_tokens"},
                                 {"gen_ai.usage.output_tokens.reasoning"},
                                 {"gen_ai.usage.details.reasoning_tokens"},
                                 {"gen_ai.usage.output_token_details", "reasoning"},
                                 {"llm.usage.reasoning_tokens"},
                                 {"llm.token_count.completion_details.reasoning"},
                                 {"ai.usage.reasoningTokens"},
                                 {"ai.usage.outputTokenDetails.reasoningTokens"},
                                 {kLangfuseUsage, "output_reasoning_tokens"},
                                 {kLangfuseUsage, "output_reasoning"},
                                 {kLangsmithUsage, "output_token_details.reasoning"},
                                 {kAiMetadata, "openai.reasoningTokens"}};
constexpr Source kInputAudio[] = {{"gen_ai.usage.input_audio_tokens"},
                                  {"gen_ai.usage.details.input_audio_tokens"},
                                  {"llm.token_count.prompt_details.audio"},
                                  {kLangfuseUsage, "input_audio_tokens"},
                                  {kLangsmithUsage, "input_token_details.audio"}};
constexpr Source kOutputAudio[] = {{"gen_ai.usage.output_audio_tokens"},
                                   {"gen_ai.usage.details.output_audio_tokens"},
                                   {"llm.token_count.completion_details.audio"},
                                   {kLangfuseUsage, "output_audio_tokens"},
                                   {kLangsmithUsage, "output_token_details.audio"}};

constexpr std::string_view kTags[] = {"langfuse.trace.tags",
                                      "tag.tags",
                                      "langsmith.span.tags",
                                      "langsmith.trace.tags",
                                      "latitude.tags",
                                      "logfire.tags",
                                      "traceloop.association.properties.tags",
                                      "tracia.tags"};
constexpr Source kTools[] = {{"gen_ai.tool.definitions"},
                             {"ai.prompt.tools"},
                             {"gen_ai.request.tools"},
                             {"mlflow.chat.tools"},
                             {"langfuse.observation.metadata.tools"},
                             {"llm.request.functions"},
                             {"langsmith.metadata.ls_invocation_params", "tools"},
                             {kInvocation, "tools"},
                             {kRequestData, "tools"},
                             {"langfuse.observation.input", "tools"},
                             {"mlflow.spanInputs", "tools"},
                             {"gen_ai.prompt", "tools"}};

using span::Kind;
struct KindWord {
  std::string_view word;
  Kind kind;
};

// openinference.span.kind, langfuse.observation.type, langsmith.span.kind, mlflow.spanType, traceloop.span.kind in
// lower case. Words that say nothing about the kind ("span") are not here: the next attribute decides.
constexpr KindWord kKindWords[] = {{"llm", Kind::kLlm},
                                   {"chat_model", Kind::kLlm},
                                   {"generation", Kind::kLlm},
                                   {"completion", Kind::kLlm},
                                   {"embedding", Kind::kEmbedding},
                                   {"tool", Kind::kTool},
                                   {"retriever", Kind::kRetrieval},
                                   {"retrieval", Kind::kRetrieval},
                                   {"reranker", Kind::kRetrieval},
                                   {"agent", Kind::kAgent},
                                   {"chain", Kind::kChain},
                                   {"workflow", Kind::kChain},
                                   {"task", Kind::kChain},
                                   {"prompt", Kind::kChain},
                                   {"parser", Kind::kChain},
                                   {"guardrail", Kind::kOther},
                                   {"evaluator", Kind::kOther},
                                   {"event", Kind::kOther},
                                   {"memory", Kind::kOther}};
constexpr std::string_view kKindKeys[] = {"openinference.span.kind", "langfuse.observation.type", "langsmith.span.kind",
                                          "mlflow.spanType", "traceloop.span.kind"};

// gen_ai.operation.name and llm.request.type.
constexpr KindWord kOperations[] = {{"chat", Kind::kLlm},
                                    {"text_completion", Kind::kLlm},
                                    {"completion", Kind::kLlm},
                                    {"generate_content", Kind::kLlm},
                                    {"responses", Kind::kLlm},
                                    {"response", Kind::kLlm},
                                    {"image_generation", Kind::kLlm},
                                    {"embeddings", Kind::kEmbedding},
                                    {"embedding", Kind::kEmbedding},
                                    {"execute_tool", Kind::kTool},
                                    {"retrieval", Kind::kRetrieval},
                                    {"rerank", Kind::kRetrieval},
                                    {"invoke_agent", Kind::kAgent},
                                    {"create_agent", Kind::kAgent},
                                    {"agent_step", Kind::kChain},
                                    {"invoke_workflow", Kind::kChain},
                                    {"chain", Kind::kChain}};

// The AI SDK names its inner spans ai.<function>.do<Something>; what is around them wraps the call.
std::optional<Kind> ai_sdk_kind(std::string_view operation) {
  operation = operation.substr(0, operation.find(' '));
  if (!operation.starts_with("ai.")) return std::nullopt;
  if (operation == "ai.toolCall") return Kind::kTool;
  if (operation.ends_with(".doEmbed")) return Kind::kEmbedding;
  if (operation.ends_with(".doGenerate") || operation.ends_with(".doStream")) return Kind::kLlm;
  if (operation.ends_with(".doRerank")) return Kind::kRetrieval;
  return Kind::kChain;
}

template <size_t N>
std::optional<Kind> find_word(const KindWord (&table)[N], std::string_view word) {
  const std::string lower = ascii_lower(word);
  for (const KindWord& known : table) {
    if (known.word == lower) return known.kind;
  }
  return std::nullopt;
}

// What a span without any word for its kind shows of itself.
Kind guessed_kind(const Attributes& a) {
  if (a.has("gen_ai.tool.name") || a.has("gen_ai.tool.call.id") || a.has("tool.name")) return Kind::kTool;
  if (a.has("agent_name")) return Kind::kAgent;  // pydantic-ai before it named its operations
  if (!a.with_prefix("embedding.embeddings.").empty()) return Kind::kEmbedding;
  if (!a.with_prefix("retrieval.documents.").empty()) return Kind::kRetrieval;
  const bool called = a.first_integer(kInputTokens) || a.first_integer(kOutputTokens) ||
                      a.has("gen_ai.input.messages") || a.has("gen_ai.output.messages") ||
                      !a.with_prefix("gen_ai.completion.").empty() || !a.with_prefix("gen_ai.prompt.").empty() ||
                      !a.with_prefix("llm.input_messages.").empty() ||
                      (a.has("gen_ai.request.model") && a.has("gen_ai.response.model"));
  return called ? Kind::kLlm : Kind::kOther;
}

}  // namespace

const FieldSources kFields{.model = kModel,
                           .provider = kProvider,
                           .finish_reason = kFinishReason,
                           .user_id = kUser,
                           .session_id = kSession,
                           .prompt_slug = kPromptSlug,
                           .prompt_version = kPromptVersion,
                           .call_user_id = kAiUser,
                           .call_session_id = kAiSession,
                           .temperature = kTemperature,
                           .top_p = kTopP,
                           .max_output_tokens = kMaxTokens,
                           .error = kError,
                           .tool_name = kToolName,
                           .tool_call_id = kToolCallId,
                           .tool_arguments = kToolArguments,
                           .tool_result = kToolResult,
                           .input = kInput,
                           .output = kOutput};
const UsageSources kUsage{.input = kInputTokens,
                          .output = kOutputTokens,
                          .total = kTotalTokens,
                          .cached = kCached,
                          .cache_write = kCacheWrite,
                          .cache_write_1h = kCacheWrite1h,
                          .reasoning = kReasoning,
                          .input_audio = kInputAudio,
                          .output_audio = kOutputAudio};
const std::span<const std::string_view> kTagKeys = kTags;
const std::span<const Source> kToolKeys = kTools;

span::Kind kind_of(const Attributes& attributes, std::string_view name) {
  for (const std::string_view key : kKindKeys) {
    const Source source[] = {{key}};
    const auto word = attributes.first_text(source);
    if (!word) continue;
    if (const auto kind = find_word(kKindWords, *word)) return *kind;
  }
  for (const std::string_view key : {"ai.operationId", "operation.name"}) {
    if (const auto kind = ai_sdk_kind(attributes.text(key))) return *kind;
  }
  for (const std::string_view key : {"gen_ai.operation.name", "llm.request.type"}) {
    if (const auto kind = find_word(kOperations, attributes.text(key))) return *kind;
  }
  if (const auto kind = ai_sdk_kind(name)) return *kind;
  return guessed_kind(attributes);
}

std::string provider_of(std::string_view raw) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"aws", "amazon_bedrock"},
                                                                      {"bedrock", "amazon_bedrock"},
                                                                      {"amazon", "amazon_bedrock"},
                                                                      {"amazon-bedrock", "amazon_bedrock"},
                                                                      {"amazon_bedrock", "amazon_bedrock"},
                                                                      {"aws_bedrock", "amazon_bedrock"},
                                                                      {"bedrock_converse", "amazon_bedrock"},
                                                                      {"gcp", "google"},
                                                                      {"gemini", "google"},
                                                                      {"vertexai", "google"},
                                                                      {"vertex_ai", "google"},
                                                                      {"vertex", "google"},
                                                                      {"google_genai", "google"},
                                                                      {"google_vertexai", "google"},
                                                                      {"google-vertex", "google"},
                                                                      {"google_generativeai", "google"},
                                                                      {"google-genai", "google"},
                                                                      {"az", "azure"},
                                                                      {"azure-openai", "azure"},
                                                                      {"azure_openai", "azure"},
                                                                      {"azure_ai_openai", "azure"},
                                                                      {"voyageai", "voyage"},
                                                                      {"anthropic-bedrock", "amazon_bedrock"},
                                                                      {"langchain", ""},
                                                                      {"langgraph", ""},
                                                                      {"microsoft", ""},
                                                                      {"llamaindex", ""},
                                                                      {"llama_index", ""},
                                                                      {"crewai", ""},
                                                                      {"haystack", ""},
                                                                      {"dspy", ""},
                                                                      {"unknown", ""},
                                                                      {"none", ""},
                                                                      {"gateway", ""}};
  // "openai.chat", "aws.bedrock", "gcp.gemini", "google.generative-ai": the vendor comes first.
  const std::string lower = ascii_lower(trim(raw));
  if (lower == "gcp.vertex.agent") return {};  // Google's agent framework, which calls models of any vendor
  const std::string_view vendor = std::string_view(lower).substr(0, lower.find('.'));
  for (const auto& [name, ours] : kNames) {
    if (name == vendor) return std::string(ours);
  }
  return std::string(vendor);
}

std::string_view finish_reason_of(std::string_view raw) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {{"stop", "stop"},
                                                                      {"end_turn", "stop"},
                                                                      {"stop_sequence", "stop"},
                                                                      {"completed", "stop"},
                                                                      {"end", "stop"},
                                                                      {"complete", "stop"},
                                                                      {"eos", "stop"},
                                                                      {"finish", "stop"},
                                                                      {"tool_calls", "tool_calls"},
                                                                      {"tool_call", "tool_calls"},
                                                                      {"tool-calls", "tool_calls"},
                                                                      {"tool_use", "tool_calls"},
                                                                      {"function_call", "tool_calls"},
                                                                      {"function_calls", "tool_calls"},
                                                                      {"length", "max_tokens"},
                                                                      {"max_tokens", "max_tokens"},
                                                                      {"max_output_tokens", "max_tokens"},
                                                                      {"max_completion_tokens", "max_tokens"},
                                                                      {"model_context_window_exceeded", "max_tokens"},
                                                                      {"incomplete", "max_tokens"}};
  const std::string lower = ascii_lower(raw);
  for (const auto& [word, ours] : kWords) {
    if (word == lower) return ours;
  }
  return {};
}

}  // namespace tracia::ingest::otlp
