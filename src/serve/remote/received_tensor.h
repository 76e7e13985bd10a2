#pragma once

#include <string_view>

#include "base/status.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// DataLoss: another server's answer is not of the Open Inference Protocol, because `what`.
Status NotOip(std::string_view what);

/// The tensor that another server calls `given`, out of the bytes that it sent for it, which are
/// copied: they lie in its answer at any address. DataLoss: they are not that.
Result<TensorBuffer> ReceivedTensor(const TensorSpec& given, std::string_view bytes);

}  // namespace slipway::serve
