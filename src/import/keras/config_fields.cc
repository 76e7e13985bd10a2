#include "import/keras/config_fields.h"

#include <cmath>
#include <limits>

namespace slipway::import::keras {

const Json& Field(const Json& object, std::string_view name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string TextOr(const Json& object, std::string_view name, std::string_view otherwise) {
  const Json& field = Field(object, name);
  return field.is_string() ? field.get<std::string>() : std::string(otherwise);
}

bool BoolOr(const Json& object, std::string_view name, bool otherwise) {
  const Json& field = Field(object, name);
  return field.is_boolean() ? field.get<bool>() : otherwise;
}

std::int64_t IntOr(const Json& object, std::string_view name, std::int64_t otherwise) {
  const auto found = IntsIn(Field(object, name));
  return found && found->size() == 1 ? found->front() : otherwise;
}

double NumberOr(const Json& object, std::string_view name, double otherwise) {
  const Json& field = Field(object, name);
  return field.is_number() ? field.get<double>() : otherwise;
}

namespace {

std::optional<std::int64_t> IntIn(const Json& json) {
  if (json.is_null()) return -1;
  if (json.is_number_unsigned()) {
    const auto value = json.get<std::uint64_t>();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {};
    return static_cast<std::int64_t>(value);
  }
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (!json.is_number_float()) return {};
  const double value = json.get<double>();
  if (value != std::floor(value) || std::abs(value) > 1e15) return {};
  return static_cast<std::int64_t>(value);
}

bool AppendFloats(const Json& json, std::vector<float>& found) {
  if (json.is_number()) {
    found.push_back(json.get<float>());
    return true;
  }
  if (!json.is_array()) return false;
  for (const Json& item : json) {
    if (!AppendFloats(item, found)) return false;
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::int64_t>> IntsIn(const Json& json) {
  if (json.is_null()) return {};
  if (!json.is_array()) {
    const auto value = IntIn(json);
    if (!value) return {};
    return std::vector{*value};
  }
  std::vector<std::int64_t> values;
  for (const Json& item : json) {
    const auto value = IntIn(item);
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

std::optional<std::vector<float>> FloatsIn(const Json& json) {
  std::vector<float> found;
  if (!AppendFloats(json, found)) return {};
  return found;
}

std::string NameOfObject(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object()) return "";
  const std::string class_name = TextOr(json, "class_name", "");
  if (class_name == "function") return TextOr(json, "config", "");
  return class_name;
}

std::string DTypeNameOf(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  return TextOr(Field(json, "config"), "name", TextOr(json, "name", "float32"));
}

}  // namespace slipway::import::keras
