#include "net/http/chunk_decoder.h"

#include <algorithm>

namespace slipway::net {
namespace {

constexpr unsigned kMostDigits = 16;

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

std::string_view ChunkDecoder::Take(std::string_view& input) {
  while (!input.empty() && state_ != State::kComplete && state_ != State::kRefused) {
    if (state_ == State::kData) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      const std::string_view data = input.substr(0, count);
      input.remove_prefix(count);
      left_ -= count;
      if (left_ == 0) state_ = State::kDataReturn;
      return data;
    }
    state_ = Next(input.front());
    input.remove_prefix(1);
  }
  return {};
}

ChunkDecoder::State ChunkDecoder::Next(char c) {
  switch (state_) {
    case State::kSize:
      return AfterSizeDigit(c);
    case State::kExtension:
      return InExtension(c);
    case State::kSizeFeed:
      return c == '\n' ? AfterSizeLine() : Refuse(400, "a chunk size line does not end in CR LF");
    case State::kDataReturn:
      return c == '\r' ? State::kDataFeed : Refuse(400, "a chunk is longer than its size says");
    case State::kDataFeed:
      return c == '\n' ? State::kSize : Refuse(400, "a chunk does not end in CR LF");
    case State::kTrailerStart:
      return c == '\r' ? State::kLastFeed : InTrailer(c);
    case State::kTrailer:
      return InTrailer(c);
    case State::kTrailerFeed:
      return c == '\n' ? State::kTrailerStart : Refuse(400, "a trailer does not end in CR LF");
    case State::kLastFeed:
      return c == '\n' ? State::kComplete : Refuse(400, "the chunked body does not end in CR LF");
    case State::kData:
    case State::kComplete:
    case State::kRefused:
      break;
  }
  return state_;
}

ChunkDecoder::State ChunkDecoder::AfterSizeDigit(char c) {
  if (const std::optional<unsigned> digit = HexDigit(c)) {
    if (++digits_ > kMostDigits) return Refuse(400, "a chunk size has more than 16 digits");
    left_ = left_ * 16 + *digit;
    return State::kSize;
  }
  if (digits_ == 0 || (c != ';' && c != '\r'))
    return Refuse(400, "a chunk size is not a hexadecimal number");
  return c == ';' ? InExtension(c) : State::kSizeFeed;
}

ChunkDecoder::State ChunkDecoder::InExtension(char c) {
  if (c == '\r') return State::kSizeFeed;
  if (IsControl(c)) return Refuse(400, "a chunk extension holds a control character");
  if (extension_bytes_left_ == 0) return Refuse(400, "the chunk extensions are too long");
  --extension_bytes_left_;
  return State::kExtension;
}

ChunkDecoder::State ChunkDecoder::AfterSizeLine() {
  digits_ = 0;
  return left_ == 0 ? State::kTrailerStart : State::kData;
}

ChunkDecoder::State ChunkDecoder::InTrailer(char c) {
  if (c == '\r') return State::kTrailerFeed;
  if (IsControl(c)) return Refuse(400, "a trailer holds a control character");
  if (trailer_bytes_left_ == 0) return Refuse(431, "the trailers are too large");
  --trailer_bytes_left_;
  return State::kTrailer;
}

ChunkDecoder::State ChunkDecoder::Refuse(int status, std::string_view message) {
  refusal_ = Refusal{status, std::string(message)};
  return State::kRefused;
}

}  // namespace slipway::net
