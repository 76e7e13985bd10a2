#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/http/json_reader.h"

namespace slipway::serve {

/// RFC 4648 with padding, as TensorFlow Serving's clients write bytes. nullopt: another character,
/// or a length that is no multiple of four.
std::optional<std::string> DecodeBase64(std::string_view text);
void AppendBase64(std::string& out, std::string_view bytes);

/// The bytes of {"b64": "..."}, which is up next. InvalidArgument at its pointer.
Result<std::string> ReadBase64Object(JsonReader& reader);

}  // namespace slipway::serve
