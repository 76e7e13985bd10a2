#include "package/json_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"

namespace slipway::package {

Status InvalidField(std::string_view path, std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kInvalidPackage).At(path);
}

Result<JsonFields> JsonFields::Of(const Json& json, std::string_view path,
                                  std::initializer_list<std::string_view> known) {
  if (!json.is_object()) return InvalidField(path, "expected a JSON object");
  for (const auto& item : json.items()) {
    if (std::ranges::find(known, item.key()) == known.end()) {
      return InvalidField(path, fmt::format("unknown field \"{}\"", Printable(item.key(), 64)));
    }
  }
  return JsonFields(json, path);
}

const Json* JsonFields::Find(std::string_view name) const {
  const auto found = json_->find(name);
  return found == json_->end() ? nullptr : &*found;
}

std::string JsonFields::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

Result<const Json*> JsonFields::Required(std::string_view name) const {
  const Json* field = Find(name);
  if (field == nullptr) return InvalidField(PathOf(name), "the field is missing");
  return field;
}

Result<std::string> JsonFields::String(std::string_view name) const {
  SLIPWAY_TRY(const Json* field, Required(name));
  if (!field->is_string()) return InvalidField(PathOf(name), "expected a string");
  return field->get_ref<const std::string&>();
}

Result<std::string> JsonFields::OptionalString(std::string_view name) const {
  if (Find(name) == nullptr) return std::string();
  return String(name);
}

Result<std::int64_t> JsonFields::Count(std::string_view name) const {
  SLIPWAY_TRY(const Json* field, Required(name));
  if (!field->is_number_integer() || *field < 0 ||
      *field > std::numeric_limits<std::int64_t>::max()) {
    return InvalidField(PathOf(name), "expected a whole number that is not negative");
  }
  return field->get<std::int64_t>();
}

Result<std::vector<std::string>> JsonFields::OptionalStrings(std::string_view name) const {
  const Json* field = Find(name);
  if (field == nullptr) return std::vector<std::string>();
  return StringsOf(*field, PathOf(name));
}

Result<std::vector<std::string>> StringsOf(const Json& json, std::string_view path) {
  if (!json.is_array()) return InvalidField(path, "expected an array of strings");
  std::vector<std::string> strings;
  for (const Json& element : json) {
    if (!element.is_string()) return InvalidField(path, "expected an array of strings");
    strings.push_back(element.get_ref<const std::string&>());
  }
  return strings;
}

}  // namespace slipway::package
