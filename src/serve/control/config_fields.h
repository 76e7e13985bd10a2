#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "base/status.h"

namespace slipway::serve {

// Reading a configuration in JSON: an object is a table of its fields. Every refusal is
// InvalidArgument (kRequestFieldInvalid) with the field as place.

Status ConfigInvalid(std::string message);

/// Whether a value says nothing: null, false, 0, "", [] or {}.
bool IsEmptyValue(const Json& json);

/// An integer, or a text that is one (64-bit integers in protobuf's JSON).
Result<std::uint64_t> ReadUnsigned(const Json& json,
                                   std::uint64_t most = std::numeric_limits<std::int64_t>::max());
Result<std::int64_t> ReadSigned(const Json& json);
Result<bool> ReadBool(const Json& json);
Result<std::string> ReadText(const Json& json);

template <class T>
struct ConfigField {
  std::string_view name;
  Status (*read)(const Json& json, T& target);
};

/// Calls `each` with the name and value of every field of an object that is not null.
Status ForEachConfigField(
    const Json& json, const std::function<Status(std::string_view name, const Json& value)>& each);
/// The elements of a list, of at most 4096.
Result<std::vector<const Json*>> ConfigElements(const Json& json);
/// The refusal of a field that is not in the table, unless it says nothing.
Status UnknownConfigField(std::string_view name, const Json& value);

/// Reads an object into `target`.
template <class T>
Status ReadConfigObject(const Json& json, std::span<const ConfigField<T>> fields, T& target) {
  return ForEachConfigField(json, [&](std::string_view name, const Json& value) -> Status {
    for (const ConfigField<T>& field : fields) {
      if (field.name == name) return field.read(value, target);
    }
    return UnknownConfigField(name, value);
  });
}

/// Reads a list of objects.
template <class T>
Status ReadConfigList(const Json& json, std::span<const ConfigField<T>> fields,
                      std::vector<T>& target) {
  SLIPWAY_TRY(const std::vector<const Json*> elements, ConfigElements(json));
  for (const Json* element : elements)
    SLIPWAY_RETURN_IF_ERROR(ReadConfigObject<T>(*element, fields, target.emplace_back()));
  return {};
}

}  // namespace slipway::serve
