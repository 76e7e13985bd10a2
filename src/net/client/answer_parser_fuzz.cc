#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/client/answer_parser.h"

namespace {

using slipway::net::AnswerParser;
using slipway::net::HttpAnswer;

constexpr slipway::net::AnswerLimits kLimits{.head_bytes = 4096, .body_bytes = 65536};

struct Outcome {
  bool ok = false;
  HttpAnswer answer;
  bool operator==(const Outcome& other) const {
    return ok == other.ok && answer.status == other.answer.status &&
           answer.headers == other.answer.headers && answer.body == other.answer.body;
  }
};

/// The first answer in a connection that brings `bytes` in pieces of `step` and then ends.
Outcome ParseInPieces(std::string_view bytes, std::size_t step) {
  AnswerParser parser({.limits = kLimits});
  while (!bytes.empty()) {
    const auto complete = parser.Feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    if (!complete.ok()) return {};
    if (*complete) return {bytes.empty(), bytes.empty() ? parser.Take() : HttpAnswer()};
  }
  if (!parser.End().ok()) return {};
  return {true, parser.Take()};
}

}  // namespace

/// What a server may send: an answer or an error, the same wherever the stream is cut, and within
/// the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] % 64 + std::size_t{1};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = ParseInPieces(bytes, bytes.size() + 1);
  if (whole.answer.body.size() > kLimits.body_bytes) std::abort();
  if (!(ParseInPieces(bytes, step) == whole)) std::abort();
  return 0;
}
