#include "serve/http/infer_parameters.h"

#include <utility>

#include "serve/predict/request_rules.h"

namespace slipway::serve {
namespace {

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
    SLIPWAY_TRY(const bool is_known, known(*key));
    if (is_known) continue;
    Status allowed = CheckParameterKey(*key);
    if (!allowed.ok()) return std::move(allowed).At(reader.Pointer());
    SLIPWAY_RETURN_IF_ERROR(DropValue(reader));
  }
}

}  // namespace slipway::serve
