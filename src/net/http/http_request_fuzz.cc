#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "net/http/request_reader.h"

namespace {

using slipway::net::RequestReader;

/// Small bounds, so that short inputs reach them.
slipway::net::HttpLimits Limits() {
  slipway::net::HttpLimits limits;
  limits.request_line_bytes = 64;
  limits.header_bytes = 128;
  limits.header_count = 6;
  limits.chunk_extension_bytes = 16;
  return limits;
}

/// Everything the bytes are taken for, and whether they are refused in the end.
std::string Read(std::string_view bytes, std::size_t piece) {
  static const slipway::net::HttpLimits limits = Limits();
  const auto memory = std::make_shared<slipway::net::BodyMemory>(4096);
  std::string all;
  {
    RequestReader reader(limits, {.address = "peer"}, memory);
    while (!bytes.empty()) {
      std::string_view input = bytes.substr(0, piece);
      bytes.remove_prefix(input.size());
      for (;;) {
        const RequestReader::Event event = reader.Feed(input);
        if (event == RequestReader::Event::kNeedMore) break;
        if (event == RequestReader::Event::kRefused) return all + "refused";
        if (event == RequestReader::Event::kHead &&
            reader.AcceptBody({.max_bytes = 256, .aligned_offset = 3}))
          return all + "refused";
        if (event != RequestReader::Event::kRequest) continue;
        const RequestReader::Request request = reader.Take();
        const auto body = request.body.bytes();
        if (body.size() > 256 || request.head.headers.size() > limits.header_count) std::abort();
        all.append(request.head.method_text).append(" ").append(request.head.target);
        for (const std::string_view segment : request.head.segments)
          all.append("\n/").append(segment);
        for (const auto& [name, value] : request.head.headers)
          all.append("\n").append(name).append(": ").append(value);
        all.append("\n").append(reinterpret_cast<const char*>(body.data()), body.size());
      }
    }
  }
  if (memory->used() != 0) std::abort();
  return all;
}

}  // namespace

/// However the bytes of a connection are cut, they are the same requests, within the bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Read(bytes, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {1, 2, 3, 7, 64}) {
    if (Read(bytes, piece) != whole) std::abort();
  }
  return 0;
}
