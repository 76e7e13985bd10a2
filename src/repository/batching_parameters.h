#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway::repository {

/// What TensorFlow Serving's batching file says.
struct BatchingParameters {
  std::string config_json;           ///< the same as Triton's ModelConfig, in JSON
  std::vector<std::string> ignored;  ///< "num_batch_threads: why", for each field without effect
  bool operator==(const BatchingParameters&) const = default;
};

/// Reads a BatchingParameters in protobuf's text form, of at most 64 KiB, with TensorFlow Serving's
/// defaults. InvalidArgument (kInvalidPackage), with line and column as place where it has one: it
/// is not such a text, it has a field that is none of them, a number that TensorFlow Serving
/// refuses. Pure.
Result<BatchingParameters> ParseBatchingParameters(std::string_view text);

}  // namespace slipway::repository
