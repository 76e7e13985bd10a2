#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/http/tfs_request.h"
#include "serve/model/model_set.h"
#include "serve/predict/predictor.h"

namespace slipway::serve::tfs {

/// {"predictions":[row, ...]} or {"outputs": ...}. An output whose name ends in "_bytes" has its
/// strings in base64. InvalidArgument: by rows, and the outputs do not share their first dimension.
Result<std::string> EncodePredictions(bool is_row_form, const InferResponse& response);

/// {"results":[[["label", score], ...], ...]}. The label is the class's name, or its index.
/// InvalidArgument: the model has not exactly one numeric output with a row for each example.
Result<std::string> EncodeClassification(std::int64_t examples, const InferResponse& response);

/// {"results":[value, ...]}. InvalidArgument: not one output with one number for each example.
Result<std::string> EncodeRegression(std::int64_t examples, const InferResponse& response);

/// {"model_version_status":[...]}: versions of a model, one of them where `version` is given.
/// NotFound (kModelNotFound).
Result<std::string> EncodeVersionStatus(std::string_view model, std::optional<std::int64_t> version,
                                        std::span<const ModelStatus> statuses);

/// KServe v1's: {"name":"M","ready":true}, of a model that is ready.
std::string EncodeReady(std::string_view model);
/// {"models":["M", ...]}: what is loaded, is being loaded or failed, each name once.
std::string EncodeNames(std::span<const ModelStatus> statuses);

/// {"model_spec":{...},"metadata":{"signature_def":{"signature_def":{...}}}}.
std::string EncodeMetadata(const ServedModel& model);

}  // namespace slipway::serve::tfs
