#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::package {

/// One model of an ensemble, and where its tensors come from and go to.
struct EnsembleStep {
  std::string model;                              ///< "": the graph of the ensemble's own package
  std::string server = "";                        ///< that has the model, by name; "": this one
  std::optional<std::int64_t> version;            ///< absent: the latest that is ready
  std::map<std::string, std::string> input_map;   ///< the model's input -> the ensemble's tensor
  std::map<std::string, std::string> output_map;  ///< the model's output -> the ensemble's tensor
  bool operator==(const EnsembleStep&) const = default;
};

/// A model that is made of others: its steps run as soon as the tensors that they read are there.
/// Inputs and outputs stand in the signature beside it; every other tensor is between steps.
struct Ensemble {
  std::vector<EnsembleStep> steps;
  bool operator==(const Ensemble&) const = default;
};

inline constexpr std::size_t kMaxEnsembleSteps = 64;

/// An ensemble with its names looked up. Tensors are numbered: the ensemble's inputs first, in
/// their order, then what the steps write.
struct EnsemblePlan {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Step {
    std::vector<std::size_t> reads;   ///< one tensor for each entry of input_map
    std::vector<std::size_t> writes;  ///< one for each entry of output_map
  };
  std::vector<std::string> tensors;
  std::vector<std::size_t> writers;  ///< the step that writes each tensor; kNone: an input
  std::vector<Step> steps;           ///< one for each of the ensemble's
  std::vector<std::size_t> outputs;  ///< the tensor of each output of the signature
  std::vector<std::size_t> order;    ///< steps, each behind those that it reads from

  /// Which steps have to run for these outputs (indices into the signature's), by step.
  std::vector<bool> StepsFor(std::span<const std::size_t> wanted) const;
};

/// Looks up every name. InvalidArgument (kInvalidPackage) naming step and tensor: no steps or more
/// than kMaxEnsembleSteps, a step without tensors, a tensor that two steps write or none, steps in
/// a circle, an input that no step reads, an output that no step writes. Pure.
Result<EnsemblePlan> PlanEnsemble(const Ensemble& ensemble, const Signature& signature);

/// Whether the models fit together. `steps`: the signature of each step's model; nullptr: not
/// known, and not looked at. InvalidArgument (kInvalidPackage) naming step and tensor: the model
/// has no such input or output, an input of it is not mapped, a type or shape is not what the
/// reader takes. A dimension of any size fits every size. Pure.
Status CheckEnsemble(const Ensemble& ensemble, const EnsemblePlan& plan, const Signature& signature,
                     std::span<const Signature* const> steps);

/// `step 1 (model "resnet")`, `step 1 (model "resnet" on "vision")`, for messages.
std::string StepTitle(const Ensemble& ensemble, std::size_t step);

/// The form of Triton's ensemble_scheduling: {"step": [{"model_name", "model_version", "input_map",
/// "output_map"}]}. A step of the package's own graph has the name "", the server of a model
/// elsewhere is its "model_namespace".
OrderedJson EnsembleToJson(const Ensemble& ensemble);
/// InvalidArgument (kInvalidPackage) with the field's path, which begins with `path`. Versions are
/// numbers or, as protobuf's JSON writes them, texts of numbers; -1 is the latest.
Result<Ensemble> EnsembleFromJson(const Json& json, std::string_view path);

}  // namespace slipway::package
