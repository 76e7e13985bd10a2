#pragma once

#include <string>

#include "base/status.h"
#include "cli/context.h"
#include "serve/model/model_config.h"

namespace slipway::cli {

/// What a batching file of TensorFlow Serving says as a configuration; fields without effect are
/// warned of. What ReadFile() says; InvalidArgument (kUsage) with the file and the line or field.
Result<serve::ModelConfig> ReadBatchingFile(const std::string& path, const Context& context);

}  // namespace slipway::cli
