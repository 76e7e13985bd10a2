#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http/decimal.h"
#include "serve/http/decimal_run.h"
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

/// The quick way over a list, which must not read what the slow twin refuses or reads otherwise.
template <class T, class Bits>
void CompareList(std::string_view text) {
  const std::string before(16, '9');
  const slipway::serve::PaddedText padded(before + std::string(text));
  const char* at = padded.text().data() + before.size();
  const char* const end = padded.text().data() + padded.text().size();
  std::vector<T> quick(text.size());
  const auto run = slipway::serve::ReadDecimals(at, end, std::span<T>(quick));
  for (const T value : std::span(quick).first(run.elements)) {
    T slow{};
    at = slipway::serve::ReadDecimalSlowly(at, end, slow);
    if (at == nullptr || *at != ',') std::abort();
    if (std::bit_cast<Bits>(value) != std::bit_cast<Bits>(slow)) std::abort();
    at += at[1] == ' ' ? 2 : 1;
  }
  if (at != run.after) std::abort();
}

}  // namespace

/// The digit path of our own against std::from_chars.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const slipway::serve::PaddedText text(
      std::string_view(reinterpret_cast<const char*>(data), size));
  Compare<float, std::uint32_t>(text.text());
  Compare<double, std::uint64_t>(text.text());
  CompareList<float, std::uint32_t>(text.text());
  CompareList<double, std::uint64_t>(text.text());
  return 0;
}
