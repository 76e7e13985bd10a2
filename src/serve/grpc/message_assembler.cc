#include "serve/grpc/message_assembler.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::size_t kFirstRoom = 4096;

Status NoMemory() {
  return Unavailable("the server holds as many messages as it may; try again")
      .With(errors::kQueueFull);
}

}  // namespace

Status MessageAssembler::Append(std::span<const std::byte> bytes,
                                const std::shared_ptr<net::BodyMemory>& memory) {
  if (!status_.ok()) return status_;
  memory_ = memory;
  status_ = Assemble(bytes);
  if (status_.ok() && !bytes.empty()) status_ = Keep(bytes);
  return status_;
}

/// As far as the end of one message.
Status MessageAssembler::Assemble(std::span<const std::byte>& bytes) {
  while (!whole_ && !bytes.empty()) {
    if (prefix_size_ < kPrefixBytes) {
      const std::size_t count = std::min(bytes.size(), kPrefixBytes - prefix_size_);
      std::ranges::copy(bytes.first(count), prefix_.begin() + prefix_size_);
      prefix_size_ += count;
      consumed_ += count;
      bytes = bytes.subspan(count);
      if (prefix_size_ < kPrefixBytes) return {};
      SLIPWAY_RETURN_IF_ERROR(Begin());
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), missing_));
    if (message_->Append(bytes.first(count))) return NoMemory();
    missing_ -= count;
    consumed_ += count;
    bytes = bytes.subspan(count);
    if (missing_ > 0) continue;
    message_->Finish();
    whole_ = message_->Take();
    prefix_size_ = 0;
  }
  return {};
}

Status MessageAssembler::Begin() {
  SLIPWAY_TRY(missing_, LengthInPrefix(prefix_, options_.encoding, options_.max_bytes));
  message_.emplace(net::BodyReceiver::Options{.max_bytes = kPrefixBytes + missing_,
                                              .aligned_offset = kPrefixBytes,
                                              .coding = net::ContentCoding::kIdentity,
                                              .content_length = std::nullopt},
                   memory_);
  return message_->Append(prefix_) ? NoMemory() : Status();
}

Status MessageAssembler::Keep(std::span<const std::byte> bytes) {
  const std::size_t wanted = behind_.size() + bytes.size();
  if (behind_.capacity() == 0) behind_ = net::BodyBuffer(memory_, 0);
  if (wanted > behind_.capacity() &&
      !behind_.Reserve(std::max({wanted, 2 * behind_.capacity(), kFirstRoom})))
    return NoMemory();
  std::memcpy(behind_.room().data(), bytes.data(), bytes.size());
  return behind_.Commit(bytes.size()) ? Status() : NoMemory();
}

Result<InboundMessage> MessageAssembler::Take() {
  const auto keeper = std::make_shared<net::BodyBuffer>(std::move(*whole_));
  whole_.reset();
  std::span<const std::byte> rest = behind_.bytes().subspan(behind_taken_);
  const std::size_t before = rest.size();
  if (status_.ok()) status_ = Assemble(rest);
  behind_taken_ += before - rest.size();
  if (rest.empty()) {
    behind_ = {};
    behind_taken_ = 0;
  }
  std::span<const std::byte> framed = keeper->bytes();
  SLIPWAY_TRY(InboundMessage message, TakeMessage(framed, options_.encoding, options_.max_bytes));
  if (message.keeper == nullptr) message.keeper = keeper;
  return message;
}

}  // namespace slipway::serve::grpc
