#include "openai/common.h"
#include "tracia/base/bytes.h"

namespace tracia::llm::openai {
namespace {

constexpr size_t kWordBytesMax = 200;          // type, code, param
constexpr size_t kPlainMessageBytesMax = 300;  // of a body that is not JSON
constexpr size_t kValidationErrorsMax = 3;

std::string word(const json::Value& value) {
  if (const auto text = value.string()) return std::string(utf8_prefix(*text, kWordBytesMax));
  return value.is_number() ? value.to_json() : "";
}

// FastAPI: [{"loc":["body","messages"],"msg":"field required","type":"value_error.missing"}, …]
std::string validation_errors(const json::Value& list) {
  std::string out;
  size_t count = 0;
  for (const json::Value item : list.items()) {
    if (++count > kValidationErrorsMax) break;
    const std::string_view message = item["msg"].string_or(item["message"].string_or(item.string_or("")));
    if (message.empty()) continue;
    if (!out.empty()) out.append("; ");
    std::string place;
    for (const json::Value step : item["loc"].items()) {
      if (!place.empty()) place.push_back('.');
      place.append(word(step));
    }
    if (!place.empty()) out.append(place).append(": ");
    out.append(message);
  }
  return out;
}

// A message may be text, a list of validation errors, or an object that has one.
std::string message_in(const json::Value& value) {
  if (const auto text = value.string()) return std::string(*text);
  if (value.is_array()) return validation_errors(value);
  if (value.is_object()) return value["message"].text();
  return "";
}

std::string first_message(const json::Value& object) {
  for (const std::string_view key : {"message", "detail", "msg", "error_description", "errors", "title"}) {
    if (std::string message = message_in(object[key]); !message.empty()) return message;
  }
  return "";
}

VendorError read_error(json::Value root) {
  if (root.is_array()) root = root.at(0);
  const json::Value error = root["error"];
  const json::Value& holder = error.is_object() ? error : root;
  VendorError vendor{.message = first_message(holder),
                     .type = word(holder["type"]),
                     .code = word(holder["code"]),
                     .param = word(holder["param"])};
  if (error.is_string()) vendor.message = error.text();
  if (vendor.message.empty()) vendor.message = first_message(root);
  if (vendor.message.empty() && root.is_string()) vendor.message = root.text();
  // Names of stream events and of answer objects are not types of errors.
  if (!error.is_object() && vendor.type == "error") vendor.type.clear();
  return vendor;
}

// One line of text, white space collapsed.
std::string squeeze(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= ' ';
    if (!space) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
    if (out.size() > kPlainMessageBytesMax) break;
  }
  return to_valid_utf8(trim(utf8_prefix(out, kPlainMessageBytesMax)));
}

// The title of an HTML page: gateways say "502 Bad Gateway" there. Without one nothing worth showing is assumed.
std::string title_of(std::string_view page) {
  const std::string lower = ascii_lower(page.substr(0, 4096));
  const size_t open = lower.find("<title");
  const size_t begin = open == std::string::npos ? open : lower.find('>', open);
  const size_t end = begin == std::string::npos ? begin : lower.find('<', begin);
  return end == std::string::npos ? "" : squeeze(page.substr(begin + 1, end - begin - 1));
}

std::string plain_message(std::string_view body) {
  const std::string_view text = trim(body);
  if (text.empty()) return "";
  return text.front() == '<' ? title_of(text) : squeeze(text.substr(0, 4 * kPlainMessageBytesMax));
}

}  // namespace

Error decode_error(int status, const wire::Headers& headers, std::string_view body) {
  json::Document document;
  const auto root = document.parse_lenient(body);
  VendorError vendor;
  if (root) {
    vendor = read_error(*root);
  } else {
    vendor.message = plain_message(body);
  }
  return provider_error(Provider::kOpenAi, status, std::move(vendor), headers);
}

bool is_error(const json::Value& root) {
  const json::Value error = root["error"];
  if (error.is_object() || (error.is_string() && !error.string_or("").empty())) return true;
  return root["object"].string_or("") == "error";
}

Error error_in_answer(const json::Value& root, const wire::Headers& headers) {
  VendorError vendor = read_error(root);
  const json::Value error = root["error"];
  const int64_t code = (error.is_object() ? error : root)["code"].integer().value_or(0);
  const int status = code >= 400 && code <= 599 ? static_cast<int>(code) : 200;
  if (vendor.message.empty()) vendor.message = "the provider reported an error without a message";
  return provider_error(Provider::kOpenAi, status, std::move(vendor), headers);
}

}  // namespace tracia::llm::openai
