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

std::optional<MemberRole> member_role_from_name(std::string_view name) {
  for (const MemberRole role : {MemberRole::kOwner, MemberRole::kAdmin, MemberRole::kEditor, MemberRole::kViewer}) {
    if (name == member_role_name(role)) return role;
  }
  return std::nullopt;
}

std::string_view evaluator_type_name(EvaluatorType type) {
  switch (type) {
    case EvaluatorType::kNumeric: return "numeric";
    case EvaluatorType::kBoolean: return "boolean";
    case EvaluatorType::kCategorical: return "categorical";
  }
  return "numeric";
}

std::optional<EvaluatorType> evaluator_type_from_name(std::string_view name) {
  for (const EvaluatorType type : {EvaluatorType::kNumeric, EvaluatorType::kBoolean, EvaluatorType::kCategorical}) {
    if (name == evaluator_type_name(type)) return type;
  }
  return std::nullopt;
}

}  // namespace tracia::store
