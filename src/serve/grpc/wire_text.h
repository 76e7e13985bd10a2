#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "base/wire_reader.h"

namespace slipway::serve::grpc {

/// kRequestFieldInvalid.
Status FieldInvalid(std::string message);
/// The walk over a message as a status: success for kNone.
Status BrokenMessage(WireFault fault);
/// InvalidArgument unless the field is encoded so.
Status CheckEncoding(const WireField& field, WireType type);
/// The field as text. InvalidArgument: another encoding, or not UTF-8.
Result<std::string_view> TakeText(const WireField& field);

/// Calls `visit(field)` for every field of a message until one call fails.
template <class Visit>
Status ForEachField(std::span<const std::byte> message, const Visit& visit) {
  WireReader reader(message);
  for (WireField field; reader.Next(field);) SLIPWAY_RETURN_IF_ERROR(visit(field));
  return reader.fault() == WireFault::kNone ? Status() : BrokenMessage(reader.fault());
}

}  // namespace slipway::serve::grpc
