#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/http/decimal.h"
#include "serve/http/decimal_short.h"
#include "serve/http/padded_text.h"

namespace {

template <class T, class Bits>
void Compare(std::string_view text) {
  const char* const end = text.data() + text.size();
  T quick{};
  T slow{};
  const char* const quick_end = slipway::serve::decimal::Read(text.data(), end, quick);
  const char* const slow_end = slipway::serve::ReadDecimalSlowly(text.data(), end, slow);
  // A number that touches the end of the text goes on into the padding for one of the two.
  if (quick_end != nullptr && quick_end >= end) return;
  if (slow_end != nullptr && slow_end >= end) return;
  if (quick_end != slow_end) std::abort();
  if (quick_end != nullptr && std::bit_cast<Bits>(quick) != std::bit_cast<Bits>(slow)) std::abort();
}

}  // namespace

/// The digit path of our own against std::from_chars.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const slipway::serve::PaddedText text(
      std::string_view(reinterpret_cast<const char*>(data), size));
  Compare<float, std::uint32_t>(text.text());
  Compare<double, std::uint64_t>(text.text());
  return 0;
}
