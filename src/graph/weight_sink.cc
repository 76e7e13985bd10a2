#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "graph/onnx_file.h"
#include "graph/paged_source.h"

namespace slipway::graph {

namespace {

constexpr std::uint64_t kAlignment = 64;

Status WriteAt(int descriptor, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "cannot write weights");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

class FileSink final : public WeightSink {
 public:
  FileSink(int descriptor, std::string location, std::shared_ptr<const MappedFile> source)
      : descriptor_(descriptor), location_(std::move(location)), source_(std::move(source)) {}

  Result<ExternalData> Put(std::span<const std::byte> bytes) override {
    static constexpr std::array<std::byte, kAlignment> kZeros{};
    // Asked every time: several sinks may append to one file, one after the other.
    SLIPWAY_TRY(const std::uint64_t end, FileSize(descriptor_));
    const std::uint64_t padding = (kAlignment - end % kAlignment) % kAlignment;
    SLIPWAY_RETURN_IF_ERROR(WriteAt(descriptor_, std::span(kZeros).first(padding), end));
    const std::uint64_t begin = end + padding;
    std::uint64_t offset = begin;
    SLIPWAY_RETURN_IF_ERROR(source_.ForEachPart(bytes, [&](std::span<const std::byte> part) {
      return WriteAt(descriptor_, part, std::exchange(offset, offset + part.size()));
    }));
    return ExternalData{.location = location_, .offset = begin, .length = bytes.size()};
  }

 private:
  const int descriptor_;
  const std::string location_;
  PagedSource source_;
};

}  // namespace

std::unique_ptr<WeightSink> MakeFileSink(int descriptor, std::string location,
                                         std::shared_ptr<const MappedFile> source) {
  return std::make_unique<FileSink>(descriptor, std::move(location), std::move(source));
}

}  // namespace slipway::graph
