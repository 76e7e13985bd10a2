#include "tensor/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_catalogue.h"

namespace slipway {

namespace {

const TensorSpec* Find(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found =
      std::ranges::find_if(specs, [&](const TensorSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

bool HasFreeFirstDimension(const TensorSpec& spec) {
  return spec.shape.rank() > 0 && spec.shape[0] < 0;
}

}  // namespace

const TensorSpec* Signature::FindInput(std::string_view name) const { return Find(inputs, name); }
const TensorSpec* Signature::FindOutput(std::string_view name) const { return Find(outputs, name); }

bool Signature::IsBatchable() const {
  return !inputs.empty() && std::ranges::all_of(inputs, HasFreeFirstDimension) &&
         std::ranges::all_of(outputs, HasFreeFirstDimension);
}

Status CheckTensor(const TensorSpec& spec, const TensorView& given) {
  if (given.dtype != spec.dtype) {
    return InvalidArgument(fmt::format("input \"{}\": expected type {}, got {}", spec.name,
                                       OipName(spec.dtype), OipName(given.dtype)))
        .With(errors::kTensorTypeMismatch);
  }
  if (!spec.shape.Admits(given.shape)) {
    return InvalidArgument(fmt::format("input \"{}\": expected shape {}, got {}", spec.name,
                                       spec.shape.ToString(), given.shape.ToString()))
        .With(errors::kTensorShapeMismatch);
  }
  if (spec.dtype == DType::kString) {
    return UnpackStrings(given)
        .status()
        .With(errors::kTensorDataMismatch)
        .At(fmt::format("input \"{}\"", spec.name));
  }
  const auto size = ByteSize(given.dtype, given.shape);
  if (size != given.bytes.size()) {
    return InvalidArgument(fmt::format("input \"{}\": shape {} of {} needs {} bytes, got {}",
                                       spec.name, given.shape.ToString(), OipName(spec.dtype),
                                       size.value_or(0), given.bytes.size()))
        .With(errors::kTensorDataMismatch);
  }
  return {};
}

std::string ToString(const TensorSpec& spec) {
  return fmt::format("{} {}{}", spec.name, ShortName(spec.dtype), spec.shape.ToString());
}

}  // namespace slipway
