#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "net/client/answer_parser.h"
#include "net/client/http_client.h"
#include "net/client/http_url.h"
#include "net/http/output_queue.h"

namespace slipway::net {

/// A connection of HTTP/2 from its client's side, without its socket: bytes in, bytes out, one
/// request at a time. What a server does beside answering (SETTINGS, PING, windows) is answered
/// within the bounds of the library; pushes are refused. For one thread.
class Http2ClientSession {
 public:
  /// The window of an answer, and of the connection: a server sends so much unasked.
  static constexpr std::int32_t kWindow = 16 << 20;

  enum class State : std::uint8_t {
    kIdle,      ///< no request yet
    kUnderWay,  ///< the request that was begun last is not over
    kAnswered,  ///< Take() has its answer, whole
    kRefused,   ///< the server says that it did not begin it: REFUSED_STREAM, or a GOAWAY before it
    kReset,     ///< the server broke it off, having begun it or not
  };

  explicit Http2ClientSession(const AnswerLimits& limits);
  Http2ClientSession(const Http2ClientSession&) = delete;
  Http2ClientSession& operator=(const Http2ClientSession&) = delete;
  ~Http2ClientSession();

  /// True unless a request is under way, the server said that it takes no more, or there was a
  /// failure.
  bool MayBegin() const;
  /// Precondition: MayBegin(). The body is not copied: it lives until the request is over and
  /// output() is empty, or until this is gone.
  void Begin(const ClientRequest& request, const HttpUrl& server);
  State state() const;
  std::uint32_t reset_code() const;  ///< of kReset: RFC 9113, section 7
  HttpAnswer Take();                 ///< once, in kAnswered

  /// Takes bytes from the server.
  void Feed(std::string_view bytes);
  /// Writes what there is to say into output(), as far as that is not full.
  void Write();
  OutputQueue& output();
  /// A request that is over may not have been sent whole: the rest of it is dropped, and the server
  /// is told.
  void DropRest();

  /// DataLoss: what came is not HTTP/2, or no answer. ResourceExhausted: an answer beyond the
  /// limits. Then the connection is of no use any more.
  const Status& failure() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway::net
