#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace slipway::import::keras {

/// Fields of a layer's configuration, which any hand may have written: each of these answers
/// whatever stands there, and the default where the field is missing, null or of another type.

/// The member, or a null that lives for ever.
const Json& Field(const Json& object, std::string_view name);

std::string TextOr(const Json& object, std::string_view name, std::string_view otherwise);
bool BoolOr(const Json& object, std::string_view name, bool otherwise);
std::int64_t IntOr(const Json& object, std::string_view name, std::int64_t otherwise);
double NumberOr(const Json& object, std::string_view name, double otherwise);

/// A list of integers, a single one counting as a list; null entries (unknown sizes) are -1.
/// nullopt: missing, or something else in the list.
std::optional<std::vector<std::int64_t>> IntsIn(const Json& json);
/// A number or a list of them, nested lists flattened.
std::optional<std::vector<float>> FloatsIn(const Json& json);

/// The class or function name behind a string, or behind {"class_name": ..., "config": ...} as a
/// serialised object is: "softmax" for "softmax" and for {"class_name": "function", "config":
/// "softmax"}. Empty: neither.
std::string NameOfObject(const Json& json);

/// "float32" for "float32" and for a dtype policy object; the storage type of a mixed policy.
std::string DTypeNameOf(const Json& json);

}  // namespace slipway::import::keras
