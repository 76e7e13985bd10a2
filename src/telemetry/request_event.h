#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::telemetry {

/// One answered request, as it is told to whoever observes. Texts are views that live during the
/// call; those of clients are as they came: of any length, with any bytes.
struct RequestEvent {
  std::string_view protocol;  ///< the route's: "v2", "grpc"; lives as long as the process
  std::string_view route;     ///< "infer", "ModelInfer"; alike
  std::string_view pattern;   ///< "/v2/models/{model}/infer"; alike; empty: of no route
  std::string_view method;    ///< "POST"; alike
  std::string_view path;      ///< a client's, without its query: that may hold secrets
  std::string_view peer;      ///< "127.0.0.1:41234"
  std::string_view caller;    ///< "key", "anonymous": how it is known; lives as long as the process
  std::string_view caller_id;    ///< of its grant; empty: there is none
  std::string_view request_id;   ///< a client's; empty: none
  std::string_view traceparent;  ///< a client's; empty: none
  std::string tracestate;        ///< a client's, of all its headers; empty: none
  std::string_view model;        ///< as served, or as asked for
  std::int64_t version = 0;      ///< 0: not known
  bool is_grpc = false;
  int code = 0;  ///< HTTP's, or gRPC's
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;  ///< before compression
  std::int64_t batch_rows = 0;  ///< of all requests that shared its run; 0: it had none
  bool is_cached = false;
  std::chrono::nanoseconds queue{0};
  std::chrono::nanoseconds batch{0};
  std::chrono::nanoseconds compute{0};
  std::chrono::nanoseconds encode{0};
  std::chrono::nanoseconds total{0};  ///< from its head to its answer
  unsigned loop = 0;                  ///< the event loop that serves it
  /// Whose address tells it apart from others under way; nullptr: nothing does.
  const void* request = nullptr;
};

/// Hears of every answered request. Thread-safe.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  /// Once for each, by event loops and workers: must not wait, nor keep a view.
  virtual void OnAnswered(const RequestEvent& event) = 0;
};

}  // namespace slipway::telemetry
