#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/http_types.h"

namespace slipway::net {

/// The fields of a head or of trailers, as HTTP/2 wants them: names in lower case, values without
/// the control characters that no value may hold. Keeps its memory between heads.
class Http2Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void Clear();
  void Add(std::string_view name, std::string_view value);
  void Add(std::string_view name, std::uint64_t value);
  void Add(std::span<const ResponseHeader> headers);

  std::size_t size() const { return places_.size(); }
  /// Valid until the next change.
  Field operator[](std::size_t index) const;

 private:
  struct Place {
    std::size_t begin;
    std::size_t name_size;
    std::size_t value_size;
  };
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace slipway::net
