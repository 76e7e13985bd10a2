#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "jobs/combination.h"
#include "package/manifest.h"
#include "registry/registry.h"

namespace slipway::jobs {

/// A published classifier that becomes a part of an ensemble.
struct EnsembleMember {
  registry::ModelVersion version;
  package::Manifest manifest;
  std::shared_ptr<const engine::Executable> executable;
  bool needs_softmax = false;  ///< its graph does not end in a softmax: its scores are logits

  std::string title() const;  ///< "mnist:3"
  std::size_t classes() const;
};

/// Opens and compiles the models that a command line names (NAME, NAME:3, NAME:alias). What
/// ParseReference(), Registry::Resolve() and Engine::Compile() say; InvalidArgument (kUsage): fewer
/// than two or more than kMaxEnsembleSteps - 1, one twice, an ensemble; a first output that is not
/// f32[N,classes] of two classes or more; other classes or other inputs than the first one's.
Result<std::vector<EnsembleMember>> OpenMembers(registry::Registry& registry,
                                                engine::Engine& engine,
                                                std::span<const std::string> references);

/// The scores of one member as probabilities, [rows][classes]. `inputs`: in the order of the first
/// member's signature.
Result<std::vector<float>> ProbabilitiesOf(const EnsembleMember& member,
                                           const EnsembleMember& first,
                                           std::span<const TensorView> inputs);

/// Publishes the ensemble of exactly these versions as the next version of `name`: one step each
/// and one for the graph that combines them. That graph is compared with Combine() on the engine
/// before. InvalidArgument (kUsage): not a model's name; what Registry::Publish() says.
Result<registry::ModelVersion> PublishEnsemble(registry::Registry& registry, engine::Engine& engine,
                                               std::span<const EnsembleMember> members,
                                               const Combination& combination,
                                               const std::string& name);

}  // namespace slipway::jobs
