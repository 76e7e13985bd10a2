#pragma once

#include "base/json.h"
#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// Nested JSON lists (or one number or string) as a tensor of `spec`'s type; the shape is that of
/// the lists. InvalidArgument naming the place: ragged lists, another kind of value, more levels
/// than a shape can have.
Result<TensorBuffer> TensorFromJson(const TensorSpec& spec, const Json& json);

/// Nested lists, shortest digits that read back as the same number; NaN and infinities become null.
OrderedJson TensorToJson(const TensorView& tensor);

}  // namespace slipway::cli
