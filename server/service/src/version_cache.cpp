#include "version_cache.h"

#include <utility>

namespace tracia::service {

size_t bytes_of(const prompt::Version& version) {
  const prompt::Content& content = version.content;
  size_t bytes = sizeof(version) + version.prompt_id.size() + version.author.size() + content.provider.size() +
                 content.model.size() + content.tools_json.size() + content.tool_choice_json.size() +
                 content.output_schema_json.size() + (version.note ? version.note->size() : 0);
  for (const prompt::TemplateMessage& message : content.messages) {
    bytes += sizeof(message) + message.id.size() + message.role.size() + message.content_json.size();
  }
  for (const std::string& sequence : content.stop_sequences) bytes += sizeof(std::string) + sequence.size();
  return bytes;
}

std::shared_ptr<const prompt::Version> VersionCache::find(std::string_view prompt_id, int64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(Key{prompt_id, number});
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->version;
}

void VersionCache::put(std::shared_ptr<const prompt::Version> version) {
  const size_t bytes = bytes_of(*version);
  const Key key{version->prompt_id, version->number};
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) erase(found->second);
  if (bytes > bytes_max_) return;
  entries_.push_front({std::move(version), bytes});
  index_.emplace(key, entries_.begin());
  bytes_ += bytes;
  while (entries_.size() > count_max_ || bytes_ > bytes_max_) erase(std::prev(entries_.end()));
}

void VersionCache::remove(std::string_view prompt_id) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->version->prompt_id == prompt_id) erase(entry);
    entry = next;
  }
}

size_t VersionCache::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

size_t VersionCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void VersionCache::erase(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(Key{entry->version->prompt_id, entry->version->number});
  entries_.erase(entry);
}

}  // namespace tracia::service
