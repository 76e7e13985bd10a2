#pragma once

#include <onnxruntime_c_api.h>

#include <optional>

#include "base/status.h"
#include "engine/onnxruntime/ort_library.h"
#include "tensor/dtype.h"
#include "tensor/signature.h"

namespace slipway::engine {

/// ONNX Runtime numbers the oldest types as ONNX does, and the newest in another order.
/// kUndefined: a type that Slipway does not know.
DType FromOrt(ONNXTensorElementDataType type);
ONNXTensorElementDataType ToOrt(DType dtype);

/// What the session takes and gives, in its order. Unimplemented (kEngineRejectedModel): a
/// sequence, map, optional or sparse value, or an input that does not say its rank.
Result<Signature> ReadSignature(const OrtRuntime& runtime, const OrtSession& session);

}  // namespace slipway::engine
