#include "access/right.h"

#include <algorithm>

namespace slipway::access {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kInfer:
      return "infer";
    case Role::kRead:
      return "read";
    case Role::kAdmin:
      break;
  }
  return "admin";
}

std::optional<Role> RoleNamed(std::string_view name) {
  const auto* const found = std::ranges::find(kRoles, name, RoleName);
  return found == std::end(kRoles) ? std::nullopt : std::optional(*found);
}

std::string RoleNames(std::span<const Role> roles) {
  std::string names;
  for (const Role role : roles) {
    if (!names.empty()) names += ", ";
    names += RoleName(role);
  }
  return names;
}

bool Includes(Role role, Right right) {
  switch (right) {
    case Right::kNothing:
    case Right::kDescribe:
      return true;
    case Right::kInfer:
      return role == Role::kInfer || role == Role::kAdmin;
    case Right::kObserve:
    case Right::kReadConfiguration:
      return role == Role::kRead || role == Role::kAdmin;
    case Right::kInspect:
    case Right::kAdminister:
      break;
  }
  return role == Role::kAdmin;
}

bool IsAdministrative(Right right) { return right >= Right::kReadConfiguration; }

bool IsOpen(Openness openness, Right right) {
  switch (right) {
    case Right::kNothing:
      return true;
    case Right::kDescribe:
    case Right::kInfer:
    case Right::kObserve:
      return openness != Openness::kToNobody;
    case Right::kReadConfiguration:
      return openness == Openness::kToThisMachine;
    case Right::kInspect:
    case Right::kAdminister:
      break;
  }
  return false;
}

}  // namespace slipway::access
