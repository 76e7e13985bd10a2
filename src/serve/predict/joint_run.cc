#include "serve/predict/joint_run.h"

#include <cstring>
#include <numeric>
#include <random>
#include <utility>

#include "serve/batch/row_trial.h"

namespace slipway::serve {

JointRun::JointRun(const PredictTask& task, std::vector<std::int64_t> rows_of_requests)
    : model_(task.request.model),
      wanted_(task.bound.wanted.begin(), task.bound.wanted.end()),
      rows_of_requests_(std::move(rows_of_requests)),
      rows_(std::accumulate(rows_of_requests_.begin(), rows_of_requests_.end(), std::int64_t{0})) {}

Result<std::span<std::byte>> JointRun::AddInput(const TensorView& of_one) {
  Shape shape = of_one.shape;
  shape.SetDim(0, rows_);
  SLIPWAY_TRY(TensorBuffer joined, TensorBuffer::Allocate(of_one.dtype, shape));
  inputs_.push_back(std::move(joined));
  return inputs_.back().bytes();
}

Status JointRun::AddOutputs() {
  for (const std::size_t wanted : wanted_) {
    const TensorSpec& spec = (*model_)->signature.outputs[wanted];
    const Shape shape = OutputShape(spec, OutputMemory::kFollowsBatch, rows_);
    SLIPWAY_TRY(TensorBuffer output, TensorBuffer::Allocate(spec.dtype, shape));
    outputs_.push_back(std::move(output));
  }
  return {};
}

Result<JointRun> JointRun::Of(std::span<PredictTask* const> tasks) {
  std::vector<std::int64_t> rows;
  for (const PredictTask* task : tasks) rows.push_back(task->bound.rows);
  JointRun joint(*tasks.front(), std::move(rows));
  for (std::size_t i = 0; i < tasks.front()->bound.inputs.size(); ++i) {
    SLIPWAY_TRY(const std::span<std::byte> input, joint.AddInput(tasks.front()->bound.inputs[i]));
    std::byte* to = input.data();
    for (const PredictTask* task : tasks) {
      const std::span<const std::byte> bytes = task->bound.inputs[i].bytes;
      if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  }
  SLIPWAY_RETURN_IF_ERROR(joint.AddOutputs());
  return joint;
}

Result<JointRun> JointRun::BesideMadeUpRows(const PredictTask& task, float magnitude) {
  JointRun joint(task, {task.bound.rows, task.bound.rows});
  std::minstd_rand random(1);
  for (const TensorView& own : task.bound.inputs) {
    SLIPWAY_TRY(const std::span<std::byte> input, joint.AddInput(own));
    if (!own.bytes.empty()) std::memcpy(input.data(), own.bytes.data(), own.bytes.size());
    FillRows(own.dtype, input.subspan(own.bytes.size()), magnitude, random);
  }
  SLIPWAY_RETURN_IF_ERROR(joint.AddOutputs());
  return joint;
}

Status JointRun::Run(engine::RunLimits limits) {
  limits.rows_of_requests = rows_of_requests_;
  std::vector<TensorView> inputs;
  for (const TensorBuffer& input : inputs_) inputs.push_back(input.view());
  return (*model_)->executable->Run(inputs, wanted_, outputs_, limits);
}

Result<std::vector<TensorBuffer>> JointRun::RowsOf(std::int64_t first, std::int64_t count) const {
  std::vector<TensorBuffer> outputs;
  outputs.reserve(outputs_.size());
  for (const TensorBuffer& output : outputs_) {
    const std::size_t row_bytes = output.bytes().size() / static_cast<std::size_t>(rows_);
    Shape shape = output.shape();
    shape.SetDim(0, count);
    const TensorView rows{output.dtype(), shape,
                          output.bytes().subspan(static_cast<std::size_t>(first) * row_bytes,
                                                 static_cast<std::size_t>(count) * row_bytes)};
    SLIPWAY_TRY(TensorBuffer own, TensorBuffer::CopyOf(rows));
    outputs.push_back(std::move(own));
  }
  return outputs;
}

}  // namespace slipway::serve
