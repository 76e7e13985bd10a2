#include "cli/labelled_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/tensor_fit.h"
#include "tensor/npz.h"

namespace slipway::cli {

namespace {

/// The arrays of a file, each taken at most once.
class Arrays {
 public:
  explicit Arrays(std::vector<NamedTensor> arrays) : arrays_(std::move(arrays)) {
    for (const NamedTensor& array : arrays_)
      names_ += fmt::format("{}{}", names_.empty() ? "" : ", ", array.name);
  }

  /// The first array that has one of the names, in their order.
  std::optional<TensorBuffer> Take(std::span<const std::string> wanted) {
    for (const std::string& name : wanted) {
      const auto found = std::ranges::find(arrays_, name, &NamedTensor::name);
      if (found != arrays_.end()) return std::move(found->tensor);
    }
    return std::nullopt;
  }

  const std::string& names() const { return names_; }

 private:
  std::vector<NamedTensor> arrays_;
  std::string names_;
};

std::vector<std::string> NamesOfInput(const Signature& signature, std::size_t index) {
  std::vector<std::string> names = {signature.inputs[index].name, fmt::format("in_{}", index)};
  if (signature.inputs.size() == 1) names.insert(names.end(), {"x", "input", "image", "images"});
  return names;
}

/// Rows that `tensor` has; -1 for one without dimensions.
std::int64_t Rows(const TensorBuffer& tensor) {
  return tensor.shape().rank() == 0 ? -1 : tensor.shape()[0];
}

/// Fits every row; a model that runs a fixed number of rows is given them in pieces.
Result<TensorBuffer> FitRows(TensorSpec spec, TensorBuffer tensor) {
  if (spec.shape.rank() > 0) spec.shape.SetDim(0, -1);
  return Fit(spec, std::move(tensor));
}

Status CheckRows(const LabelledSet& set, const Signature& signature, const std::string& path) {
  if (set.rows == 0) return InvalidArgument(fmt::format("{} has no rows", path));
  if (Rows(set.labels) != set.rows) {
    return InvalidArgument(fmt::format("{}: {} rows of input, but labels of shape {}", path,
                                       set.rows, set.labels.shape().ToString()));
  }
  for (std::size_t i = 0; i < set.inputs.size(); ++i) {
    if (Rows(set.inputs[i]) == set.rows) continue;
    return InvalidArgument(fmt::format("{}: {} rows of labels, but input \"{}\" has shape {}", path,
                                       set.rows, signature.inputs[i].name,
                                       set.inputs[i].shape().ToString()));
  }
  return {};
}

}  // namespace

Result<LabelledSet> ReadLabelledSet(const Signature& signature, const std::string& path) {
  static const std::vector<std::string> kLabelNames = {"label", "labels", "y", "y_true"};
  SLIPWAY_TRY(std::vector<NamedTensor> read, ReadNpz(path));
  Arrays arrays(std::move(read));
  LabelledSet set;
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorSpec& spec = signature.inputs[i];
    std::optional<TensorBuffer> tensor = arrays.Take(NamesOfInput(signature, i));
    if (!tensor) {
      return NotFound(fmt::format("{} has no array for input \"{}\"; it has: {}", path, spec.name,
                                  arrays.names()))
          .Hint(fmt::format("name an array \"{}\" or \"in_{}\"", spec.name, i));
    }
    SLIPWAY_TRY(TensorBuffer fitted, FitRows(spec, std::move(*tensor)));
    set.inputs.push_back(std::move(fitted));
  }
  std::optional<TensorBuffer> labels = arrays.Take(kLabelNames);
  if (!labels) {
    return NotFound(fmt::format("{} has no labels; it has: {}", path, arrays.names()))
        .Hint("name an array \"label\"");
  }
  set.labels = std::move(*labels);
  set.rows = std::max<std::int64_t>(0, Rows(set.labels));
  SLIPWAY_RETURN_IF_ERROR(CheckRows(set, signature, path));
  return set;
}

std::vector<TensorView> RowsOf(std::span<const TensorBuffer> tensors, std::int64_t begin,
                               std::int64_t end) {
  std::vector<TensorView> views;
  for (const TensorBuffer& tensor : tensors) {
    Shape shape = tensor.shape();
    const std::size_t row_bytes =
        shape[0] > 0 ? tensor.bytes().size() / static_cast<std::size_t>(shape[0]) : 0;
    shape.SetDim(0, end - begin);
    views.push_back({tensor.dtype(), shape,
                     tensor.bytes().subspan(static_cast<std::size_t>(begin) * row_bytes,
                                            static_cast<std::size_t>(end - begin) * row_bytes)});
  }
  return views;
}

}  // namespace slipway::cli
