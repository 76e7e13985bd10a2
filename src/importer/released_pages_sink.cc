#include "importer/released_pages_sink.h"

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
    if (since_release_ >= kBytesBetweenReleases) {
      source_.ReleasePages();
      since_release_ = 0;
    }
    return place;
  }

 private:
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
