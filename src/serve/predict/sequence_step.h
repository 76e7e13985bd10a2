#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace slipway::serve {

/// How a client names a sequence. A number is never equal to a text.
using SequenceId = std::variant<std::uint64_t, std::string>;

/// Where a request stands in a sequence.
struct SequenceStep {
  SequenceId id;  ///< 0 and "": in none
  bool is_start = false;
  bool is_end = false;

  bool IsInSequence() const {
    const auto* number = std::get_if<std::uint64_t>(&id);
    return number != nullptr ? *number != 0 : !std::get<std::string>(id).empty();
  }
};

/// "7", or the text in quotes: for messages.
std::string ToString(const SequenceId& id);

}  // namespace slipway::serve
