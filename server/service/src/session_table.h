// Who is signed in: every live login session and every member, in memory, so that a request is checked without a read.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracia/store/control_store.h"

namespace tracia::service {

// Thread-safe; no call does I/O. What is put here was stored before.
class SessionTable {
 public:
  explicit SessionTable(size_t sessions_max = 10'000) : sessions_max_(sessions_max) {}

  struct Found {
    store::Member member;
    std::string csrf_token;
  };
  // Nobody for a session of a disabled member. Notes that the session was seen.
  std::optional<Found> find(const std::string& token_hash, Timestamp now);
  std::vector<store::LoginSession> sessions_of(std::string_view member_id) const;  // the last seen first
  // Token hashes and times of the sessions that were seen since the last call.
  std::vector<std::pair<std::string, Timestamp>> take_seen();

  void put_member(const store::Member& member);
  void remove_member(std::string_view id);     // and their sessions
  std::vector<store::Member> members() const;  // oldest first
  std::optional<store::Member> member(std::string_view id) const;
  std::optional<store::Member> member_by_email(std::string_view email) const;  // ASCII case-insensitive
  bool has_owner() const;

  // Answers the token hash of the session that had to go to make room; "" when none had to.
  std::string put(const store::LoginSession& session);
  void remove(const std::string& token_hash);
  void remove_of(std::string_view member_id);
  void remove_expired(Timestamp now);
  size_t size() const;

 private:
  struct Live {
    store::LoginSession session;
    std::atomic<int64_t> seen;         // microseconds; newer than session.last_seen
    std::atomic<bool> touched{false};  // since take_seen()
  };
  static store::LoginSession as_seen(const Live& live);

  const size_t sessions_max_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Live> sessions_;          // by token hash
  std::unordered_map<std::string, store::Member> members_;  // by id
};

}  // namespace tracia::service
