#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "net/http/http_limits.h"
#include "net/http/http_types.h"
#include "net/http/refusal.h"

namespace slipway::net {

/// Gathers the head of one HTTP/2 request, field by field, into the same RequestHead and by the
/// same rules as HTTP/1.1: ":authority" becomes the Host header, whose twin must agree with it. The
/// syntax and the order of the fields, and what HTTP/2 itself forbids (RFC 9113 8.2), were checked
/// before.
class Http2Head {
 public:
  /// `limits` outlives this.
  Http2Head(const HttpLimits& limits, const Peer& peer);

  /// False: the list is so far beyond the bound that nothing but an attack explains it (a few bytes
  /// of HPACK may stand for megabytes). Beyond the bound nothing more is kept.
  bool Add(std::string_view name, std::string_view value);
  /// All fields are there. `has_body`: the stream does not end with them.
  std::optional<Refusal> Finish(bool has_body);

  const RequestHead& head() const { return head_; }
  void Note(std::shared_ptr<void> note) { head_.note = std::move(note); }
  RequestHead Take() { return std::move(head_); }

 private:
  void AddPseudo(std::string_view name, std::string_view value);
  std::optional<Refusal> CheckSizes() const;

  const HttpLimits& limits_;
  RequestHead head_;
  std::size_t list_bytes_ = 0;  ///< as SETTINGS_MAX_HEADER_LIST_SIZE counts
  std::size_t count_ = 0;
  std::string_view authority_;  ///< in the head's memory
};

}  // namespace slipway::net
