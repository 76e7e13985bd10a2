#include "jobs/model_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::jobs {

namespace {

std::size_t IndexOf(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &TensorSpec::name);
  return static_cast<std::size_t>(found - specs.begin());
}

/// Two declarations of one tensor may know different dimensions, but not contradict each other.
bool AreCompatible(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (std::size_t axis = 0; axis < a.rank(); ++axis) {
    if (a[axis] >= 0 && b[axis] >= 0 && a[axis] != b[axis]) return false;
  }
  return true;
}

Status CheckSide(std::string_view side, const std::vector<TensorSpec>& declared,
                 const std::vector<TensorSpec>& seen) {
  if (declared.size() != seen.size()) {
    return InvalidArgument(
        fmt::format("the graph has {} {}s, its signature {}", seen.size(), side, declared.size()));
  }
  for (const TensorSpec& spec : declared) {
    const std::size_t index = IndexOf(seen, spec.name);
    if (index == seen.size())
      return InvalidArgument(fmt::format("the graph has no {} \"{}\"", side, spec.name));
    if (seen[index].dtype != spec.dtype || !AreCompatible(seen[index].shape, spec.shape)) {
      return InvalidArgument(
          fmt::format("{} {}: the graph has {}", side, ToString(spec), ToString(seen[index])));
    }
  }
  return {};
}

}  // namespace

Status CheckSignature(const engine::Executable& executable, const Signature& signature) {
  Status status = CheckSide("input", signature.inputs, executable.signature().inputs);
  if (status.ok()) status = CheckSide("output", signature.outputs, executable.signature().outputs);
  return std::move(status).With(errors::kInvalidGraph);
}

Result<std::vector<TensorBuffer>> RunByName(const engine::Executable& executable,
                                            const Signature& signature,
                                            std::span<const TensorBuffer> inputs) {
  std::vector<TensorView> views;
  for (const TensorSpec& spec : executable.signature().inputs) {
    views.push_back(inputs[IndexOf(signature.inputs, spec.name)].view());
  }
  std::vector<std::size_t> wanted;
  for (const TensorSpec& spec : signature.outputs)
    wanted.push_back(IndexOf(executable.signature().outputs, spec.name));
  std::vector<TensorBuffer> outputs(wanted.size());
  SLIPWAY_RETURN_IF_ERROR(executable.Run(views, wanted, outputs));
  return outputs;
}

}  // namespace slipway::jobs
