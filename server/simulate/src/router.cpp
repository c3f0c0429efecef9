// Which vendor and operation a path means, and who may use it.
#include "answer.h"
#include "bedrock_write.h"
#include "google_write.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string_view google_rest(std::string_view path) {
  std::string_view rest = path;
  if (take_prefix(rest, "/v1beta/models") || take_prefix(rest, "/v1alpha/models"))
    return rest.empty() ? std::string_view("/") : rest;
  // /v1/models is also OpenAI's and Anthropic's; only Google has a method after the model.
  if (take_prefix(rest, "/v1/models") && rest.find(':') != std::string_view::npos) return rest;
  return {};
}

std::string_view bearer(const http::Request& request) {
  const std::string_view value = request.headers.get_or("authorization", "");
  return value.size() > 7 && ascii_iequals(value.substr(0, 7), "bearer ") ? trim(value.substr(7)) : std::string_view();
}

struct Credential {
  std::string key;
  bool present() const { return !key.empty(); }
};

Credential credential_of(Vendor vendor, const http::Request& request) {
  const std::string_view token = bearer(request);
  switch (vendor) {
    case Vendor::kAnthropic: {
      const std::string_view key = request.headers.get_or("x-api-key", "");
      return {std::string(key.empty() ? token : key)};
    }
    case Vendor::kGoogle: {
      const std::string_view key = request.headers.get_or("x-goog-api-key", "");
      if (!key.empty()) return {std::string(key)};
      return {http::query_parameter(request.query, "key").value_or(std::string(token))};
    }
    case Vendor::kBedrock: {
      if (!token.empty()) return {std::string(token)};
      const std::string_view value = request.headers.get_or("authorization", "");
      if (!value.starts_with("AWS4-HMAC-SHA256 ")) return {};
      const size_t start = value.find("Credential=");
      if (start == std::string_view::npos) return {};
      return {std::string(value.substr(start + 11, value.find('/', start) - start - 11))};  // the access key id
    }
    default: return {std::string(token)};
  }
}

Answer no_credential(Vendor vendor, uint64_t hash) {
  switch (vendor) {
    case Vendor::kAnthropic:
      return error_answer(vendor, {.status = 401, .message = "x-api-key header is required"}, hash);
    case Vendor::kGoogle:
      return error_answer(
          vendor,
          {.status = 403,
           .message = "Method doesn't allow unregistered callers (callers without established identity). Please use "
                      "API Key or other form of API consumer identity to call this API."},
          hash);
    case Vendor::kBedrock:
      return error_answer(
          vendor,
          {.status = 403, .message = "Missing Authentication Token", .type = "MissingAuthenticationTokenException"},
          hash);
    case Vendor::kVoyage: return error_answer(vendor, {.status = 401, .message = "Provided API key is invalid."}, hash);
    case Vendor::kOpenAi: break;
  }
  return error_answer(vendor,
                      {.status = 401,
                       .message = "You didn't provide an API key. You need to provide your API key in an Authorization "
                                  "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."},
                      hash);
}

Answer wrong_credential(Vendor vendor, uint64_t hash) {
  switch (vendor) {
    case Vendor::kAnthropic: return error_answer(vendor, {.status = 401, .message = "invalid x-api-key"}, hash);
    case Vendor::kGoogle:
      return error_answer(
          vendor,
          {.status = 400, .message = "API key not valid. Please pass a valid API key.", .code = "API_KEY_INVALID"},
          hash);
    case Vendor::kBedrock:
      return error_answer(vendor,
                          {.status = 403,
                           .message = "The security token included in the request is invalid.",
                           .type = "UnrecognizedClientException"},
                          hash);
    case Vendor::kVoyage: return error_answer(vendor, {.status = 401, .message = "Provided API key is invalid."}, hash);
    case Vendor::kOpenAi: break;
  }
  return error_answer(vendor, {.status = 401, .message = "Incorrect API key provided.", .code = "invalid_api_key"},
                      hash);
}

std::optional<Answer> check_credential(const SimulatorOptions& options, Vendor vendor, const http::Request& request,
                                       uint64_t hash) {
  const Credential credential = credential_of(vendor, request);
  if (!credential.present()) return no_credential(vendor, hash);
  if (!options.require_key.empty() && credential.key != options.require_key) return wrong_credential(vendor, hash);
  const std::string_view authorization = request.headers.get_or("authorization", "");
  if (vendor == Vendor::kBedrock && authorization.starts_with("AWS4-") && !request.headers.get("x-amz-date")) {
    return error_answer(
        vendor,
        {.status = 403,
         .message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
         .type = "IncompleteSignatureException"},
        hash);
  }
  return std::nullopt;
}

Answer bad_json(Vendor vendor, uint64_t hash) {
  switch (vendor) {
    case Vendor::kAnthropic: return error_answer(vendor, {.message = "The request body is not valid JSON"}, hash);
    case Vendor::kGoogle:
      return error_answer(vendor, {.message = "Invalid JSON payload received. Unexpected token."}, hash);
    case Vendor::kBedrock:
      return error_answer(vendor, {.message = "The request body is not valid JSON", .type = "SerializationException"},
                          hash);
    case Vendor::kVoyage: return error_answer(vendor, {.message = "Your request body is not valid JSON."}, hash);
    case Vendor::kOpenAi: break;
  }
  return error_answer(vendor,
                      {.message = "We could not parse the JSON body of your request. (HINT: the API expects a JSON "
                                  "payload, but what was sent was not valid JSON.)"},
                      hash);
}

