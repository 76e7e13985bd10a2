#include "serve/grpc/grpc_status.h"

#include <array>
#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "serve/grpc/message_frame.h"
#include "serve/predict/error_text.h"

namespace slipway::serve::grpc {
namespace {

/// Clients take 8 KiB of metadata, and a byte may become three.
constexpr std::size_t kMaxTextBytes = 2048;
constexpr std::chrono::seconds kAskAgain{1};

struct HttpMeaning {
  int http_status;
  Code code;
  ErrorNumber number;
};
constexpr std::array kMeanings = {
    HttpMeaning{400, Code::kInvalidArgument, errors::kRequestFieldInvalid},
    HttpMeaning{405, Code::kUnimplemented, errors::kMethodNotAllowed},
    HttpMeaning{408, Code::kDeadlineExceeded, errors::kRequestTimeout},
    HttpMeaning{413, Code::kResourceExhausted, errors::kBodyTooLarge},
    HttpMeaning{414, Code::kUnimplemented, errors::kUriTooLong},
    HttpMeaning{415, Code::kUnimplemented, errors::kUnsupportedMediaType},
    HttpMeaning{417, Code::kInvalidArgument, errors::kExpectationFailed},
    HttpMeaning{431, Code::kResourceExhausted, errors::kHeadersTooLarge},
    HttpMeaning{501, Code::kUnimplemented, ErrorNumber::kNone},
    HttpMeaning{503, Code::kUnavailable, errors::kQueueFull},
};

std::string_view Cut(std::string_view text) {
  if (text.size() <= kMaxTextBytes) return text;
  std::size_t end = kMaxTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

net::Response ErrorAnswer(const Status& status, std::chrono::nanoseconds retry_after) {
  net::Response answer;
  answer.content_type = "application/grpc";
  answer.headers = {{"grpc-status", std::to_string(static_cast<int>(status.code()))},
                    {"grpc-message", PercentEncoded(Cut(ErrorText(status)))}};
  if (FindError(status.number()) != nullptr)
    answer.headers.emplace_back("slipway-error", ErrorName(status.number()));
  if (retry_after.count() == 0 && status.code() == Code::kUnavailable) retry_after = kAskAgain;
  if (retry_after.count() > 0) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(retry_after);
    answer.headers.emplace_back("grpc-retry-pushback-ms", std::to_string(wait.count()));
  }
  if (status.code() == Code::kUnimplemented)
    answer.headers.emplace_back("grpc-accept-encoding", kMessageEncodings);
  return answer;
}

Status StatusOfHttp(int http_status, std::string_view message) {
  for (const HttpMeaning& meaning : kMeanings) {
    if (meaning.http_status == http_status)
      return Status(meaning.code, std::string(message)).With(meaning.number);
  }
  return Status(http_status < 500 ? Code::kInvalidArgument : Code::kInternal, std::string(message));
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '%') {
      encoded += c;
      continue;
    }
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0xFU];
  }
  return encoded;
}

}  // namespace slipway::serve::grpc
