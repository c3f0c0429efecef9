// Who is signed in: every live login session and every member, in memory, so that a request is checked without a read.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
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
  // Nobody for a session of a disabled member.
  std::optional<Found> find(const std::string& token_hash, Timestamp now) const;

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
  const size_t sessions_max_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, store::LoginSession> sessions_;  // by token hash
  std::unordered_map<std::string, store::Member> members_;         // by id
};

}  // namespace tracia::service
