#include "fields.h"

namespace tracia::span {

std::string_view chars_prefix(std::string_view text, size_t chars_max) {
  if (text.size() <= chars_max) return text;
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (count++ == chars_max) return text.substr(0, i);
  }
  return text;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const std::string_view known : words) {
    if (word == known) return true;
  }
  return false;
}

bool is_slug(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && (i == 0 || (c != '_' && c != '-'))) return false;
  }
  return !text.empty();
}

MemberTable::MemberTable(const json::Value& object) : object_(object) {
  const size_t count = object.size();
  searched_ = count > kMembersMax;
  if (searched_ || !object.is_object()) return;
  members_.reserve(count);
  for (const json::Member member : object.members()) {
    size_t slot = first_slot(member.key);
    while (slots_[slot] != 0 && members_[slots_[slot] - 1].key != member.key) slot = (slot + 1) % kSlots;
    if (slots_[slot] != 0) continue;  // the first of a name counts
    members_.push_back(member);
    slots_[slot] = static_cast<uint8_t>(members_.size());
  }
}

json::Value MemberTable::operator[](std::string_view name) const {
  if (searched_) return object_[name];
  for (size_t slot = first_slot(name); slots_[slot] != 0; slot = (slot + 1) % kSlots) {
    const json::Member& member = members_[slots_[slot] - 1];
    if (member.key == name) return member.value;
  }
  return {};
}

json::Value Fields::require(std::string_view name) {
  const json::Value value = get(name);
  if (!value) fail(Error::invalid("Missing required field: " + place(name)));
  return value;
}

void Fields::text(std::string_view name, std::string& out, size_t chars_max) {
  const json::Value value = get(name);
  if (!ok() || !value) return;
  const auto string = value.string();
  if (!string) return fail(name, "must be a string");
  // Bytes are never fewer than characters: the count is needed only past the bound.
  if (string->size() > chars_max && count_chars(*string) > chars_max) {
    return fail(name, "must have at most " + std::to_string(chars_max) + " characters");
  }
  out.assign(*string);
}

void Fields::required_text(std::string_view name, std::string& out, size_t chars_max) {
  require(name);
  word(name, out, chars_max);
}

void Fields::word(std::string_view name, std::string& out, size_t chars_max) {
  text(name, out, chars_max);
  if (ok() && get(name) && out.empty()) fail(name, "must not be empty");
}

void Fields::integer(std::string_view name, std::optional<int64_t>& out, int64_t min, int64_t max) {
  const json::Value value = get(name);
  if (!ok() || !value) return;
  const auto number = value.integer();
  if (!number || *number < min) return fail(name, "must be an integer of at least " + std::to_string(min));
  if (*number > max) return fail(name, "must be at most " + std::to_string(max));
  out = number;
}

void Fields::number(std::string_view name, std::optional<double>& out, double min, double max) {
  const json::Value value = get(name);
  if (!ok() || !value) return;
  const auto number = value.number();
  if (!number || !(*number >= min && *number <= max)) {
    return fail(name, "must be a number from " + std::to_string(static_cast<int>(min)) + " to " +
                          std::to_string(static_cast<int>(max)));
  }
  out = number;
}

void Fields::flag(std::string_view name, bool& out) {
  const json::Value value = get(name);
  if (!ok() || !value) return;
  const auto boolean = value.boolean();
  if (!boolean) return fail(name, "must be true or false");
  out = *boolean;
}

void Fields::object(std::string_view name, std::string& out) {
  const json::Value value = get(name);
  if (!ok() || !value) return;
  if (!value.is_object()) return fail(name, "must be an object");
  out = value.to_json();
}

void Fields::fail(std::string_view name, std::string_view what) {
  if (ok()) error_ = Error::invalid(place(name).append(" ").append(what));
}

}  // namespace tracia::span
