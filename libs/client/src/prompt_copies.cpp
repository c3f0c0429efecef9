#include "prompt_copies.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "prompt_json.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/client/json.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/wire/sigv4.h"

namespace tracia::client {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCopiesMax = 1000;         // in memory; a prompt is some KB
constexpr size_t kFilesMax = 1000;          // of one server and key
constexpr size_t kFileBytesMax = 8u << 20;  // a prompt with pictures; no larger one is kept on disk
constexpr Millis kFailurePause{5'000};
constexpr auto kUnfinishedAgeMax = std::chrono::hours(1);

std::string digest(std::string_view text) { return wire::sha256_hex(text).value_or(""); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// mkdir -p with mode 0700. True when `folder` is there and is the user's own.
bool make_private_folder(const fs::path& folder) {
  fs::path made;
  for (const fs::path& part : folder) {
    made /= part;
    ::mkdir(made.c_str(), 0700);  // what failed shows in the end
  }
  struct stat info{};
  return ::lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

// "" when it is not there, too large, or not the user's own: a copy decides what an application sends to models.
std::string read_small_file(const std::string& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) return "";
  if (info.st_size <= 0 || static_cast<size_t>(info.st_size) > kFileBytesMax) return "";
  std::string out(static_cast<size_t>(info.st_size), '\0');
  size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::read(fd.get(), out.data() + filled, out.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return "";
    filled += static_cast<size_t>(got);
  }
  return out;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

// What writers that died have left, and the oldest copies past the bound.
void tidy(const fs::path& folder) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> copies;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const auto changed = it->last_write_time(ignored);
    if (it->path().extension() == ".json") {
      copies.emplace_back(changed, it->path());
    } else if (it->path().extension() == ".tmp" && fs::file_time_type::clock::now() - changed > kUnfinishedAgeMax) {
      fs::remove(it->path(), ignored);
    }
  }
  if (copies.size() <= kFilesMax) return;
  std::sort(copies.begin(), copies.end());
  copies.resize(copies.size() - kFilesMax);
  for (const auto& [changed, path] : copies) fs::remove(path, error);
}

// The prompt without what changes at every fetch.
std::string content_of(FetchedPrompt prompt) {
  prompt.fetched_at.clear();
  return to_json(prompt);
}

}  // namespace

std::string PromptCopies::Key::text() const {
  json::Writer w;
  return w.begin_array().value(slug).value(label).value(version.value_or(0)).end_array().take();
}

std::optional<FetchedPrompt> PromptCopies::fresh(const Key& key, Millis max_age) const {
  const std::lock_guard lock(mutex_);
  const auto found = copies_.find(key.text());
  if (found == copies_.end() || !found->second.kept || clock_->steady() - *found->second.kept >= max_age) return {};
  return found->second.prompt;
}

std::optional<FetchedPrompt> PromptCopies::last_good(const Key& key) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = copies_.find(key.text()); found != copies_.end()) {
      FetchedPrompt prompt = found->second.prompt;
      prompt.stale = true;
      return prompt;
    }
  }
  const std::string file = file_of(key);
  if (file.empty()) return {};
  json::Document document;
  const auto root = document.parse(read_small_file(file));
  if (!root) return {};
  auto prompt = read_fetched_prompt(*root);
  // Whose copy it is stands in it: the name alone is a digest.
  if (!prompt || prompt->slug != key.slug || prompt->label != key.label) return {};
  if (key.version && prompt->version.version != *key.version) return {};
  prompt->stale = true;
  const std::lock_guard lock(mutex_);
  if (copies_.size() < kCopiesMax) copies_.try_emplace(key.text(), Copy{*prompt, std::nullopt});
  return std::move(*prompt);
}

void PromptCopies::keep(const Key& key, const FetchedPrompt& prompt) {
  bool changed = true;
  {
    const std::lock_guard lock(mutex_);
    const std::string name = key.text();
    const auto found = copies_.find(name);
    if (found != copies_.end()) {
      changed = !found->second.kept || content_of(found->second.prompt) != content_of(prompt);
    } else if (copies_.size() >= kCopiesMax) {
      copies_.erase(std::min_element(copies_.begin(), copies_.end(),
                                     [](const auto& a, const auto& b) { return a.second.kept < b.second.kept; }));
    }
    copies_.insert_or_assign(name, Copy{prompt, clock_->steady()});
  }
  if (changed) write(file_of(key), prompt);
}

void PromptCopies::forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  copies_.erase(key.text());
  if (const std::string file = file_of(key); !file.empty()) ::unlink(file.c_str());
}

void PromptCopies::server_failed() {
  const std::lock_guard lock(mutex_);
  failed_ = clock_->steady();
}

void PromptCopies::server_answered() {
  const std::lock_guard lock(mutex_);
  failed_.reset();
}

bool PromptCopies::server_is_failing() const {
  const std::lock_guard lock(mutex_);
  return failed_ && clock_->steady() - *failed_ < kFailurePause;
}

std::string PromptCopies::file_of(const Key& key) const {
  const std::string name = digest(key.text());
  if (folder_.empty() || name.empty()) return "";
  std::string readable(utf8_prefix(key.slug, 64));
  for (char& c : readable) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return folder_ + "/" + readable + "-" + name.substr(0, 32) + ".json";
}

void PromptCopies::write(const std::string& file, const FetchedPrompt& prompt) {
  const std::string json = to_json(prompt);
  if (file.empty() || json.size() > kFileBytesMax || !make_private_folder(folder_)) return;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(tidied_, true)) tidy(folder_);
  }
  const std::string unfinished = file + "." + hex_encode(random_bytes(8)) + ".tmp";
  bool whole = false;
  {
    const Descriptor fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    whole = fd.get() >= 0 && write_all(fd.get(), json);
  }
  if (!whole || ::rename(unfinished.c_str(), file.c_str()) != 0) ::unlink(unfinished.c_str());
}

std::string prompt_copies_folder(const std::string& cache_dir, const llm::EnvReader& env, const std::string& base_url,
                                 const std::string& api_key) {
  std::string root = !cache_dir.empty() ? cache_dir : env("TRACIA_CACHE_DIR").value_or("");
  if (root.empty()) {
    const std::string xdg = env("XDG_CACHE_HOME").value_or(""), home = env("HOME").value_or("");
    // Relative ones are to be ignored (XDG Base Directory specification).
    if (xdg.starts_with('/')) {
      root = xdg + "/tracia";
    } else if (home.starts_with('/')) {
      root = home + "/.cache/tracia";
    }
  }
  const std::string owner = digest(base_url + "\n" + digest(api_key));
  return root.empty() || owner.empty() ? "" : root + "/prompts/" + owner;
}

}  // namespace tracia::client
