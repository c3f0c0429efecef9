// The last good copies of fetched prompts, so that a server that is down never stops an application: in memory, and on
// disk for the next process. Private to libs/client.
//
//   <cache_dir>/prompts/<sha256 of base URL and key digest>/<slug>-<digest of what was asked>.json   FetchedPrompt
//
// Files are written whole and renamed, mode 0600 in folders of mode 0700. What cannot be read back is ignored, what
// cannot be written is left out: copies are a help, never a reason to fail.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "tracia/base/clock.h"
#include "tracia/client/api_types.h"
#include "tracia/llm/endpoint.h"

namespace tracia::client {

// Thread-safe.
class PromptCopies {
 public:
  // `folder`: "" = in memory only. Made when the first copy is kept.
  PromptCopies(std::string folder, const Clock& clock) : folder_(std::move(folder)), clock_(&clock) {}

  // What a fetch asks for: one of these, one copy.
  struct Key {
    std::string slug, label;
    std::optional<int64_t> version;
    std::string text() const;
  };

  // The copy in memory, when the server gave it less than `max_age` ago.
  std::optional<FetchedPrompt> fresh(const Key& key, Millis max_age) const;
  // The copy of any age, from memory or disk, marked stale.
  std::optional<FetchedPrompt> last_good(const Key& key);
  void keep(const Key& key, const FetchedPrompt& prompt);
  void forget(const Key& key);

  // After a failure copies are used at once for a while: each call would wait for its timeout otherwise.
  void server_failed();
  void server_answered();
  bool server_is_failing() const;

 private:
  struct Copy {
    FetchedPrompt prompt;
    std::optional<SteadyTime> kept;  // nullopt: from disk
  };

  std::string file_of(const Key& key) const;  // "" = none
  void write(const std::string& file, const FetchedPrompt& prompt);

  const std::string folder_;
  const Clock* clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Copy> copies_;
  std::optional<SteadyTime> failed_;
  bool tidied_ = false;
};

// Where the copies of one server and key are: under `cache_dir`, else as the environment says (see ClientOptions); ""
// when nothing says where.
std::string prompt_copies_folder(const std::string& cache_dir, const llm::EnvReader& env, const std::string& base_url,
                                 const std::string& api_key);

}  // namespace tracia::client
