#pragma once

#include <cstddef>
#include <string>

#include "base/status.h"
#include "package/ensemble.h"
#include "serve/model/model_map.h"
#include "serve/model/served_model.h"

namespace slipway::serve {

/// What a loaded ensemble is beside its signature: other models run in its place.
struct ServedEnsemble {
  package::Ensemble ensemble;
  package::EnsemblePlan plan;
  ModelHandle own_graph;  ///< runs the steps without a model's name; null: there are none

  /// `step 1 (model "resnet")`.
  std::string TitleOf(std::size_t step) const { return package::StepTitle(ensemble, step); }
};

/// Whether every step of a loaded ensemble can run: its model is loaded, is not an ensemble itself
/// and has tensors that fit. Of models on other servers nothing is known, and nothing said.
/// Unavailable (kModelNotReady) naming step and model; what package::CheckEnsemble() says. Pure.
Status CheckMembers(const ServedModel& model, const ModelMap& loaded);

/// An ensemble as a step: its steps belong here instead.
Status NestedEnsemble();
/// FailedPrecondition (kRemoteNotAllowed): a step names a server that this one was not told of.
Status RemoteNotAllowed(const std::string& server);

}  // namespace slipway::serve
