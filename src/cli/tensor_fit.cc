#include "cli/tensor_fit.h"

#include <fmt/format.h>

#include "base/error_catalogue.h"

namespace slipway::cli {

Status InputError(const TensorSpec& spec, std::string_view message) {
  return InvalidArgument(fmt::format("input \"{}\": {}", spec.name, message))
      .With(errors::kRequestFieldInvalid);
}

Result<TensorBuffer> CastTo(const TensorSpec& spec, TensorBuffer tensor) {
  if (tensor.dtype() == spec.dtype) return tensor;
  if (tensor.dtype() == DType::kString || spec.dtype == DType::kString) {
    return InputError(spec, fmt::format("expected type {}, got {}", ShortName(spec.dtype),
                                        ShortName(tensor.dtype())));
  }
  Result<TensorBuffer> cast = ConvertTensor(tensor.view(), spec.dtype);
  if (!cast.ok()) return std::move(cast).status().At(fmt::format("input \"{}\"", spec.name));
  return cast;
}

Result<TensorBuffer> Fit(const TensorSpec& spec, TensorBuffer tensor) {
  SLIPWAY_TRY(TensorBuffer cast, CastTo(spec, std::move(tensor)));
  SLIPWAY_RETURN_IF_ERROR(CheckTensor(spec, cast.view()));
  return cast;
}

}  // namespace slipway::cli
