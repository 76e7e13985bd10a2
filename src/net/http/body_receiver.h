#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "net/http/body_buffer.h"
#include "net/http/content_coding.h"
#include "net/http/http_types.h"
#include "net/http/refusal.h"

namespace slipway::net {

/// Gathers one body: takes the bytes between the framing, decompresses them, holds the plan's
/// bounds (413 before and after decompression, 503 for all bodies together).
class BodyReceiver {
 public:
  struct Options {
    std::uint64_t max_bytes = 0;
    std::size_t aligned_offset = 0;
    ContentCoding coding = ContentCoding::kIdentity;
    std::optional<std::uint64_t> content_length;  ///< as sent, compressed
    BodyForecast (*forecast)(std::span<const std::byte> first) = nullptr;
  };
  BodyReceiver(const Options& options, std::shared_ptr<BodyMemory> memory);
  /// Puts a receiver for the body that `head` announces into `receiver`, unless the head alone is
  /// reason to refuse it (413, 415).
  static std::optional<Refusal> Open(const RequestHead& head, const BodyPlan& plan,
                                     std::shared_ptr<BodyMemory> memory,
                                     std::optional<BodyReceiver>& receiver);

  /// Room for bytes that shall be received without a copy; empty where they must go through Append.
  std::span<std::byte> DirectRoom();
  /// Room that is there already, for bytes that come to Append() next: from there they are not
  /// copied. Empty where they are not taken as they are.
  std::span<std::byte> FramedRoom();
  /// `count` bytes of DirectRoom() were written.
  std::optional<Refusal> Commit(std::size_t count);

  std::optional<Refusal> Append(std::span<const std::byte> bytes);
  /// The framing says that the body is complete. Call once.
  std::optional<Refusal> Finish();
  /// After Finish().
  BodyBuffer Take() { return std::move(body_); }

  /// What a body beyond the bound is told.
  Refusal TooLarge() const;

 private:
  std::optional<Refusal> Grow(std::size_t wanted);
  void Foresee(std::span<const std::byte> first);
  std::optional<Refusal> Copy(std::span<const std::byte> bytes);
  std::optional<Refusal> Inflate(std::span<const std::byte> bytes);

  Options options_;
  BodyBuffer body_;
  std::uint64_t foreseen_ = 0;  ///< bytes; 0: nothing is
  std::optional<Inflater> inflater_;
  bool inflated_whole_ = false;
};

}  // namespace slipway::net
