#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/http/http_types.h"

namespace slipway::net {

/// An answer to a request, whole.
struct HttpAnswer {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  std::vector<Header> trailers = {};  ///< of HTTP/2; those of chunked bodies are dropped

  /// The first header of that name, nullptr if absent. Names compare without case.
  const std::string* Find(std::string_view name) const;
};

struct AnswerLimits {
  std::size_t head_bytes = 64 * 1024;
  std::uint64_t body_bytes = 256 * 1024 * 1024;
};

/// Reads one HTTP/1.x answer after another from a stream of bytes, cut anywhere: Content-Length,
/// chunked, or up to the end of the connection; interim answers (1xx) are passed over. Requests are
/// not pipelined, so bytes behind an answer are an error. Not thread-safe.
class AnswerParser {
 public:
  struct Options {
    AnswerLimits limits;
    bool status_only = false;   ///< headers and body are read and dropped: for load generators
    bool answers_head = false;  ///< the request was HEAD: the answer has no body
  };

  AnswerParser();
  explicit AnswerParser(const Options& options);
  AnswerParser(AnswerParser&&) noexcept;
  AnswerParser& operator=(AnswerParser&&) noexcept;
  ~AnswerParser();

  /// Takes bytes; true once the answer is complete. DataLoss: not HTTP, or bytes behind the answer.
  /// ResourceExhausted: beyond the limits. After an error only destruction is allowed.
  Result<bool> Feed(std::string_view bytes);
  /// The connection ended. DataLoss: in the middle of an answer.
  Status End();

  bool started() const;  ///< a byte of the answer has come
  /// Precondition for these: complete.
  bool KeepsConnection() const;  ///< the connection may carry the next request
  HttpAnswer Take();             ///< the answer; the parser is then ready for the next one

 private:
  class Message;

  Options options_;
  std::unique_ptr<Message> message_;
  std::string pending_;  ///< bytes that do not make a whole head or chunk head yet
  bool started_ = false;
  unsigned interim_ = 0;
};

}  // namespace slipway::net
