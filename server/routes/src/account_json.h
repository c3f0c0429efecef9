// The JSON of members, projects and API keys, as api/openapi.yaml says.
#pragma once

#include <string_view>

#include "tracia/json/writer.h"
#include "tracia/store/control_store.h"

namespace tracia::routes {

void write_member(json::Writer& w, const store::Member& member);
void write_project(json::Writer& w, const store::Project& project);
// `secret`: the key itself, right after it was made; "" otherwise.
void write_api_key(json::Writer& w, const store::ApiKey& key, std::string_view secret = "");

}  // namespace tracia::routes
