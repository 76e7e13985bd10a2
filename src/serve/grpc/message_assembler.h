#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/status.h"
#include "net/http/body_buffer.h"
#include "net/http/body_receiver.h"
#include "serve/grpc/message_frame.h"

namespace slipway::serve::grpc {

/// Puts the messages of a streamed body together out of the pieces it comes in. One message at a
/// time is copied to where it stays, its bytes aligned; while it waits to be taken, what follows
/// waits as it came. Everything counts against the memory of all bodies; nothing is allocated from
/// what a prefix announces. Not thread-safe.
class MessageAssembler {
 public:
  struct Options {
    net::ContentCoding encoding = net::ContentCoding::kIdentity;
    std::uint64_t max_bytes = 0;  ///< of one message, before and after decompression
  };
  explicit MessageAssembler(const Options& options) : options_(options) {}

  /// Takes all of them. As TakeMessage(); Unavailable (kQueueFull): no memory. After a failure
  /// nothing more is taken, and the failure stays.
  Status Append(std::span<const std::byte> bytes, const std::shared_ptr<net::BodyMemory>& memory);
  /// True: Take() has a message.
  bool HasMessage() const { return whole_.has_value(); }
  /// True: a message has begun, and the rest of it has not come.
  bool IsWithinMessage() const { return !whole_ && prefix_size_ > 0; }
  /// The next message. As TakeMessage() where it is compressed. Only if HasMessage().
  Result<InboundMessage> Take();
  /// How many bytes have gone into messages since the last call: they do not wait any more.
  std::size_t TakeConsumed() { return std::exchange(consumed_, 0); }
  const Status& status() const { return status_; }

 private:
  Status Assemble(std::span<const std::byte>& bytes);
  Status Begin();
  Status Keep(std::span<const std::byte> bytes);

  const Options options_;
  Status status_;
  std::shared_ptr<net::BodyMemory> memory_;
  std::array<std::byte, kPrefixBytes> prefix_{};
  std::size_t prefix_size_ = 0;
  std::uint64_t missing_ = 0;                 ///< of the message that has begun
  std::optional<net::BodyReceiver> message_;  ///< prefix included
  std::optional<net::BodyBuffer> whole_;      ///< waits for Take()
  net::BodyBuffer behind_;                    ///< what came after it
  std::size_t behind_taken_ = 0;
  std::size_t consumed_ = 0;
};

}  // namespace slipway::serve::grpc
