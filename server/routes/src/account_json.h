// The JSON of members, invitations, projects and API keys, as api/openapi.yaml says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tracia/json/writer.h"
#include "tracia/store/control_store.h"

namespace tracia::routes {

void write_member(json::Writer& w, const store::Member& member);
void write_project(json::Writer& w, const store::Project& project);
// Without its token. `invited_by` is a name.
void write_invitation(json::Writer& w, const store::Invitation& invitation, std::string_view invited_by);
std::string_view invitation_purpose(const store::Invitation& invitation);  // "join" | "password"
void write_ids(json::Writer& w, std::string_view name, const std::vector<std::string>& ids);
// `secret`: the key itself, right after it was made; "" otherwise.
void write_api_key(json::Writer& w, const store::ApiKey& key, std::string_view secret = "");

}  // namespace tracia::routes
