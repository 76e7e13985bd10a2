#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::access {

/// What a request wants to do. Every route and every method names one.
enum class Right : std::uint8_t {
  kNothing,            ///< health, and files that are the same for everybody
  kDescribe,           ///< metadata of the server and its models
  kInfer,              ///< run a model
  kObserve,            ///< statistics and metrics
  kReadConfiguration,  ///< the server's bounds and settings
  kInspect,            ///< all that is in the repository, regions of shared memory
  kAdminister,         ///< change what is served: load, unload. Every try is in the audit log
};
inline constexpr Right kRights[] = {Right::kNothing,   Right::kDescribe,          Right::kInfer,
                                    Right::kObserve,   Right::kReadConfiguration, Right::kInspect,
                                    Right::kAdminister};
/// What only operators ask for.
bool IsAdministrative(Right right);

/// What a key's holder is.
enum class Role : std::uint8_t {
  kInfer,  ///< runs models, and reads what is needed for that
  kRead,   ///< watches: metadata, statistics, metrics, configuration
  kAdmin,  ///< everything
};
inline constexpr Role kRoles[] = {Role::kInfer, Role::kRead, Role::kAdmin};

std::string_view RoleName(Role role);  ///< "infer", "read", "admin"
std::optional<Role> RoleNamed(std::string_view name);
/// "infer, read"
std::string RoleNames(std::span<const Role> roles);

bool Includes(Role role, Right right);

/// What needs no key.
enum class Openness : std::uint8_t {
  kToThisMachine,  ///< all but administering: only processes of this machine can ask
  kToInference,    ///< describing, inferring, observing
  kToNobody,       ///< health alone
};

bool IsOpen(Openness openness, Right right);

}  // namespace slipway::access
