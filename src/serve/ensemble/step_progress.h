#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "package/ensemble.h"

namespace slipway::serve {

/// How far one request of an ensemble is: which steps may begin, and which tensors nobody will read
/// any more. Only steps that the wanted outputs need take part. Not thread-safe.
class StepProgress {
 public:
  /// `wanted`: indices of the signature's outputs. `plan` outlives this.
  StepProgress(const package::EnsemblePlan& plan, std::span<const std::size_t> wanted);

  bool IsNeeded(std::size_t step) const { return needed_[step]; }
  /// Whether a step that is needed reads the tensor, or it is a wanted output.
  bool IsTensorNeeded(std::size_t tensor) const { return readers_left_[tensor] > 0; }

  /// Those that read inputs of the ensemble alone.
  std::vector<std::size_t> FirstSteps() const;

  struct After {
    std::vector<std::size_t> runnable;  ///< steps that waited for this one last
    std::vector<std::size_t> unused;  ///< tensors between steps that this one was the last to read
  };
  /// Precondition: the step was runnable; once for each.
  After Finish(std::size_t step);

  /// Whether every needed step is finished.
  bool IsFinished() const { return unfinished_ == 0; }

 private:
  const package::EnsemblePlan& plan_;
  const std::vector<bool> needed_;
  std::vector<std::size_t> readers_left_;  // by tensor; being a wanted output counts as one
  std::vector<std::size_t> reads_left_;    // by step: those that other steps write
  std::size_t unfinished_ = 0;
};

}  // namespace slipway::serve
