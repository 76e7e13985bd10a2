#pragma once

#include <onnxruntime_c_api.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway::engine {

/// What the library says, fit for a client: without places in its own source, without C++
/// signatures, on one line, and with `model_path` (as given, and as the file system resolves it)
/// shortened to the file's name, its folder to nothing.
std::string ReasonFor(std::string_view text, const std::string& model_path);

/// The status of a call that loads `model_path`; takes `status`, null is success. InvalidArgument
/// or Unimplemented (kEngineRejectedModel), ResourceExhausted.
Status LoadFailure(const OrtApi& api, OrtStatus* status, const std::string& model_path);
/// The same for any other call. InvalidArgument, ResourceExhausted or Internal (kEngineRunFailed).
Status RunFailure(const OrtApi& api, OrtStatus* status);

}  // namespace slipway::engine
