#include "serve/http/infer_parameters.h"

#include <fmt/format.h>

#include "base/log.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kShownBytes = 64;

Status CheckKey(const JsonReader& reader, std::string_view key) {
  if (key.starts_with("triton_") || key.starts_with('_')) {
    return reader.Invalid(
        fmt::format("\"{}\" is a reserved parameter key", Printable(key, kShownBytes)));
  }
  if (key.starts_with("shared_memory_"))
    return reader.Invalid("shared memory is not available: send the data with the request");
  return {};
}

Status DropValue(JsonReader& reader) {
  switch (reader.Peek()) {
    case JsonReader::Kind::kString:
    case JsonReader::Kind::kBool:
      return reader.Skip();
    case JsonReader::Kind::kNumber:
      return reader.ReadDouble().status();
    default:
      return reader.Unexpected("a string, a number, true or false");
  }
}

}  // namespace

Status ReadParameters(JsonReader& reader,
                      const std::function<Result<bool>(std::string_view key)>& known) {
  SLIPWAY_RETURN_IF_ERROR(reader.EnterObject());
  while (true) {
    SLIPWAY_TRY(const std::optional<std::string_view> key, reader.NextKey());
    if (!key.has_value()) return {};
    SLIPWAY_RETURN_IF_ERROR(CheckKey(reader, *key));
    SLIPWAY_TRY(const bool is_known, known(*key));
    if (!is_known) SLIPWAY_RETURN_IF_ERROR(DropValue(reader));
  }
}

}  // namespace slipway::serve
