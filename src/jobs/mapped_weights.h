#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "engine/engine.h"
#include "graph/graph.h"

namespace slipway::jobs {

/// The weights of a converted model, mapped for an engine that reads them where they stand. Borrows
/// the names in the graph.
class MappedWeights {
 public:
  /// Precondition: every external tensor of `graph` lies within the file (PlaceInWeights()).
  static Result<MappedWeights> Map(const graph::Graph& graph, int descriptor);
  MappedWeights(MappedWeights&&) noexcept = default;

  /// The graph's own initializers that lie in the file, but for the ones that are inputs, too, or
  /// that an engine cannot be given.
  const std::vector<engine::Weight>& weights() const { return weights_; }

  const MappedFile& file() const { return file_; }

 private:
  explicit MappedWeights(MappedFile file) : file_(std::move(file)) {}
  MappedFile file_;
  std::vector<engine::Weight> weights_;
};

/// Gives back the memory that reading `file` takes, every few milliseconds, on a thread of its own,
/// as long as this object lives: whoever works through the file then holds the part that he is
/// working on, never the whole. Borrows the file.
class PageReleaser {
 public:
  explicit PageReleaser(const MappedFile& file);

 private:
  void ReleaseUntil(const std::stop_token& stop, const MappedFile& file);

  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;  ///< last: it ends before what it waits on goes
};

}  // namespace slipway::jobs
