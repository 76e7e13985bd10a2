#include "engine/onnxruntime/ort_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "engine/onnxruntime/ort_reason.h"

namespace slipway::engine {

namespace {

constexpr int kLastCommonNumber = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT4E2M1;
static_assert(kLastCommonNumber == static_cast<int>(DType::kF4E2M1));
static_assert(ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 == static_cast<int>(DType::kBF16));

struct Renumbered {
  ONNXTensorElementDataType ort;
  DType dtype;
};
constexpr Renumbered kRenumbered[] = {
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT2, DType::kU2},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT2, DType::kI2},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E8M0, DType::kF8E8M0},
};

/// One side of a session, as its functions name it.
struct Side {
  const char* name;  ///< "input"
  decltype(OrtApi::SessionGetInputCount) count;
  decltype(OrtApi::SessionGetInputName) value_name;
  decltype(OrtApi::SessionGetInputTypeInfo) type;
};

Status NoTensor(const Side& side, const std::string& name, std::string_view what) {
  return Unimplemented(fmt::format("{} \"{}\" {}; models that are served take and give tensors",
                                   side.name, name, what))
      .With(errors::kEngineRejectedModel);
}

/// -1 where the model leaves a dimension open, and the name it gives it.
Status ReadShape(const OrtApi& api, const OrtTensorTypeAndShapeInfo& info, TensorSpec& spec) {
  std::size_t rank = 0;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetDimensionsCount(&info, &rank)));
  std::vector<std::int64_t> dims(rank);
  std::vector<const char*> names(rank);
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetDimensions(&info, dims.data(), rank)));
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetSymbolicDimensions(&info, names.data(), rank)));
  for (std::int64_t& dim : dims) dim = std::max<std::int64_t>(dim, -1);
  SLIPWAY_TRY(spec.shape, Shape::Make(dims));
  const bool has_names = std::ranges::any_of(names, [](const char* name) { return *name != '\0'; });
  if (has_names) spec.axis_names.assign(names.begin(), names.end());
  return {};
}

Result<TensorSpec> ReadSpec(const OrtRuntime& runtime, const OrtSession& session, const Side& side,
                            std::size_t index) {
  const OrtApi& api = runtime.api();
  TensorSpec spec;
  char* name = nullptr;
  SLIPWAY_RETURN_IF_ERROR(
      RunFailure(api, side.value_name(&session, index, runtime.allocator, &name)));
  spec.name = name;
  runtime.allocator->Free(runtime.allocator, name);
  OrtTypeInfo* type = nullptr;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, side.type(&session, index, &type)));
  const OrtHandle<OrtTypeInfo> owned(type, OrtRelease{&api});
  const OrtTensorTypeAndShapeInfo* info = nullptr;
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetOnnxTypeFromTypeInfo(type, &kind)));
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.CastTypeInfoToTensorInfo(type, &info)));
  if (kind != ONNX_TYPE_TENSOR || info == nullptr) {
    return NoTensor(side, spec.name, "is a sequence, map or another value that is no tensor");
  }
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetTensorElementType(info, &element)));
  spec.dtype = FromOrt(element);
  if (spec.dtype == DType::kUndefined) return NoTensor(side, spec.name, "has an unknown type");
  SLIPWAY_RETURN_IF_ERROR(ReadShape(api, *info, spec));
  return spec;
}

Result<std::vector<TensorSpec>> ReadSide(const OrtRuntime& runtime, const OrtSession& session,
                                         const Side& side) {
  std::size_t count = 0;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(runtime.api(), side.count(&session, &count)));
  std::vector<TensorSpec> specs;
  for (std::size_t index = 0; index < count; ++index) {
    SLIPWAY_TRY(TensorSpec spec, ReadSpec(runtime, session, side, index));
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

DType FromOrt(ONNXTensorElementDataType type) {
  if (type <= kLastCommonNumber) return static_cast<DType>(type);
  const auto row = std::ranges::find(kRenumbered, type, &Renumbered::ort);
  return row == std::end(kRenumbered) ? DType::kUndefined : row->dtype;
}

ONNXTensorElementDataType ToOrt(DType dtype) {
  const auto row = std::ranges::find(kRenumbered, dtype, &Renumbered::dtype);
  return row == std::end(kRenumbered) ? static_cast<ONNXTensorElementDataType>(dtype) : row->ort;
}

Result<Signature> ReadSignature(const OrtRuntime& runtime, const OrtSession& session) {
  const OrtApi& api = runtime.api();
  const Side inputs{"input", api.SessionGetInputCount, api.SessionGetInputName,
                    api.SessionGetInputTypeInfo};
  const Side outputs{"output", api.SessionGetOutputCount, api.SessionGetOutputName,
                     api.SessionGetOutputTypeInfo};
  Signature signature;
  SLIPWAY_TRY(signature.inputs, ReadSide(runtime, session, inputs));
  SLIPWAY_TRY(signature.outputs, ReadSide(runtime, session, outputs));
  return signature;
}

}  // namespace slipway::engine
