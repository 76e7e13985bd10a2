#include "serve/control/config_fields.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kMostElements = 4096;
constexpr std::size_t kShownBytes = 64;

Status Expected(std::string_view what, const Json& json) {
  return ConfigInvalid(fmt::format("expected {}, got {}", what, json.type_name()));
}

}  // namespace

Status ConfigInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

bool IsEmptyValue(const Json& json) {
  if (json.is_string()) return json.get_ref<const std::string&>().empty();
  if (json.is_boolean()) return !json.get<bool>();
  if (json.is_number()) return json.get<double>() == 0;
  return json.empty();
}

Result<std::uint64_t> ReadUnsigned(const Json& json, std::uint64_t most) {
  std::optional<std::uint64_t> number;
  if (json.is_number_unsigned()) number = json.get<std::uint64_t>();
  if (json.is_string()) number = ParseUint64(json.get_ref<const std::string&>());
  if (!number.has_value()) return Expected("an integer, not negative", json);
  if (*number > most) return ConfigInvalid(fmt::format("{} is more than {}", *number, most));
  return *number;
}

Result<std::int64_t> ReadSigned(const Json& json) {
  std::optional<std::int64_t> number;
  if (json.is_string()) number = ParseInt64(json.get_ref<const std::string&>());
  if (json.is_number_integer() &&
      (!json.is_number_unsigned() ||
       json.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}))
    number = json.get<std::int64_t>();
  if (!number.has_value()) return Expected("an integer", json);
  return *number;
}

Result<bool> ReadBool(const Json& json) {
  if (!json.is_boolean()) return Expected("true or false", json);
  return json.get<bool>();
}

Result<std::string> ReadText(const Json& json) {
  if (!json.is_string()) return Expected("a string", json);
  return json.get<std::string>();
}

Status ForEachConfigField(
    const Json& json, const std::function<Status(std::string_view name, const Json& value)>& each) {
  if (!json.is_object()) return Expected("an object", json);
  for (const auto& [name, value] : json.items()) {
    if (value.is_null()) continue;
    Status status = each(name, value);
    if (!status.ok()) return std::move(status).At(Printable(name, kShownBytes));
  }
  return {};
}

Result<std::vector<const Json*>> ConfigElements(const Json& json) {
  if (!json.is_array()) return Expected("a list", json);
  if (json.size() > kMostElements)
    return ConfigInvalid(fmt::format("a list of {} is longer than {}", json.size(), kMostElements));
  std::vector<const Json*> elements;
  for (const Json& element : json) elements.push_back(&element);
  return elements;
}

Status UnknownConfigField(std::string_view name, const Json& value) {
  if (IsEmptyValue(value)) return {};
  return ConfigInvalid(fmt::format("model config field \"{}\" is not obeyed by this server",
                                   Printable(name, kShownBytes)));
}

}  // namespace slipway::serve
