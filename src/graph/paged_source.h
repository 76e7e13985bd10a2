#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/file.h"
#include "base/status.h"

namespace slipway::graph {

/// The mapped file that tensors borrow their bytes from while somebody writes these out, front to
/// back. Its pages are given back by the thread that reads them, by the byte and not by the clock:
/// writing holds at most kMostBytes of it. Without a file: writes in slices and gives nothing back.
class PagedSource {
 public:
  static constexpr std::uint64_t kMostBytes = 1 << 20;

  explicit PagedSource(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}

  /// Calls `write` with the parts of `bytes` in order, until one call fails.
  template <class Write>
  Status ForEachPart(std::span<const std::byte> bytes, Write write) {
    while (!bytes.empty()) {
      const std::size_t size = std::min<std::size_t>(bytes.size(), kMostBytes - since_release_);
      SLIPWAY_RETURN_IF_ERROR(write(bytes.first(size)));
      bytes = bytes.subspan(size);
      Spend(size);
    }
    return {};
  }

 private:
  void Spend(std::size_t bytes) {
    since_release_ += bytes;
    if (since_release_ < kMostBytes) return;
    if (file_ != nullptr) file_->ReleasePages();
    since_release_ = 0;
  }

  std::shared_ptr<const MappedFile> file_;
  std::uint64_t since_release_ = 0;
};

}  // namespace slipway::graph
