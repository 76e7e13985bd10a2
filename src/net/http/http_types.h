#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/http/head_memory.h"
#include "net/socket/certificate_names.h"

namespace slipway::net {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };
std::string_view MethodName(Method method);
/// kOther for one that no route has. Case matters.
Method MethodNamed(std::string_view text);

/// A header that owns its text, as clients of ours hold them.
using Header = std::pair<std::string, std::string>;

/// A header of a request: views of its head's memory. The value is as received: never decoded.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// Whom a connection is from.
struct Peer {
  std::string address;                                  ///< "127.0.0.1:41234"
  std::uint64_t network = 0;                            ///< SocketAddress::Network()
  std::shared_ptr<const CertificateNames> certificate;  ///< absent: it showed none
};

/// The head of a request, checked against the rules of RFC 9112 and the limits before anybody sees
/// it. All texts are views of `memory`: valid as long as this, wherever it is moved to. Move-only.
struct RequestHead {
  Method method = Method::kOther;
  std::string_view method_text;  ///< as sent
  std::string_view target;       ///< as sent: "/v2/models/a%2Eb/infer?x=1"
  /// The path split at '/', each percent-decoded once; one trailing '/' is dropped.
  std::span<const std::string_view> segments;
  std::string_view query;                       ///< after '?', as sent
  std::span<const HeaderView> headers;          ///< added by AddHeader()
  unsigned version_major = 1;                   ///< 2: HTTP/2, whose :authority is header "Host"
  unsigned version_minor = 1;                   ///< HTTP/1.minor
  std::optional<std::uint64_t> content_length;  ///< absent: chunked, or no body
  bool chunked = false;
  std::string_view peer;      ///< "127.0.0.1:41234"
  std::uint64_t network = 0;  ///< Peer's
  /// Peer's, or null; valid in HttpService::Plan().
  const CertificateNames* certificate = nullptr;
  std::shared_ptr<void> note;  ///< BodyPlan's, from then on until there is an answer
  HeadMemory memory;

  /// Adds a header whose texts lie in `memory`.
  void AddHeader(std::string_view name, std::string_view value);
  /// The value of the first header of that name, in any case; nullptr if absent, which costs a look
  /// at one word nearly always.
  const std::string_view* Find(std::string_view name) const {
    return (names_ & NameBit(name)) == 0 ? nullptr : Search(name);
  }
  /// True if the header occurs more than once.
  bool Repeated(std::string_view name) const {
    return (repeated_ & NameBit(name)) != 0 && Count(name) > 1;
  }

 private:
  /// A name's place in a set of 64, the same in any case. Different names may share one.
  static constexpr std::uint64_t NameBit(std::string_view name) {
    constexpr auto folded = [](char c) { return static_cast<unsigned char>(c) | 0x20U; };
    if (name.empty()) return 1;
    const std::size_t place = name.size() * 5 + folded(name.front()) + folded(name.back()) * 3;
    return std::uint64_t{1} << (place % 64);
  }
  const std::string_view* Search(std::string_view name) const;
  std::size_t Count(std::string_view name) const;

  std::uint64_t names_ = 0;     ///< places of the names that occur
  std::uint64_t repeated_ = 0;  ///< places that more than one header has
  std::span<HeaderView> room_;  ///< in memory; `headers` is its front
};

/// A part of an answer's body: bytes and what keeps them alive while the socket takes them. No copy
/// is made.
struct BodyPart {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> keeper;

  static BodyPart Of(std::string text);
};

/// A header of an answer. The name is a literal, or lives as long as the service.
using ResponseHeader = std::pair<std::string_view, std::string>;

/// An answer. Its body is `text` and behind it the `parts`.
struct Response {
  int status = 200;
  std::string_view content_type;  ///< a literal, or lives as long as the service; empty: none
  /// The others, without Content-Length, Connection and Date, which the server writes, and without
  /// Vary where may_compress says it.
  std::vector<ResponseHeader> headers;
  std::string text;
  std::vector<BodyPart> parts;
  /// Sent after the body, on HTTP/2 only (gRPC's status travels so; an answer with trailers says no
  /// Content-Length). HTTP/1.1 sends none: whoever must be understood there says it in the body.
  std::vector<ResponseHeader> trailers;
  bool close = false;  ///< close the connection after this answer
  /// The body may be compressed if the client accepts that and it is worth it (content_coding.h).
  /// Said to caches as "Vary: Accept-Encoding".
  bool may_compress = false;

