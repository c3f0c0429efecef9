#include "tracia/store/control_store.h"

#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"

namespace tracia::store {

std::string new_id(std::string_view prefix) { return std::string(prefix) + "_" + hex_encode(random_bytes(8)); }

std::string_view member_role_name(MemberRole role) {
  switch (role) {
    case MemberRole::kOwner: return "owner";
    case MemberRole::kAdmin: return "admin";
    case MemberRole::kEditor: return "editor";
    case MemberRole::kViewer: return "viewer";
  }
  return "viewer";
}

}  // namespace tracia::store
