#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::serve {

/// The text between the quotes of a JSON string, decoded: \n, \u00e9, pairs of surrogates. nullopt:
/// an unknown escape or half a pair. Precondition: `raw` is UTF-8 and holds no control character.
std::optional<std::string> UnescapeJson(std::string_view raw);

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void AppendQuoted(std::string& json, std::string_view text);

/// Appends one step of a JSON pointer: '~' and '/' as "~0" and "~1".
void AppendPointerToken(std::string& pointer, std::string_view token);

}  // namespace slipway::serve
