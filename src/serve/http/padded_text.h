#pragma once

#include <string>
#include <string_view>

#include "serve/http/json_reader.h"

namespace slipway::serve {

/// A text with the readable bytes behind it that JsonReader asks for: what a body has by itself.
/// Digits and quotes, which a reader that went too far would take.
class PaddedText {
 public:
  explicit PaddedText(std::string_view text)
      : size_(text.size()),
        bytes_(std::string(text) + std::string(4 * JsonReader::kPadding, '9')) {}
  std::string_view text() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::size_t size_;
  std::string bytes_;
};

}  // namespace slipway::serve
