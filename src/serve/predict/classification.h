#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/model/served_model.h"
#include "serve/predict/predictor.h"
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

/// Puts class texts in the place of outputs that are wished so, by `classes` of each wish (0: as it
/// is). As Classify().
template <class Wishes>
Status ClassifyWished(const Wishes& wishes, InferResponse& response) {
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    if (wishes[i].classes == 0) continue;
    auto& [spec, tensor] = response.outputs[i];
    SLIPWAY_TRY(tensor, Classify(*spec, tensor.view(), wishes[i].classes,
                                 LabelsOf(*response.model, spec->name)));
  }
  return {};
}

}  // namespace slipway::serve
