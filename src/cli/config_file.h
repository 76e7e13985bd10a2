#pragma once

#include <string>

#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// The text of a file with a model configuration (serve/control/model_config_json.h), which was
/// read once to find what is wrong with it. "" for no path. InvalidArgument with the file and the
/// field as place; what ReadFile() says.
Result<std::string> ReadConfigFile(const std::string& path);
/// The same, which fits a model of this signature.
Result<std::string> ReadConfigFile(const std::string& path, const Signature& signature);

}  // namespace slipway::cli
