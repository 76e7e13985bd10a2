#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/predict/waiting_requests.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// Several requests as one run of their model: their rows one after the other. Move-only; costs a
/// copy of the inputs and, by RowsOf(), of the outputs.
class JointRun {
 public:
  /// Precondition: MayRunTogether() for any two; not empty.
  static Result<JointRun> Of(std::span<PredictTask* const> tasks);
  /// One request, and as many made-up rows of that magnitude behind it.
  static Result<JointRun> BesideMadeUpRows(const PredictTask& task, float magnitude);

  std::int64_t rows() const { return rows_; }
  /// What Executable::Run() says, which is told whose rows those are; once.
  Status Run(engine::RunLimits limits);
  /// Of every output, `count` rows from `first` on.
  Result<std::vector<TensorBuffer>> RowsOf(std::int64_t first, std::int64_t count) const;

 private:
  JointRun(const PredictTask& task, std::vector<std::int64_t> rows_of_requests);
  /// Memory for an input; its rows are to be filled.
  Result<std::span<std::byte>> AddInput(const TensorView& of_one);
  Status AddOutputs();

  ModelHandle model_;
  std::vector<std::size_t> wanted_;
  std::vector<std::int64_t> rows_of_requests_;
  std::int64_t rows_ = 0;  // of all
  std::vector<TensorBuffer> inputs_;
  std::vector<TensorBuffer> outputs_;
};

}  // namespace slipway::serve
