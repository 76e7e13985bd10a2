#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/http_types.h"

namespace slipway::net {

/// Bytes on their way into a socket: heads and small bodies in one run of text, large bodies where
/// they are, with what keeps them alive. Knows no socket. Keeps its memory between answers.
class OutputQueue {
 public:
  /// What is smaller is copied, which costs less than another vector element and its keeper.
  static constexpr std::size_t kCopyBelow = 2048;

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }

  /// Where text may be appended; TextAppended() counts it.
  std::string& text() { return text_; }
  void TextAppended();
  void Append(BodyPart part);
  void Append(std::string body);

  /// The next bytes to send, in order; returns how many of `vectors` are set. Valid until the next
  /// change.
  std::size_t Gather(std::span<iovec> vectors) const;
  /// `count` bytes were sent.
  void Consume(std::size_t count);

 private:
  struct Piece {
    std::size_t text_begin = 0;  ///< a run of text_, if there is no keeper and no body
    std::size_t size = 0;
    const std::byte* body = nullptr;
    std::shared_ptr<const void> keeper;
  };

  std::string text_;
  std::size_t text_counted_ = 0;
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;   ///< pieces before it are sent
  std::size_t offset_ = 0;  ///< sent bytes of the first piece
  std::size_t bytes_ = 0;
};

}  // namespace slipway::net
