#include "net/http/body_receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace slipway::net {
namespace {

constexpr std::size_t kFirstCapacity = 4 * 1024;
/// A forecast gets so much room for each byte that came: it is a client's word.
constexpr std::uint64_t kForeseenForAByte = 64;

Refusal NoMemory() { return {503, "the server holds as many request bodies as it may; try again"}; }

}  // namespace

BodyReceiver::BodyReceiver(const Options& options, std::shared_ptr<BodyMemory> memory)
    : options_(options), body_(std::move(memory), options.aligned_offset) {
  if (options_.coding != ContentCoding::kIdentity) inflater_.emplace(options_.coding);
}

std::optional<Refusal> BodyReceiver::Open(const RequestHead& head, const BodyPlan& plan,
                                          std::shared_ptr<BodyMemory> memory,
                                          std::optional<BodyReceiver>& receiver) {
  Options options{.max_bytes = plan.max_bytes,
                  .aligned_offset = plan.aligned_offset,
                  .coding = ContentCoding::kIdentity,
                  .content_length = head.content_length,
                  .forecast = plan.forecast};
  if (const std::string_view* encoding = head.Find("Content-Encoding")) {
    const auto coding = ParseContentEncoding(*encoding);
    if (!coding || head.Repeated("Content-Encoding")) {
      return Refusal{415, "the Content-Encoding of a body may be gzip or deflate, in one layer"};
    }
    options.coding = *coding;
  }
  receiver.emplace(options, std::move(memory));
  if (head.content_length.value_or(0) > plan.max_bytes) return receiver->TooLarge();
  return std::nullopt;
}

Refusal BodyReceiver::TooLarge() const {
  return {413,
          fmt::format("the body is larger than the limit of {} bytes ({}){}", options_.max_bytes,
                      HumanBytes(options_.max_bytes), inflater_ ? " after decompression" : "")};
}

std::span<std::byte> BodyReceiver::DirectRoom() {
  if (inflater_ || !options_.content_length || Grow(*options_.content_length)) return {};
  return body_.room();
}

std::span<std::byte> BodyReceiver::FramedRoom() {
  return inflater_ ? std::span<std::byte>() : body_.room();
}

std::optional<Refusal> BodyReceiver::Commit(std::size_t count) {
  if (!body_.Commit(count)) return NoMemory();
  return std::nullopt;
}

std::optional<Refusal> BodyReceiver::Append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::nullopt;
  return inflater_ ? Inflate(bytes) : Copy(bytes);
}

void BodyReceiver::Foresee(std::span<const std::byte> first) {
  const BodyForecast forecast = options_.forecast(first);
  foreseen_ = forecast.bytes;
  if (forecast.aligned_offset) body_.AlignAt(*forecast.aligned_offset);
}

/// Room for `wanted` bytes in all: at once where the length is known or foreseen, else by doubling.
std::optional<Refusal> BodyReceiver::Grow(std::size_t wanted) {
  if (wanted <= body_.capacity()) return std::nullopt;
  std::uint64_t capacity = std::max<std::uint64_t>({wanted, 2 * body_.capacity(), kFirstCapacity});
  if (foreseen_ >= wanted && foreseen_ <= kForeseenForAByte * wanted) capacity = foreseen_;
  if (!inflater_ && options_.content_length) capacity = *options_.content_length;
  capacity = std::max<std::uint64_t>(wanted, std::min(capacity, options_.max_bytes));
  if (!body_.Reserve(static_cast<std::size_t>(capacity))) return NoMemory();
  return std::nullopt;
}

std::optional<Refusal> BodyReceiver::Copy(std::span<const std::byte> bytes) {
  if (body_.size() + bytes.size() > options_.max_bytes) return TooLarge();
  if (body_.size() == 0 && options_.forecast != nullptr && !options_.content_length) Foresee(bytes);
  if (auto refusal = Grow(body_.size() + bytes.size())) return refusal;
  std::byte* const place = body_.room().data();
  // Counted first: an atomic operation waits until all that was written before it is.
  if (auto refusal = Commit(bytes.size())) return refusal;
  if (place != bytes.data()) std::memcpy(place, bytes.data(), bytes.size());
  return std::nullopt;
}

std::optional<Refusal> BodyReceiver::Inflate(std::span<const std::byte> bytes) {
  for (;;) {
    if (inflated_whole_) {
      if (bytes.empty()) return std::nullopt;
      return Refusal{400, "bytes follow the compressed body"};
    }
    // One byte beyond the limit is room enough to see that it is passed.
    if (body_.room().empty()) {
      if (body_.size() > options_.max_bytes) return TooLarge();
      const std::uint64_t capacity = std::min<std::uint64_t>(
          std::max(2 * body_.capacity(), kFirstCapacity), options_.max_bytes + 1);
      if (!body_.Reserve(static_cast<std::size_t>(capacity))) return NoMemory();
    }
    std::span<std::byte> room = body_.room();
    const std::size_t before = room.size();
    const Inflater::Outcome outcome = inflater_->Step(bytes, room);
    if (auto refusal = Commit(before - room.size())) return refusal;
    if (body_.size() > options_.max_bytes) return TooLarge();
    if (outcome == Inflater::Outcome::kCorrupt)
      return Refusal{400, fmt::format("the body is not valid {}", CodingName(options_.coding))};
    if (outcome == Inflater::Outcome::kEnd) inflated_whole_ = true;
    if (outcome == Inflater::Outcome::kNeedInput && bytes.empty()) return std::nullopt;
  }
}

std::optional<Refusal> BodyReceiver::Finish() {
  if (inflater_ && !inflated_whole_)
    return Refusal{400, fmt::format("the {} body is cut short", CodingName(options_.coding))};
  body_.Finish();
  return std::nullopt;
}

}  // namespace slipway::net
