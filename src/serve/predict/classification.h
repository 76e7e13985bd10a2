#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/model/served_model.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// The class names of a model's output, nullptr where its package has none.
const std::vector<std::string>* LabelsOf(const ServedModel& model, const std::string& output);

/// The `classes` highest values of each row as "value:index[:label]", highest first: BYTES of shape
/// [rows, classes], or [classes] of an output with one dimension.
/// InvalidArgument: strings, or no dimension.
Result<TensorBuffer> Classify(const TensorSpec& spec, const TensorView& scores,
                              std::uint32_t classes, const std::vector<std::string>* labels);

}  // namespace slipway::serve
