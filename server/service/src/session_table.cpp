#include "session_table.h"

#include <algorithm>
#include <tuple>

#include "tracia/base/bytes.h"

namespace tracia::service {

store::LoginSession SessionTable::as_seen(const Live& live) {
  store::LoginSession session = live.session;
  session.last_seen = {live.seen.load(std::memory_order_relaxed)};
  return session;
}

std::optional<SessionTable::Found> SessionTable::find(const std::string& token_hash, Timestamp now) {
  const std::shared_lock lock(mutex_);
  const auto found = sessions_.find(token_hash);
  if (found == sessions_.end()) return std::nullopt;
  const store::LoginSession& session = found->second.session;
  if (session.expires <= now) return std::nullopt;
  const auto member = members_.find(session.member_id);
  if (member == members_.end() || member->second.disabled) return std::nullopt;
  found->second.seen.store(now.micros, std::memory_order_relaxed);
  found->second.touched.store(true, std::memory_order_relaxed);
  return Found{.member = member->second, .csrf_token = session.csrf_token};
}

std::vector<store::LoginSession> SessionTable::sessions_of(std::string_view member_id) const {
  std::vector<store::LoginSession> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [hash, live] : sessions_) {
      if (live.session.member_id == member_id) all.push_back(as_seen(live));
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(b.last_seen, b.created, b.token_hash) < std::tie(a.last_seen, a.created, a.token_hash);
  });
  return all;
}

std::vector<std::pair<std::string, Timestamp>> SessionTable::take_seen() {
  std::vector<std::pair<std::string, Timestamp>> seen;
  const std::shared_lock lock(mutex_);
  for (auto& [hash, live] : sessions_) {
    if (live.touched.exchange(false)) seen.emplace_back(hash, as_seen(live).last_seen);
  }
  return seen;
}

void SessionTable::put_member(const store::Member& member) {
  const std::unique_lock lock(mutex_);
  members_[member.id] = member;
}

void SessionTable::remove_member(std::string_view id) {
  const std::unique_lock lock(mutex_);
  members_.erase(std::string(id));
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.session.member_id == id; });
}

std::vector<store::Member> SessionTable::members() const {
  std::vector<store::Member> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [id, member] : members_) all.push_back(member);
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return std::tie(a.created, a.id) < std::tie(b.created, b.id); });
  return all;
}

std::optional<store::Member> SessionTable::member(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto found = members_.find(std::string(id));
  return found == members_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<store::Member> SessionTable::member_by_email(std::string_view email) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [id, member] : members_) {
    if (ascii_iequals(member.email, email)) return member;
  }
  return std::nullopt;
}

bool SessionTable::has_owner() const {
  const std::shared_lock lock(mutex_);
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& entry) { return entry.second.role == store::MemberRole::kOwner; });
}

std::string SessionTable::put(const store::LoginSession& session) {
  const std::unique_lock lock(mutex_);
  std::string evicted;
  if (sessions_.size() >= sessions_max_ && !sessions_.contains(session.token_hash)) {
    const auto oldest = std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
      return a.second.session.created < b.second.session.created;
    });
    evicted = oldest->first;
    sessions_.erase(oldest);
  }
  Live& live = sessions_[session.token_hash];
  live.session = session;
  live.seen = std::max(session.created, session.last_seen).micros;
  return evicted;
}

void SessionTable::remove(const std::string& token_hash) {
  const std::unique_lock lock(mutex_);
  sessions_.erase(token_hash);
}

void SessionTable::remove_of(std::string_view member_id) {
  const std::unique_lock lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.session.member_id == member_id; });
}

void SessionTable::remove_expired(Timestamp now) {
  const std::unique_lock lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.session.expires <= now; });
}

size_t SessionTable::size() const {
  const std::shared_lock lock(mutex_);
  return sessions_.size();
}

}  // namespace tracia::service
