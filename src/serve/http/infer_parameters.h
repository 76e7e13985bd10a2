#pragma once

#include <functional>
#include <string_view>

#include "base/status.h"
#include "serve/http/infer_request.h"
#include "serve/http/json_reader.h"

namespace slipway::serve {

/// Reads a `parameters` object of the Open Inference protocol, whose value is up next. `known`
/// takes a key it knows, reading its value, and says so; values of other keys are strings, numbers
/// or booleans and are dropped. InvalidArgument: keys that CheckParameterKey() refuses, unless
/// `known` takes them, and values of other kinds.
Status ReadParameters(JsonReader& reader,
                      const std::function<Result<bool>(std::string_view key)>& known);

/// Reads the `parameters` of a whole request, which stand up next, into `request`.
Status ReadRequestParameters(JsonReader& reader, V2Request& request);

}  // namespace slipway::serve
