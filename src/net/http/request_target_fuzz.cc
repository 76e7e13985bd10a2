#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "net/http/request_target.h"

/// A target that is taken has segments that are names: no slash, nothing invisible, no way up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decoded = slipway::net::PercentDecode(text);
  if (decoded && decoded->size() > size) std::abort();
  slipway::net::HeadMemory memory;
  const auto target = slipway::net::ParseRequestTarget(text, memory);
  if (!target.ok()) return 0;
  for (const std::string_view segment : target->segments) {
    if (segment == "." || segment == ".." || !slipway::IsUtf8(segment)) std::abort();
    for (const char c : segment) {
      if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20) std::abort();
    }
  }
  return 0;
}
