#include "serve/grpc/body_forecast.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/wire_reader.h"
#include "serve/grpc/message_frame.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::byte TagOf(unsigned field) { return std::byte(field << 3 | 2); }

/// ModelInferRequest.raw_input_contents.
constexpr std::byte kRawPath[] = {TagOf(7)};
/// PredictRequest.inputs, the value of its entry, TensorProto.tensor_content.
constexpr std::byte kContentPath[] = {TagOf(2), TagOf(2), TagOf(4)};

/// How many of the bytes are whole fields before the first one of that tag.
std::size_t BytesBefore(std::span<const std::byte> message, std::byte tag) {
  std::size_t bytes = 0;
  WireReader reader(message);
  for (WireField field; reader.Next(field) && field.whole[0] != tag;) bytes += field.whole.size();
  return bytes;
}

/// Takes a varint from the front; nullopt: it has not come, or is none.
std::optional<std::uint64_t> TakeVarint(std::span<const std::byte>& bytes) {
  constexpr int kMostBits = 63;
  std::uint64_t value = 0;
  for (int shift = 0; shift <= kMostBits && !bytes.empty(); shift += 7) {
    const auto next = std::to_integer<std::uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    value |= (next & 0x7F) << shift;
    if ((next & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// Where the bytes begin that fields within fields lead to, each the first one of its tag.
std::optional<std::size_t> BeginOf(std::span<const std::byte> message,
                                   std::span<const std::byte> path) {
  const std::byte* const begin = message.data();
  for (const std::byte tag : path) {
    message = message.subspan(BytesBefore(message, tag));
    if (message.empty() || message.front() != tag) return std::nullopt;
    message = message.subspan(1);
    const std::optional<std::uint64_t> size = TakeVarint(message);
    if (!size) return std::nullopt;
    message = message.first(std::min<std::uint64_t>(*size, message.size()));
  }
  return message.data() - begin;
}

net::BodyForecast ForecastBytes(std::span<const std::byte> first, std::span<const std::byte> path) {
  net::BodyForecast forecast = ForecastMessage(first);
  if (first.size() <= kPrefixBytes) return forecast;
  forecast.aligned_offset = BeginOf(first.subspan(kPrefixBytes), path);
  if (forecast.aligned_offset) *forecast.aligned_offset += kPrefixBytes;
  return forecast;
}

}  // namespace

net::BodyForecast ForecastMessage(std::span<const std::byte> first) {
  if (first.size() < kPrefixBytes) return {};
  return {.bytes = kPrefixBytes + AnnouncedBytes(first), .aligned_offset = {}};
}

net::BodyForecast ForecastInfer(std::span<const std::byte> first) {
  return ForecastBytes(first, kRawPath);
}

net::BodyForecast ForecastPredict(std::span<const std::byte> first) {
  return ForecastBytes(first, kContentPath);
}

}  // namespace slipway::serve::grpc