  static Response Text(int status, std::string_view content_type, std::string text);

  std::uint64_t BodyBytes() const;
  /// The whole body in parts that keep themselves alive; afterwards it is empty.
  std::vector<BodyPart> TakeBody();
  /// Calls `visit(name, value)` for the content type, the headers and Vary.
  template <class Visit>
  void VisitHeaders(Visit&& visit) const {
    if (!content_type.empty()) visit(std::string_view("Content-Type"), content_type);
    for (const auto& [name, value] : headers) visit(name, std::string_view(value));
    if (may_compress) visit(std::string_view("Vary"), std::string_view("Accept-Encoding"));
  }
};

class StreamHandler;  // stream_exchange.h

/// What the first bytes of a body tell of the whole.
struct BodyForecast {
  std::uint64_t bytes = 0;                    ///< how many there will be; 0: not told
  std::optional<std::size_t> aligned_offset;  ///< as BodyPlan's, where that is known only now
};

/// What to do with a request whose head has arrived and whose body has not.
struct BodyPlan {
  std::uint64_t max_bytes =
      64 * 1024 *
      1024;  ///< 413 beyond, before reading where the length is told; after decompression too
  /// Offset in the body that shall lie on a 64-byte boundary: where the binary part of a request
  /// starts.
  std::size_t aligned_offset = 0;
  /// Asked once, with what comes first of a body whose length the head does not tell and which is
  /// not compressed; null: the body tells nothing. A forecast that fails costs time only.
  BodyForecast (*forecast)(std::span<const std::byte> first) = nullptr;
  std::optional<Response> reject;  ///< answer this at once; the body is not read
  /// True: `reject` does not wait for a small body to be over, since the client listens while it
  /// sends (HTTP/2).
  bool client_listens = false;
  /// True: may be worked on beside the pipelined requests before and behind it that say so too.
  /// Otherwise it waits for the answers before it, and those behind wait for its own. Answers leave
  /// in the order of the requests either way.
  bool may_overlap = false;
  /// What the service wishes to know again when it serves this: kept in the request's head, and
  /// dropped when the request is answered or lost, whichever comes first. Not for a `stream`, which
  /// can keep it itself.
  std::shared_ptr<void> note;
  /// Present: takes the body piece by piece and answers so; Serve() is not called, and max_bytes
  /// does not hold. For HTTP/2 only (`version_major`); HTTP/1.1 ignores it.
  std::shared_ptr<StreamHandler> stream;
};

/// One request and its one answer. Shared between the connection and whoever works on it; Send()
/// may be called from any thread, exactly once; a connection that is gone ignores it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const RequestHead& head() const = 0;
  /// The whole body, decompressed; at least 64 readable bytes follow it (zeros). Valid as long as
  /// the exchange lives.
  virtual std::span<const std::byte> body() const = 0;
  virtual void Send(Response response) = 0;
  /// True once the client has gone: work for it may be dropped.
  virtual bool Abandoned() const = 0;
  virtual MonotonicTime received() const = 0;  ///< when the head was complete
  /// Number of the event loop that serves it, from 0.
  virtual unsigned loop() const = 0;
  /// Runs `task` on this connection's event loop, soon. For finishing work that another thread did.
  virtual void Post(std::function<void()> task) = 0;
};

/// What a server serves. All calls come on event-loop threads and must not block. Those of one loop
/// come on one thread, in rounds: requests that have arrived together are served one after the
/// other, and their answers leave when the round ends.
class HttpService {
 public:
  virtual ~HttpService() = default;
  virtual BodyPlan Plan(const RequestHead& head) = 0;
  virtual void Serve(std::shared_ptr<Exchange> exchange) = 0;
  /// A round of the loop of that number ends: what Serve() or a task of Exchange::Post() put off,
  /// in order to do it for several requests at once, is due. `rejected`: requests that Plan()
  /// rejected in it, a long body counted as several. Returns how long the loop shall rest when the
  /// answers are written: who works behind it gets the core; at most EventLoop::kLongestRest at a
  /// time.
  virtual std::chrono::nanoseconds FinishRound(unsigned /*loop*/, unsigned /*rejected*/) {
    return {};
  }
  /// The body of an error that the server itself finds (400, 408, 413, 431, ...), so that every
  /// protocol's error looks its own.
  virtual Response ErrorResponse(int status, std::string_view message, const RequestHead* head) = 0;
};

}  // namespace slipway::net
