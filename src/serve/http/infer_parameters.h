#pragma once

#include <functional>
#include <string_view>

#include "base/status.h"
#include "serve/http/json_reader.h"

namespace slipway::serve {

/// Reads a `parameters` object of the Open Inference protocol, whose value is up next. `known`
/// takes a key it knows, reading its value, and says so; values of other keys are strings, numbers
/// or booleans and are dropped. InvalidArgument: keys that CheckParameterKey() refuses, unless
/// `known` takes them, and values of other kinds.
Status ReadParameters(JsonReader& reader,
                      const std::function<Result<bool>(std::string_view key)>& known);

}  // namespace slipway::serve
