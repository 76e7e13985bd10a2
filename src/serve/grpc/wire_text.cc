#include "serve/grpc/wire_text.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::serve::grpc {

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Status BrokenMessage(WireFault fault) {
  if (fault == WireFault::kNone) return {};
  return FieldInvalid(fault == WireFault::kCutShort
                          ? "the message ends within a field, or a length in it is wrong"
                          : "the bytes are not a protobuf message");
}

Status CheckEncoding(const WireField& field, WireType type) {
  if (field.type == type) return {};
  return FieldInvalid(fmt::format("field {} has wire type {}, expected {}", field.number,
                                  static_cast<int>(field.type), static_cast<int>(type)));
}

Result<std::string_view> TakeText(const WireField& field) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
  if (IsUtf8(field.text())) return field.text();
  return FieldInvalid(fmt::format("field {} is not UTF-8", field.number));
}

}  // namespace slipway::serve::grpc
