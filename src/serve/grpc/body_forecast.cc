#include "serve/grpc/body_forecast.h"

#include "base/wire_reader.h"
#include "serve/grpc/message_frame.h"

namespace slipway::serve::grpc {
namespace {

/// The tag of ModelInferRequest.raw_input_contents: field 7, a length before its bytes.
constexpr std::byte kRawTag{7 << 3 | 2};
constexpr std::byte kMoreOfVarint{0x80};

/// How many of the bytes are whole fields before the first raw tensor.
std::size_t BytesBeforeRaw(std::span<const std::byte> message) {
  std::size_t bytes = 0;
  WireReader reader(message);
  for (WireField field; reader.Next(field) && field.whole[0] != kRawTag;)
    bytes += field.whole.size();
  return bytes;
}

}  // namespace

net::BodyForecast ForecastMessage(std::span<const std::byte> first) {
  if (first.size() < kPrefixBytes) return {};
  return {.bytes = kPrefixBytes + AnnouncedBytes(first), .aligned_offset = {}};
}

net::BodyForecast ForecastInfer(std::span<const std::byte> first) {
  net::BodyForecast forecast = ForecastMessage(first);
  if (first.size() <= kPrefixBytes) return forecast;
  std::size_t offset = kPrefixBytes + BytesBeforeRaw(first.subspan(kPrefixBytes));
  if (offset == first.size() || first[offset] != kRawTag) return forecast;
  do {
    if (++offset == first.size()) return forecast;
  } while ((first[offset] & kMoreOfVarint) != std::byte{0});
  forecast.aligned_offset = offset + 1;
  return forecast;
}

}  // namespace slipway::serve::grpc
