#include "jobs/mapped_weights.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace slipway::jobs {

namespace {

/// Long enough that reading pages in again is a few per cent of the work, short enough that little
/// comes together.
constexpr std::chrono::milliseconds kBetweenReleases{8};

bool IsInput(const graph::Graph& graph, const std::string& name) {
  return std::ranges::any_of(graph.inputs,
                             [&](graph::ValueId id) { return graph.NameOf(id) == name; });
}

}  // namespace

Result<MappedWeights> MappedWeights::Map(const graph::Graph& graph, int descriptor) {
  SLIPWAY_TRY(MappedFile file, MappedFile::Map(descriptor));
  MappedWeights mapped(std::move(file));
  for (const graph::Tensor& tensor : graph.initializers) {
    const bool is_given = tensor.external && tensor.external->length && BytesOf(tensor.dtype) > 0 &&
                          tensor.dims.size() <= Shape::kMaxRank && !IsInput(graph, tensor.name);
    if (!is_given) continue;
    SLIPWAY_TRY(const Shape shape, Shape::Make(tensor.dims));
    const auto bytes =
        mapped.file_.bytes().subspan(tensor.external->offset, *tensor.external->length);
    mapped.weights_.push_back({tensor.name, {tensor.dtype, shape, bytes}});
  }
  return mapped;
}

PageReleaser::PageReleaser(const MappedFile& file)
    : thread_([this, &file](const std::stop_token& stop) { ReleaseUntil(stop, file); }) {}

void PageReleaser::ReleaseUntil(const std::stop_token& stop, const MappedFile& file) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    stopped_.wait_for(lock, stop, kBetweenReleases, [] { return false; });
    file.ReleasePages();
  }
}

}  // namespace slipway::jobs
