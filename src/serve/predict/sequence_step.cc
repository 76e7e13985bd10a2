#include "serve/predict/sequence_step.h"

#include <fmt/format.h>

#include "base/log.h"

namespace slipway::serve {

std::string ToString(const SequenceId& id) {
  if (const auto* number = std::get_if<std::uint64_t>(&id)) return std::to_string(*number);
  return fmt::format("\"{}\"", Printable(std::get<std::string>(id), 128));
}

}  // namespace slipway::serve
