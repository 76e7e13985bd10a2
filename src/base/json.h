#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "base/status.h"

namespace slipway {

/// JSON documents of configuration, manifests and answers: convenient, not fast. Tensors in request
/// bodies have their own parser (serve/http). Object keys keep no order; use OrderedJson where a
/// person reads the result.
struct JsonLimits {
  std::size_t max_depth = 64;  ///< nested arrays and objects
  std::size_t max_bytes = 64 * 1024 * 1024;
};

/// Parses one whole document. InvalidArgument with the byte offset: not JSON, a duplicate key,
/// trailing text, deeper or larger than the limits. NaN and Infinity are not JSON. Throws nothing;
/// this file is the only one that sees the parser's exceptions.
Result<Json> ParseJson(std::string_view text, const JsonLimits& limits = {});

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string JsonQuoted(std::string_view text);

/// One line; invalid UTF-8 becomes U+FFFD instead of an exception.
std::string DumpJson(const Json& json, int indent = -1);
std::string DumpJson(const OrderedJson& json, int indent = -1);

}  // namespace slipway
