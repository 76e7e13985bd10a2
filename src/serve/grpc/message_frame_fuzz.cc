#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "serve/grpc/message_frame.h"

/// A body of framed messages; the first byte is how they are compressed. What is taken stays within
/// the limit, and every step takes something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kLimit = 64 * 1024;
  if (size == 0) return 0;
  const auto coding = static_cast<slipway::net::ContentCoding>(data[0] % 3);
  const std::span<const std::byte> body = std::as_bytes(std::span(data + 1, size - 1));
  (void)slipway::serve::grpc::TakeOnlyMessage(body, coding, kLimit);
  std::span<const std::byte> rest = body;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    const auto message = slipway::serve::grpc::TakeMessage(rest, coding, kLimit);
    if (!message.ok()) return 0;
    if (message->bytes.size() > kLimit || rest.size() >= before) std::abort();
  }
  return 0;
}
