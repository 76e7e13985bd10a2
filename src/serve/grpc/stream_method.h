#pragma once

#include "serve/grpc/message_frame.h"

namespace slipway::serve::grpc {

class GrpcStream;

/// What a streaming method makes of one call; all calls on its loop's thread. Belongs to the stream
/// that it is given, and answers through it.
class StreamMethod {
 public:
  virtual ~StreamMethod() = default;

  /// True: Take() may be given one more message now. The others wait, and then the client does.
  virtual bool MayTake(const GrpcStream& stream) const = 0;
  /// The next message. An error that ends the call is told by GrpcStream::End().
  virtual void Take(GrpcStream& stream, InboundMessage message) = 0;
  /// Sends what is ready, as far as there is room. Comes whenever something may have changed.
  virtual void Flush(GrpcStream& stream) = 0;
  /// True: everything that was taken is answered, so that the call may end when the client has sent
  /// all, or when the server drains.
  virtual bool IsDone(const GrpcStream& stream) const = 0;
};

}  // namespace slipway::serve::grpc
