#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

/// What a large tensor keeps in a skeleton.
enum class Keep : std::uint8_t {
  kDimensions,  ///< type and dimensions, for inference
  kType,        ///< the type, with no elements: valid by the checker's rules
};

/// The model as ONNX's own message, where tensors of a kilobyte and more, and external ones, have
/// no bytes. Internal if the library cannot read what we wrote.
Result<::onnx::ModelProto> SkeletonOf(const Model& model, Keep keep);

/// One line of what the library threw, fit to be shown: no context, no control characters.
std::string ReasonOf(const std::exception& error);

}  // namespace slipway::graph
