#include "access/caller.h"

#include <algorithm>

namespace slipway::access {

std::string_view CallerKindName(CallerKind kind) {
  switch (kind) {
    case CallerKind::kAdminKey:
      return "admin key";
    case CallerKind::kKey:
      return "key";
    case CallerKind::kCertificate:
      return "certificate";
    case CallerKind::kLogin:
      return "login";
    case CallerKind::kAnonymous:
      break;
  }
  return "anonymous";
}

std::string InSeconds(std::chrono::nanoseconds wait) {
  return std::to_string(
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

}  // namespace slipway::access
