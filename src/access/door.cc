#include "access/door.h"

#include "base/error_catalogue.h"

namespace slipway::access {

Status CheckDoor(Door door, Right right) {
  if (door == Door::kPublic && IsAdministrative(right)) {
    return PermissionDenied("this is served by the admin listener alone")
        .With(errors::kWrongDoor)
        .Hint("ask the address that the server was given as --admin-listen");
  }
  if (door == Door::kAdmin && right == Right::kInfer) {
    return PermissionDenied("the admin listener runs no models")
        .With(errors::kWrongDoor)
        .Hint("ask the address that the server was given as --address and --port");
  }
  return {};
}

}  // namespace slipway::access
