#include <fmt/format.h>
#include <onnx/onnx_pb.h>
#include <onnx/version_converter/convert.h>

#include <exception>
#include <limits>
#include <utility>

#include "base/error_catalogue.h"
#include "graph/onnx/check.h"
#include "graph/onnx/skeleton.h"
#include "graph/onnx_file.h"

namespace slipway::graph {

namespace {

Status CannotConvert(const Model& model, std::int64_t version, std::string_view reason) {
  return Unimplemented(fmt::format("operators of version {} cannot be converted to version {}: {}",
                                   model.Opset(), version, reason))
      .With(errors::kUnsupportedLayers)
      .Hint("import without --opset");
}

Result<::onnx::ModelProto> Converted(const Model& model, std::int64_t version) {
  SLIPWAY_TRY(const std::string bytes, EncodeModel(model));
  ::onnx::ModelProto proto;
  if (!proto.ParseFromString(bytes)) return Internal("ONNX's library cannot read the model");
  try {
    return ::onnx::version_conversion::ConvertVersion(proto, static_cast<int>(version));
  } catch (const std::exception& error) {
    return CannotConvert(model, version, ReasonOf(error));
  }
}

}  // namespace

Result<Model> ConvertOpset(const Model& model, std::int64_t version) {
  if (version < 1 || version > NewestOpset())
    return CannotConvert(model, version, fmt::format("1 to {} are known", NewestOpset()));
  if (!model.functions.empty() || !model.main.sparse_initializers.empty())
    return CannotConvert(model, version, "the model holds functions or sparse constants");
  SLIPWAY_TRY(const ::onnx::ModelProto proto, Converted(model, version));
  const std::string bytes = proto.SerializeAsString();
  SLIPWAY_TRY(Model converted, DecodeModel(std::as_bytes(std::span(bytes))));
  // What the library drops.
  converted.metadata = model.metadata;
  converted.producer_name = model.producer_name;
  converted.producer_version = model.producer_version;
  converted.main.metadata = model.main.metadata;
  converted.main.quantization_annotations = model.main.quantization_annotations;
  return converted;
}

}  // namespace slipway::graph
