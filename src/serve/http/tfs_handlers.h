#pragma once

#include "serve/http/api_call.h"

namespace slipway::serve::tfs {

// The routes of TensorFlow Serving's REST API. Each answers its call once.

void ListModels(const ApiCall& call);
void VersionStatus(const ApiCall& call);
void Metadata(const ApiCall& call);
void Predict(const ApiCall& call);
void Classify(const ApiCall& call);
void Regress(const ApiCall& call);

}  // namespace slipway::serve::tfs
