#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "serve/grpc/message_assembler.h"

namespace {

using slipway::serve::grpc::InboundMessage;
using slipway::serve::grpc::MessageAssembler;

constexpr std::uint64_t kMostBytes = 4096;

/// Every message that comes out, and why nothing more does.
std::string Read(std::span<const std::byte> bytes, slipway::net::ContentCoding encoding,
                 std::size_t piece) {
  const auto memory = std::make_shared<slipway::net::BodyMemory>(1 << 20);
  std::string all;
  {
    MessageAssembler assembler({.encoding = encoding, .max_bytes = kMostBytes});
    for (bool ok = true; ok && !bytes.empty();) {
      const std::size_t count = std::min(piece, bytes.size());
      ok = assembler.Append(bytes.first(count), memory).ok();
      bytes = bytes.subspan(count);
      while (ok && assembler.HasMessage()) {
        const slipway::Result<InboundMessage> message = assembler.Take();
        ok = message.ok();
        if (!ok) return all + message.status().ToString();
        if (message->bytes.size() > kMostBytes) std::abort();
        all.append(std::to_string(message->bytes.size())).append(":");
        all.append(reinterpret_cast<const char*>(message->bytes.data()), message->bytes.size());
      }
    }
    all += assembler.status().ToString();
  }
  if (memory->used() != 0) std::abort();
  return all;
}

}  // namespace

/// However a streamed body is cut, it is the same messages. The first byte chooses the encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto encoding = data[0] % 2 == 0 ? slipway::net::ContentCoding::kIdentity
                                         : slipway::net::ContentCoding::kGzip;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const std::string whole = Read(bytes, encoding, std::max<std::size_t>(bytes.size(), 1));
  for (const std::size_t piece : {1, 3, 64}) {
    if (Read(bytes, encoding, piece) != whole) std::abort();
  }
  return 0;
}
