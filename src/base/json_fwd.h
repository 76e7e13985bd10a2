#pragma once

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Named without being known: for headers whose functions take or give JSON, so that the parser's
/// three seconds are paid where JSON is touched. base/json.h has the types themselves.
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

}  // namespace slipway