Answer unknown_path(Vendor vendor, const http::Request& request, uint64_t hash) {
  const std::string where = request.method + " " + request.path.substr(0, 200);
  switch (vendor) {
    case Vendor::kAnthropic: return error_answer(vendor, {.status = 404, .message = "Not found"}, hash);
    case Vendor::kGoogle:
      return error_answer(vendor,
                          {.status = 404, .message = "The requested URL was not found on this server: " + where}, hash);
    case Vendor::kBedrock:
      return error_answer(
          vendor, {.status = 404, .message = "Unknown operation: " + where, .type = "UnknownOperationException"}, hash);
    default: return error_answer(vendor, {.status = 404, .message = "Invalid URL (" + where + ")"}, hash);
  }
}

bool speaks_anthropic(const http::Request& request) {
  return request.headers.get("anthropic-version") || (request.headers.get("x-api-key") && bearer(request).empty());
}

// Operations without a body.
std::optional<Answer> answer_get(const Call& call, Vendor vendor) {
  if (call.request.method != "GET" && call.request.method != "HEAD") return std::nullopt;
  std::string_view rest = call.request.path;
  if (vendor == Vendor::kGoogle) {
    rest = google_rest(rest);
    if (rest.empty() || rest.find(':') != std::string_view::npos) return std::nullopt;
    return google_models(call, wire::percent_decode(rest.substr(1)));
  }
  if (!take_prefix(rest, "/v1/models")) return std::nullopt;
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  const std::string id = wire::percent_decode(rest.empty() ? rest : rest.substr(1));
  return vendor == Vendor::kAnthropic ? anthropic_models(call, id) : openai_models(call, id);
}

using Handler = Answer (*)(const Call&);

Handler openai_handler(std::string_view path) {
  if (path == "/v1/chat/completions") return openai_chat;
  if (path == "/v1/responses") return openai_responses;
  if (path == "/v1/embeddings") return openai_embeddings;
  return nullptr;
}

Answer answer_google(const Call& call) {
  const std::string_view rest = google_rest(call.request.path);
  const size_t colon = rest.rfind(':');
  const std::string_view method = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  const std::string model = method.empty() || rest.size() < 2 ? "" : wire::percent_decode(rest.substr(1, colon - 1));
  if (method == "generateContent") return google_generate(call, model, false);
  if (method == "streamGenerateContent") return google_generate(call, model, true);
  if (method == "embedContent") return google_embed(call, model, false);
  if (method == "batchEmbedContents") return google_embed(call, model, true);
  if (method == "countTokens") return google_count_tokens(call);
  return unknown_path(Vendor::kGoogle, call.request, call.hash);
}

Answer answer_bedrock(const Call& call) {
  std::string_view rest = call.request.path;
  take_prefix(rest, "/model/");
  const size_t slash = rest.rfind('/');
  const std::string_view operation = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  const std::string model = wire::percent_decode(rest.substr(0, slash));
  if (operation == "converse") return bedrock_converse(call, model, false);
  if (operation == "converse-stream") return bedrock_converse(call, model, true);
  if (operation == "invoke") return bedrock_invoke(call, model);
  return unknown_path(Vendor::kBedrock, call.request, call.hash);
}

Answer answer_post(const Call& call, Vendor vendor) {
  const std::string_view path = call.request.path;
  if (vendor == Vendor::kGoogle) return answer_google(call);
  if (vendor == Vendor::kBedrock) return answer_bedrock(call);
  if (vendor == Vendor::kVoyage) return voyage_embeddings(call);
  if (path == "/v1/messages") return anthropic_messages(call);
  if (path == "/v1/messages/count_tokens") return anthropic_count_tokens(call);
  if (const Handler handler = openai_handler(path)) return handler(call);
  return unknown_path(vendor, call.request, call.hash);
}

}  // namespace

uint64_t request_hash(const http::Request& request, uint64_t seed) {
  return hash_text(request.body, hash_text(request.path, mix(seed)));
}

Vendor vendor_of(const http::Request& request, const json::Value& body) {
  const std::string_view path = request.path;
  if (path.starts_with("/v1/messages")) return Vendor::kAnthropic;
  if (path.starts_with("/model/")) return Vendor::kBedrock;
  if (!google_rest(path).empty() || path.starts_with("/v1beta/")) return Vendor::kGoogle;
  if (path.starts_with("/v1/models") && speaks_anthropic(request)) return Vendor::kAnthropic;
  if (path == "/v1/embeddings") {
    const bool voyage = body["model"].string_or("").starts_with("voyage-") || body["output_dtype"] ||
                        body["input_type"] || body["output_dimension"] || body["truncation"];
    if (voyage) return Vendor::kVoyage;
  }
  return Vendor::kOpenAi;
}

Answer answer_request(const SimulatorOptions& options, const http::Request& request, json::Document& document) {
  Call call{.options = options, .request = request, .body = {}, .hash = request_hash(request, options.seed)};
  const Result<json::Value> parsed =
      request.body.empty() ? Result<json::Value>(json::Value{}) : document.parse(request.body);
  if (parsed) call.body = *parsed;
  const Vendor vendor = vendor_of(request, call.body);
  if (auto refused = check_credential(options, vendor, request, call.hash)) return std::move(*refused);
  if (auto answer = answer_get(call, vendor)) return std::move(*answer);
  if (request.method != "POST") {
    if (openai_handler(request.path) == nullptr) return unknown_path(vendor, request, call.hash);
    return error_answer(vendor,
                        {.status = 405,
                         .message = "Not allowed to " + request.method + " on " + request.path +
                                    " (HINT: Perhaps you meant to make a POST request?)",
                         .code = "method_not_supported"},
                        call.hash);
  }
  if (!call.body.is_object()) return bad_json(vendor, call.hash);
  return answer_post(call, vendor);
}

}  // namespace tracia::simulate
