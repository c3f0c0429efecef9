// Recorded provider exchanges (shared/cassettes) and the comparison with what a correct reader finds in each.
// Used by the codec tests and by tracia-conformance. The meaning of `expected` is in shared/cassettes/SOURCES.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/base/redact.h"
#include "tracia/llm/codec.h"

namespace tracia::llm::testing {

using Json = nlohmann::json;

struct Cassette {
  std::string id;
  Provider provider = Provider::kOpenAi;
  std::string operation;  // "chat", "chat_stream", "responses", "responses_stream", "embed", "error"
  std::string endpoint;   // the operation that was asked for; differs for "error"
  std::string model;
  bool request_known = true;
  Json request;  // method, path, query, headers, body
  wire::HttpResponse response;
  Json expected;
  Json features;

  bool is_embedding() const { return endpoint == "embed"; }
  bool is_stream() const { return endpoint == "chat_stream" || endpoint == "responses_stream"; }
};

// The shared folder, or nullopt where it or its recorded exchanges are absent (tests then skip and say so).
inline std::optional<std::filesystem::path> shared_folder(const std::string& source_dir) {
  const char* set = std::getenv("TRACIA_SHARED");
  std::filesystem::path path =
      set != nullptr && *set != '\0' ? std::filesystem::path(set) : std::filesystem::path(source_dir) / ".." / "shared";
  if (!std::filesystem::is_directory(path / "cassettes")) return std::nullopt;
  return path;
}

namespace detail {

inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

inline wire::HttpResponse parse_response(const Json& json) {
  wire::HttpResponse response;
  response.status = json.at("status");
  // A 1xx would have the client wait for the answer after it.
  require(response.status >= 200 && response.status <= 599, "response.status is not one of an answer");
  const Json headers = json.value("headers", Json::object());
  require(headers.is_object(), "response.headers is not an object");
  for (const auto& [name, value] : headers.items()) {
    for (const auto& one : value.is_array() ? value : Json::array({value})) {
      response.headers.add(name, one.is_string() ? one.get<std::string>() : one.dump());
    }
  }
  if (json.contains("body_base64")) {
    const auto bytes = base64_decode(json.at("body_base64").get<std::string>());
    require(bytes.has_value(), "response.body_base64 is not base64");
    response.body = *bytes;
  } else {
    response.body = json.at("body_text");
  }
  return response;
}

// What compare() takes for granted.
inline void check_expected(const Json& expected) {
  require(expected.is_object(), "expected is not an object");
  require(!expected.contains("error") || expected.at("error").is_object(), "expected.error is not an object");
  require(!expected.contains("other_event_types") || expected.at("other_event_types").is_array(),
          "expected.other_event_types is not a list");
  for (const auto& type : expected.value("other_event_types", Json::array())) {
    require(type.is_string(), "expected.other_event_types is not a list of names");
  }
  if (!expected.contains("embeddings")) return;
  const Json& embeddings = expected.at("embeddings");
  const auto is_count = [&](const char* name) {
    return embeddings.contains(name) && embeddings.at(name).is_number_unsigned() &&
           embeddings.at(name).get<uint64_t>() <= 100'000;
  };
  require(embeddings.is_object() && is_count("count") && is_count("dims"), "expected.embeddings lacks count or dims");
  require(embeddings.value("first_values", Json::array()).is_array(), "expected.embeddings.first_values is not a list");
  for (const auto& value : embeddings.value("first_values", Json::array())) {
    require(value.is_number(), "expected.embeddings.first_values is not a list of numbers");
  }
}

}  // namespace detail

// Throws std::exception, with what is wrong, for JSON that is not a case.
inline Cassette parse_cassette(const Json& json) {
  Cassette c;
  c.id = json.at("id");
  const std::string provider = json.at("provider");
  const auto known = provider_from_name(provider);
  detail::require(known.has_value(), "provider '" + provider + "' is not known");
  c.provider = *known;
  c.operation = json.at("operation");
  c.endpoint = json.value("endpoint_operation", c.operation);
  if (json.contains("model") && json.at("model").is_string()) c.model = json.at("model");
  if (json.contains("request") && json.at("request").is_object()) c.request = json.at("request");
  c.request_known = c.request.is_object() && !c.request.value("unknown", false) && c.request.contains("body") &&
                    c.request.at("body").is_object();
  c.response = detail::parse_response(json.at("response"));
  c.expected = json.at("expected");
  detail::check_expected(c.expected);
  c.features = json.value("features", Json::array());
  return c;
}

inline Json read_json_file(const std::filesystem::path& file) {
  constexpr int kDepthMax = 200;  // no recording comes near; what walks the values does so recursively
  std::ifstream in(file, std::ios::binary);
  return Json::parse(in, [](int depth, Json::parse_event_t, Json&) {
    detail::require(depth <= kDepthMax, "nested more than " + std::to_string(kDepthMax) + " levels deep");
    return true;
  });
}

// Every case under `folder`, sorted by path; index files (arrays) and other JSON are passed over. Throws
// std::runtime_error that names the file when one cannot be read.
inline std::vector<Cassette> load_cassettes(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Cassette> cases;
  for (const auto& file : files) {
    try {
      const Json json = read_json_file(file);
      if (json.is_object() && json.contains("expected") && json.contains("response"))
        cases.push_back(parse_cassette(json));
    } catch (const std::exception& error) {
      throw std::runtime_error(file.string() + ": " + error.what());
    }
  }
  return cases;
}

inline const ChatCodec& chat_codec_for(const Cassette& c) {
  switch (c.provider) {
    case Provider::kAnthropic: return anthropic_codec();
    case Provider::kGoogle: return google_codec();
    case Provider::kAmazonBedrock: return bedrock_codec();
    default: return c.endpoint.starts_with("responses") ? openai_responses_codec() : openai_chat_codec();
  }
}

inline const EmbeddingCodec& embedding_codec_for(const Cassette& c) {
  switch (c.provider) {
    case Provider::kGoogle: return google_embedding_codec();
    case Provider::kAmazonBedrock: return bedrock_embedding_codec();
    case Provider::kVoyage: return voyage_embedding_codec();
    default: return openai_embedding_codec();
  }
}

// How many inputs the request had, which a reader of embeddings knows.
inline size_t expected_vectors(const Cassette& c) {
  return c.expected.contains("embeddings") ? c.expected.at("embeddings").at("count").get<size_t>() : 1;
}

// What our reader made of one exchange.
struct Reading {
  std::optional<ChatResult> chat;  // partial when `error` is set too
  std::optional<EmbeddingResult> embedding;
  std::optional<Error> error;
  std::optional<uint64_t> stream_events;
  std::vector<std::string> event_types;
};

struct Mismatch {
  std::string field, expected, got;
};

namespace detail {

// Never throws, unlike dump(): vendors send text that is not UTF-8.
inline std::string shown(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

inline Json maybe(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
inline Json maybe(const std::optional<int64_t>& n) { return n ? Json(*n) : Json(nullptr); }

inline Json call_json(const ToolCallPart& call) {
  Json out{{"id", maybe(call.id)}, {"name", call.name}};
  if (call.kind == ToolCallPart::Kind::kCustom) {
    out["arguments"] = nullptr;
    out["input_raw"] = call.arguments;
    return out;
  }
  Json arguments = Json::parse(call.arguments, nullptr, false);
  if (arguments.is_discarded()) {
    out["arguments"] = nullptr;
    out["arguments_raw"] = call.arguments;
  } else {
    out["arguments"] = std::move(arguments);
  }
  return out;
}

// JSON null and "" are one: some recordings have an empty string where others have null.
inline bool same(const Json& want, const Json& got) {
  if (want.is_number() && got.is_number())
    return std::fabs(want.get<double>() - got.get<double>()) <= 1e-9 * std::max(1.0, std::fabs(want.get<double>()));
  const auto blank = [](const Json& j) { return j.is_null() || (j.is_string() && j.get<std::string>().empty()); };
  if (blank(want) && blank(got)) return true;
  if (want.is_array() && got.is_array()) {
    return want.size() == got.size() && std::equal(want.begin(), want.end(), got.begin(), same);
  }
  if (want.is_object() && got.is_object()) {
    for (const auto& [key, value] : want.items()) {
      if (!same(value, got.contains(key) ? got.at(key) : Json(nullptr))) return false;
    }
    return true;
  }
  return want == got;
}

}  // namespace detail

// Every field that `expected` has, compared; the mismatches.
inline std::vector<Mismatch> compare(const Cassette& c, const Reading& reading) {
  std::vector<Mismatch> out;
  const auto check = [&](const std::string& field, const Json& want, const Json& got) {
    if (!detail::same(want, got)) out.push_back({field, detail::shown(want), detail::shown(got)});
  };
  if (!c.expected.contains("error") && reading.error && reading.error->kind != ErrorKind::kStreamTruncated) {
    out.push_back({"error", "none", detail::shown(reading.error->to_string())});
  }
  for (const auto& [field, want] : c.expected.items()) {
    if (field == "error") {
      if (!reading.error) {
        out.push_back({field, detail::shown(want), "none"});
        continue;
      }
      const Error& error = *reading.error;
      for (const auto& [name, value] : want.items()) {
        if (name == "status") check("error.status", value, error.status);
        // Where the vendor said nothing, ours says something for people; and it is kept to a length.
        if (name == "message" && !value.is_null()) {
          check("error.message",
                value.is_string()
                    ? Json(redact_secrets(utf8_prefix(value.get<std::string>(), limits::kErrorMessageBytesMax)))
                    : value,
                error.message);
        }
        if (name == "type") check("error.type", value, detail::maybe(error.provider.type));
        if (name == "code")
          check("error.code", value.is_number() ? Json(value.dump()) : value, detail::maybe(error.provider.code));
        if (name == "param") check("error.param", value, detail::maybe(error.provider.param));
      }
      continue;
    }
    if (field == "embeddings") {
      if (!reading.embedding) {
        out.push_back({field, detail::shown(want), "no embeddings"});
        continue;
      }
      const auto& vectors = reading.embedding->vectors;
      check("embeddings.count", want.at("count"), vectors.size());
      check("embeddings.dims", want.at("dims"), vectors.empty() ? 0 : vectors.front().size());
      const Json first = want.value("first_values", Json::array());
      for (size_t i = 0; i < first.size(); ++i) {
        const double got =
            vectors.empty() || i >= vectors.front().size() ? NAN : static_cast<double>(vectors.front()[i]);
        if (!(std::fabs(first[i].get<double>() - got) <= 1e-6))
          out.push_back({"embeddings.first_values", detail::shown(first), std::to_string(got)});
      }
      if (want.contains("types")) check("embeddings.types", want.at("types"), reading.embedding->types);
      continue;
    }
    const RawUsage usage = reading.chat        ? reading.chat->raw_usage
                           : reading.embedding ? reading.embedding->raw_usage
                                               : RawUsage{};
    if (field == "input_tokens") {
      check(field, want, detail::maybe(usage.input_tokens));
      continue;
    }
    if (field == "output_tokens") {
      check(field, want, detail::maybe(usage.output_tokens));
      continue;
    }
    if (field == "total_tokens") {
      check(field, want, detail::maybe(usage.total_tokens));
      continue;
    }
    if (field == "cached_tokens") {
      check(field, want, detail::maybe(usage.cached_tokens));
      continue;
    }
    if (field == "cache_creation_tokens") {
      check(field, want, detail::maybe(usage.cache_creation_tokens));
      continue;
    }
    if (field == "reasoning_tokens") {
      check(field, want, detail::maybe(usage.reasoning_tokens));
      continue;
    }
    if (field == "tool_use_prompt_tokens") {
      check(field, want, detail::maybe(usage.tool_use_prompt_tokens));
      continue;
    }
    if (field == "stream_events") {
      check(field, want, reading.stream_events.value_or(0));
      continue;
    }
    if (field == "other_event_types") {
      for (const auto& type : want) {
        if (std::find(reading.event_types.begin(), reading.event_types.end(), type.get<std::string>()) ==
            reading.event_types.end()) {
          out.push_back({field, detail::shown(type), "not seen"});
        }
      }
      continue;
    }
    if (!reading.chat) {
      out.push_back({field, detail::shown(want), "no answer"});
      continue;
    }
    const ChatResult& chat = *reading.chat;
    if (field == "text") {
      check(field, want, chat.text());
      continue;
    }
    if (field == "reasoning_text") {
      check(field, want, chat.reasoning_text());
      continue;
    }
    if (field == "finish_reason_raw") {
      check(field, want, detail::maybe(chat.provider_finish_reason));
      continue;
    }
    if (field == "refusal") {
      check(field, want, chat.refusal);
      continue;
    }
    if (field == "stop_sequence") {
      check(field, want, chat.stop_sequence);
      continue;
    }
    if (field == "incomplete_reason") {
      check(field, want, chat.incomplete_reason);
      continue;
    }
    if (field == "finish_message") {
      check(field, want, chat.finish_message);
      continue;
    }
    if (field == "block_reason") {
      check(field, want, chat.block_reason);
      continue;
    }
    if (field == "tool_calls" || field == "function_call") {
      Json calls = Json::array();
      Json legacy;
      for (const ToolCallPart& call : chat.tool_calls()) {
        if (call.kind == ToolCallPart::Kind::kLegacyFunction) {
          legacy = detail::call_json(call);
        } else {
          calls.push_back(detail::call_json(call));
        }
      }
      check(field, want, field == "tool_calls" ? calls : legacy);
      continue;
    }
    out.push_back({field, detail::shown(want), "a field this comparison does not know"});
  }
  return out;
}

// Drives the codec over the recorded answer; streams are cut into the pieces that `cut` gives (default: whole).
using Cutter = std::function<size_t(size_t left)>;
inline Reading read_with_codec(const Cassette& c, const Cutter& cut = [](size_t left) { return left; }) {
  Reading reading;
  if (c.is_embedding()) {
    auto result = embedding_codec_for(c).decode(c.response, expected_vectors(c));
    if (result)
      reading.embedding = std::move(*result);
    else
      reading.error = result.error();
    return reading;
  }
  const ChatCodec& codec = chat_codec_for(c);
  if (!c.is_stream() || c.response.status >= 400) {
    auto result = codec.decode(c.response);
    if (result)
      reading.chat = std::move(*result);
    else
      reading.error = result.error();
    return reading;
  }
  const auto decoder = codec.stream_decoder({c.response.status, c.response.headers});
  const EventSink ignore = [](const StreamEvent&) {};
  std::string_view rest = c.response.body;
  while (!rest.empty() && !reading.error) {
    const size_t size = std::clamp<size_t>(cut(rest.size()), 1, rest.size());
    // A copy of its own, so that a view kept past the call is caught by ASan.
    const std::string piece(rest.substr(0, size));
    rest.remove_prefix(size);
    if (const auto status = decoder->feed(piece, ignore); !status) reading.error = status.error();
  }
  if (!reading.error) {
    if (const auto status = decoder->finish(ignore); !status) reading.error = status.error();
  }
  reading.chat = decoder->result();
  reading.stream_events = decoder->events();
  reading.event_types = decoder->event_types();
  return reading;
}

}  // namespace tracia::llm::testing
