#pragma once

#include <span>
#include <string>
#include <string_view>

#include "monitor/kept_request.h"

namespace slipway::monitor {

/// One field of a line of the access log.
struct AccessField {
  std::string_view name;
  std::string_view meaning;  ///< as the manual says it
  /// Appends the value as JSON; what appends nothing is left out of the line.
  void (*append)(const KeptRequest& request, std::string& json);
};

/// Every field, in the order of the line. New ones are added, none changes its meaning.
std::span<const AccessField> AccessFields();

/// One object of JSON and the end of the line. At most kMostAccessLineBytes, of printable text
/// only.
void AppendAccessLine(const KeptRequest& request, std::string& text);

inline constexpr std::size_t kMostAccessLineBytes = 8 * 1024;

}  // namespace slipway::monitor
