#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "net/http/body_receiver.h"

namespace {

using slipway::net::BodyReceiver;
using slipway::net::ContentCoding;

constexpr std::uint64_t kMost = 4096;

/// The body, or "!" and a status.
std::string Receive(ContentCoding coding, std::span<const std::byte> bytes, std::size_t piece) {
  const auto memory = std::make_shared<slipway::net::BodyMemory>(1 << 20);
  BodyReceiver receiver({.max_bytes = kMost, .aligned_offset = 5, .coding = coding}, memory);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    if (const auto refusal = receiver.Append(part)) return "!" + std::to_string(refusal->status);
  }
  if (const auto refusal = receiver.Finish()) return "!" + std::to_string(refusal->status);
  const auto body = receiver.Take();
  if (body.size() > kMost || memory->used() != body.size()) std::abort();
  return {reinterpret_cast<const char*>(body.bytes().data()), body.size()};
}

}  // namespace

/// A compressed body in any pieces is the same bytes, within the bound.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kDeflate}) {
    const std::string whole = Receive(coding, bytes, size);
    const std::string cut = Receive(coding, bytes, 1);
    // A stream that is both damaged and too large may be refused for either.
    if (whole != cut && (!whole.starts_with('!') || !cut.starts_with('!'))) std::abort();
  }
  return 0;
}
