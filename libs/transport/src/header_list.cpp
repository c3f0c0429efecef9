#include "header_list.h"

#include "tracia/base/bytes.h"

namespace tracia::transport {
namespace {

bool is_framing(std::string_view name) {
  switch (name.size()) {  // most names are told by their length alone
    case 6: return ascii_iequals(name, "expect");
    case 14: return ascii_iequals(name, "content-length");
    case 17: return ascii_iequals(name, "transfer-encoding");
    default: return false;
  }
}

}  // namespace

void HeaderList::line(std::string_view name, std::string_view value) {
  offsets_.push_back(text_.size());
  value = trim(value);
  text_.append(name);
  // curl takes "Name:" as "do not send", and "Name;" as "send it empty".
  if (value.empty()) {
    text_.push_back(';');
  } else {
    text_.append(": ").append(value);
  }
  text_.push_back('\0');
}

void HeaderList::suppress(std::string_view name) {
  offsets_.push_back(text_.size());
  text_.append(name).append(":").push_back('\0');
}

curl_slist* HeaderList::build(const wire::HttpRequest& request) {
  text_.clear();
  offsets_.clear();
  bool has_content_type = false;
  for (const auto& [name, value] : request.headers) {
    if (is_framing(name)) continue;
    if (name.size() == 12 && ascii_iequals(name, "content-type")) has_content_type = true;
    line(name, value);
  }
  suppress("Expect");                               // no round trip before a body over 1 MB
  if (!has_content_type) suppress("Content-Type");  // curl would claim a form
  nodes_.resize(offsets_.size());
  for (size_t i = 0; i < offsets_.size(); ++i) {
    nodes_[i].data = text_.data() + offsets_[i];
    nodes_[i].next = i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr;
  }
  return nodes_.data();
}

}  // namespace tracia::transport
