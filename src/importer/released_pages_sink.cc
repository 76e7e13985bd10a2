#include "importer/released_pages_sink.h"

#include <sys/mman.h>

namespace slipway::importer {

namespace {

constexpr std::uint64_t kBytesBetweenReleases = 8 << 20;

class ReleasedPagesSink final : public graph::WeightSink {
 public:
  ReleasedPagesSink(const MappedFile& source, graph::WeightSink& next)
      : source_(source), next_(next) {}

  Result<graph::ExternalData> Put(std::span<const std::byte> bytes) override {
    Result<graph::ExternalData> place = next_.Put(bytes);
    since_release_ += bytes.size();
    if (since_release_ >= kBytesBetweenReleases) Release();
    return place;
  }

 private:
  /// The pages come back from the file when they are touched again.
  void Release() {
    const std::span<const std::byte> mapped = source_.bytes();
    if (!mapped.empty())
      madvise(const_cast<std::byte*>(mapped.data()), mapped.size(), MADV_DONTNEED);
    since_release_ = 0;
  }

  const MappedFile& source_;
  graph::WeightSink& next_;
  std::uint64_t since_release_ = 0;
};

}  // namespace

std::unique_ptr<graph::WeightSink> ReleasePagesOf(const MappedFile& source,
                                                  graph::WeightSink& next) {
  return std::make_unique<ReleasedPagesSink>(source, next);
}

}  // namespace slipway::importer
