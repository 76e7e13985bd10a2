#pragma once

#include <string>

#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// InvalidArgument (kRequestFieldInvalid): input "image": `message`.
Status InputError(const TensorSpec& spec, std::string_view message);

/// The tensor in the type that `spec` declares, where a cast in the original framework would keep
/// the values (float arrays of whole numbers become ids). InvalidArgument otherwise.
Result<TensorBuffer> CastTo(const TensorSpec& spec, TensorBuffer tensor);

/// CastTo(), and the shape is one that `spec` admits.
Result<TensorBuffer> Fit(const TensorSpec& spec, TensorBuffer tensor);

}  // namespace slipway::cli
