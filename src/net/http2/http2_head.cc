#include "net/http2/http2_head.h"

#include <fmt/format.h>

#include "base/text.h"
#include "net/http/head_rules.h"
#include "net/http/request_target.h"

namespace slipway::net {
namespace {

/// RFC 9113 6.5.2: what a field counts beside its text.
constexpr std::size_t kFieldOverhead = 32;
constexpr std::size_t kBombFactor = 4;
constexpr std::size_t kLongestMethod = 32;

}  // namespace

Http2Head::Http2Head(const HttpLimits& limits, const Peer& peer) : limits_(limits) {
  head_.version_major = 2;
  head_.version_minor = 0;
  head_.peer = head_.memory.Keep(peer.address);
  head_.network = peer.network;
  head_.certificate = peer.certificate.get();
}

bool Http2Head::Add(std::string_view name, std::string_view value) {
  list_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (list_bytes_ > limits_.header_bytes) return list_bytes_ <= kBombFactor * limits_.header_bytes;
  if (name.starts_with(':')) {
    AddPseudo(name, value);
    return true;
  }
  if (++count_ > limits_.header_count) return true;
  head_.AddHeader(head_.memory.Keep(name), head_.memory.Keep(value));
  return true;
}

void Http2Head::AddPseudo(std::string_view name, std::string_view value) {
  if (name == ":method") head_.method_text = head_.memory.Keep(value);
  if (name == ":path") head_.target = head_.memory.Keep(value);
  if (name == ":authority") authority_ = head_.memory.Keep(value);
}

std::optional<Refusal> Http2Head::CheckSizes() const {
  if (head_.method_text.size() > kLongestMethod)
    return Refusal{501, "the method is not one this server knows"};
  if (head_.target.size() > limits_.request_line_bytes) {
    return Refusal{414,
                   fmt::format("the path is longer than {} bytes", limits_.request_line_bytes)};
  }
  if (list_bytes_ > limits_.header_bytes) {
    return Refusal{431, fmt::format("the headers are larger than {} bytes", limits_.header_bytes)};
  }
  if (count_ > limits_.header_count)
    return Refusal{431, fmt::format("there are more than {} headers", limits_.header_count)};
  return std::nullopt;
}

std::optional<Refusal> Http2Head::Finish(bool has_body) {
  head_.method = MethodNamed(head_.method_text);
  if (auto refusal = CheckSizes()) return refusal;
  if (head_.method_text == "CONNECT") return Refusal{501, "this server is no proxy"};
  Result<RequestTarget> target = ParseRequestTarget(head_.target, head_.memory);
  if (!target.ok()) return Refusal{400, target.status().message()};
  if (!target->authority.empty()) return Refusal{400, "the path must begin with '/'"};
  if (!authority_.empty() && head_.Find("host") == nullptr) head_.AddHeader("host", authority_);
  if (auto refusal = CheckHead(head_, authority_)) return refusal;
  head_.segments = target->segments;
  head_.query = target->query;
  if (const std::string_view* length = head_.Find("content-length"))
    head_.content_length = ParseUint64(*length);
  head_.chunked = has_body && !head_.content_length;
  return std::nullopt;
}

}  // namespace slipway::net
