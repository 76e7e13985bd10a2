#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "graph/text.h"

/// Any text is refused or a model; what a model prints is read as the same model.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::graph;
  const auto model = ParseText({reinterpret_cast<const char*>(data), size});
  if (!model.ok()) return 0;
  constexpr TextOptions kEverything{.max_elements = std::numeric_limits<std::size_t>::max()};
  const std::string text = PrintText(*model, kEverything);
  const auto again = ParseText(text);
  if (!again.ok() || PrintText(*again, kEverything) != text) std::abort();
  return 0;
}
