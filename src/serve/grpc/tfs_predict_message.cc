#include "serve/grpc/tfs_predict_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "serve/grpc/tensor_proto.h"
#include "serve/grpc/wire_text.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::size_t kShownBytes = 64;

struct Entry {
  std::string_view name;
  std::span<const std::byte> tensor;
};

/// One entry of the map of inputs.
Result<Entry> ReadEntry(const WireField& field) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
  Entry entry;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(field.bytes, [&](const WireField& inner) -> Status {
    if (inner.number == 1) {
      SLIPWAY_TRY(entry.name, TakeText(inner));
    } else if (inner.number == 2) {
      SLIPWAY_RETURN_IF_ERROR(CheckEncoding(inner, WireType::kBytes));
      entry.tensor = inner.bytes;
    }
    return {};
  }));
  SLIPWAY_RETURN_IF_ERROR(CheckTensorName(entry.name));
  return entry;
}

Status ReadInput(const WireField& field, const Signature& signature, std::uint64_t max_bytes,
                 TfsPredictMessage& request) {
  if (request.inputs.size() == signature.inputs.size()) {
    return FieldInvalid(
        fmt::format("more inputs than the {} of the model", signature.inputs.size()));
  }
  SLIPWAY_TRY(const Entry entry, ReadEntry(field));
  Result<TensorView> tensor = ReadTensorProto(entry.tensor, max_bytes, request.memory);
  if (!tensor.ok()) {
    return std::move(tensor).status().At(
        fmt::format("inputs[\"{}\"]", Printable(entry.name, kShownBytes)));
  }
  request.inputs.push_back({entry.name, *tensor});
  return {};
}

Status ReadFilter(const WireField& field, const Signature& signature, TfsPredictMessage& request) {
  SLIPWAY_TRY(const std::string_view name, TakeText(field));
  SLIPWAY_RETURN_IF_ERROR(CheckTensorName(name));
  if (std::ranges::find(request.outputs, name) != request.outputs.end())
    return FieldInvalid("output_filter names an output twice").At("output_filter");
  if (request.outputs.size() == signature.outputs.size()) {
    return FieldInvalid(
        fmt::format("more outputs than the {} of the model", signature.outputs.size()));
  }
  request.outputs.push_back(name);
  return {};
}

}  // namespace

Status DecodePredictMessage(std::span<const std::byte> message, const Signature& signature,
                            std::uint64_t max_bytes, TfsPredictMessage& request) {
  request.inputs.reserve(signature.inputs.size());
  return ForEachField(message, [&](const WireField& field) -> Status {
    if (field.number == 2) return ReadInput(field, signature, max_bytes, request);
    if (field.number == 3) return ReadFilter(field, signature, request);
    return {};
  });
}

}  // namespace slipway::serve::grpc
