#include "package/ensemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::package {
namespace {

constexpr std::size_t kMaxNameInMessage = 64;

Status Invalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kInvalidPackage);
}

std::string Shown(std::string_view name) { return Printable(name, kMaxNameInMessage); }

/// Fills a plan, one kind of name after the other.
class Planner {
 public:
  Planner(const Ensemble& ensemble, const Signature& signature)
      : ensemble_(ensemble), signature_(signature) {}

  Result<EnsemblePlan> Plan() {
    SLIPWAY_RETURN_IF_ERROR(CheckSteps());
    SLIPWAY_RETURN_IF_ERROR(AddInputs());
    SLIPWAY_RETURN_IF_ERROR(AddWrites());
    SLIPWAY_RETURN_IF_ERROR(AddReads());
    SLIPWAY_RETURN_IF_ERROR(AddOutputs());
    SLIPWAY_RETURN_IF_ERROR(Order());
    return std::move(plan_);
  }

 private:
  Status CheckSteps() const {
    const std::size_t count = ensemble_.steps.size();
    if (count == 0 || count > kMaxEnsembleSteps) {
      return Invalid(
          fmt::format("an ensemble has 1 to {} steps, not {}", kMaxEnsembleSteps, count));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const EnsembleStep& step = ensemble_.steps[i];
      if (!step.model.empty() && !IsModelName(step.model)) {
        return Invalid(fmt::format("step {}: \"{}\" does not match {}", i, Shown(step.model),
                                   kModelNamePattern));
      }
      if (!step.server.empty() && (step.model.empty() || !IsModelName(step.server))) {
        return Invalid(
            fmt::format("step {}: a model on another server needs its name, and the "
                        "server's, which matches {}",
                        i, kModelNamePattern));
      }
      if (step.version && *step.version <= 0)
        return Invalid(fmt::format("{}: version {} is not positive", Title(i), *step.version));
      if (step.input_map.empty() || step.output_map.empty()) {
        return Invalid(
            fmt::format("{} maps no {}", Title(i), step.input_map.empty() ? "inputs" : "outputs"));
      }
    }
    return {};
  }

  Status AddInputs() {
    for (const TensorSpec& input : signature_.inputs) {
      if (!AddTensor(input.name, EnsemblePlan::kNone))
        return Invalid(fmt::format("input \"{}\" stands twice", Shown(input.name)));
    }
    is_read_.assign(signature_.inputs.size(), false);
    return {};
  }

  Status AddWrites() {
    plan_.steps.resize(ensemble_.steps.size());
    for (std::size_t i = 0; i < ensemble_.steps.size(); ++i) {
      for (const auto& [output, tensor] : ensemble_.steps[i].output_map) {
        plan_.steps[i].writes.push_back(plan_.tensors.size());
        if (!AddTensor(tensor, i)) return WrittenTwice(i, output, tensor);
      }
    }
    return {};
  }

  Status WrittenTwice(std::size_t step, std::string_view output, const std::string& tensor) const {
    const std::size_t first = plan_.writers[numbers_.at(tensor)];
    const std::string by = first == EnsemblePlan::kNone
                               ? "is an input of the ensemble"
                               : fmt::format("{} writes already", Title(first));
    return Invalid(fmt::format("{}: output \"{}\" writes tensor \"{}\", which {}", Title(step),
                               Shown(output), Shown(tensor), by));
  }

  Status AddReads() {
    for (std::size_t i = 0; i < ensemble_.steps.size(); ++i) {
      for (const auto& [input, tensor] : ensemble_.steps[i].input_map) {
        const auto number = numbers_.find(tensor);
        if (number == numbers_.end()) {
          return WithNearName(
              Invalid(fmt::format("{}: input \"{}\" reads tensor \"{}\", which nothing writes",
                                  Title(i), Shown(input), Shown(tensor))),
              tensor);
        }
        plan_.steps[i].reads.push_back(number->second);
        if (number->second < is_read_.size()) is_read_[number->second] = true;
      }
    }
    const auto unread = std::ranges::find(is_read_, false);
    if (unread == is_read_.end()) return {};
    const auto index = static_cast<std::size_t>(unread - is_read_.begin());
    return Invalid(fmt::format("input \"{}\" is read by no step", Shown(plan_.tensors[index])));
  }

  Status AddOutputs() {
    if (signature_.outputs.empty()) return Invalid("an ensemble needs an output");
    for (const TensorSpec& output : signature_.outputs) {
      const auto number = numbers_.find(output.name);
      if (number == numbers_.end() || plan_.writers[number->second] == EnsemblePlan::kNone) {
        return WithNearName(
            Invalid(fmt::format("output \"{}\" is written by no step", Shown(output.name))),
            output.name);
      }
      plan_.outputs.push_back(number->second);
    }
    return {};
  }

  /// Takes the first step that can run, again and again.
  Status Order() {
    std::vector<bool> is_there(plan_.tensors.size());
    for (std::size_t i = 0; i < is_there.size(); ++i)
      is_there[i] = plan_.writers[i] == EnsemblePlan::kNone;
    std::vector<std::size_t> left(plan_.steps.size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
    while (!left.empty()) {
      const auto next = std::ranges::find_if(left, [&](std::size_t step) {
        return std::ranges::all_of(plan_.steps[step].reads,
                                   [&](std::size_t tensor) { return is_there[tensor]; });
      });
      if (next == left.end()) return Circle(left);
      for (const std::size_t tensor : plan_.steps[*next].writes) is_there[tensor] = true;
      plan_.order.push_back(*next);
      left.erase(next);
    }
    return {};
  }

  Status Circle(const std::vector<std::size_t>& left) const {
    std::vector<std::string> titles;
    for (const std::size_t step : left) titles.push_back(Title(step));
    return Invalid(
        fmt::format("steps wait for each other in a circle: {}", fmt::join(titles, ", ")));
  }

  bool AddTensor(const std::string& name, std::size_t writer) {
    if (!numbers_.emplace(name, plan_.tensors.size()).second) return false;
    plan_.tensors.push_back(name);
    plan_.writers.push_back(writer);
    return true;
  }

  Status WithNearName(Status status, const std::string& name) const {
    const std::optional<std::string> near = DidYouMean(name, plan_.tensors);
    return near ? std::move(status).Hint(fmt::format("did you mean \"{}\"?", *near)) : status;
  }

  std::string Title(std::size_t step) const { return StepTitle(ensemble_, step); }

  const Ensemble& ensemble_;
  const Signature& signature_;
  EnsemblePlan plan_;
  std::map<std::string, std::size_t> numbers_;
  std::vector<bool> is_read_;  // by input of the ensemble
};

bool ShapesMeet(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (std::size_t i = 0; i < a.rank(); ++i) {
    if (a[i] >= 0 && b[i] >= 0 && a[i] != b[i]) return false;
  }
  return true;
}

bool Fits(const TensorSpec& from, const TensorSpec& to) {
  return from.dtype == to.dtype && ShapesMeet(from.shape, to.shape);
}

/// Goes along the steps, with what is known of each tensor.
class Fitting {
 public:
  Fitting(const Ensemble& ensemble, const EnsemblePlan& plan, const Signature& signature)
      : ensemble_(ensemble), plan_(plan), signature_(signature), known_(plan.tensors.size()) {
    for (std::size_t i = 0; i < signature.inputs.size(); ++i) known_[i] = &signature.inputs[i];
  }

  Status AddStep(std::size_t index, const Signature& model) {
    SLIPWAY_RETURN_IF_ERROR(CheckReads(index, model));
    std::size_t position = 0;
    for (const auto& [name, tensor] : ensemble_.steps[index].output_map) {
      const TensorSpec* const output = model.FindOutput(name);
      if (output == nullptr) return NoSuchTensor(index, "output", name, model.outputs);
      known_[plan_.steps[index].writes[position++]] = output;
    }
    return {};
  }

  Status CheckOutputs() const {
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      const TensorSpec* const from = known_[plan_.outputs[i]];
      const TensorSpec& to = signature_.outputs[i];
      if (from == nullptr || Fits(*from, to)) continue;
      return Invalid(fmt::format("{} writes {}, the ensemble's output is {}",
                                 StepTitle(ensemble_, plan_.writers[plan_.outputs[i]]),
                                 ToString(*from), ToString(to)));
    }
    return {};
  }

 private:
  Status CheckReads(std::size_t index, const Signature& model) const {
    const EnsembleStep& step = ensemble_.steps[index];
    std::size_t position = 0;
    for (const auto& [name, tensor] : step.input_map) {
      const TensorSpec* const from = known_[plan_.steps[index].reads[position++]];
      const TensorSpec* const to = model.FindInput(name);
      if (to == nullptr) return NoSuchTensor(index, "input", name, model.inputs);
      if (from == nullptr || Fits(*from, *to)) continue;
      return Invalid(fmt::format("{}: input {} reads tensor \"{}\", which is {}{}",
                                 StepTitle(ensemble_, index), ToString(*to), Shown(tensor),
                                 ShortName(from->dtype), from->shape.ToString()));
    }
    for (const TensorSpec& input : model.inputs) {
      if (step.input_map.contains(input.name)) continue;
      return Invalid(fmt::format("{}: input \"{}\" is not mapped", StepTitle(ensemble_, index),
                                 Shown(input.name)));
    }
    return {};
  }

  Status NoSuchTensor(std::size_t index, std::string_view kind, std::string_view name,
                      const std::vector<TensorSpec>& specs) const {
    std::vector<std::string> names;
    for (const TensorSpec& spec : specs) names.push_back(spec.name);
    return Invalid(fmt::format("{}: the model has no {} \"{}\"; it has: {}",
                               StepTitle(ensemble_, index), kind, Shown(name),
                               Printable(fmt::format("{}", fmt::join(names, ", ")))));
  }

  const Ensemble& ensemble_;
  const EnsemblePlan& plan_;
  const Signature& signature_;
  std::vector<const TensorSpec*> known_;  // by tensor; nullptr: not known
};

}  // namespace

std::string StepTitle(const Ensemble& ensemble, std::size_t step) {
  const std::string& model = ensemble.steps[step].model;
  if (model.empty()) return fmt::format("step {} (own graph)", step);
  if (const std::string& server = ensemble.steps[step].server; !server.empty())
    return fmt::format("step {} (model \"{}\" on \"{}\")", step, Shown(model), Shown(server));
  return fmt::format("step {} (model \"{}\")", step, Shown(model));
}

std::vector<bool> EnsemblePlan::StepsFor(std::span<const std::size_t> wanted) const {
  std::vector<bool> needed(steps.size());
  for (const std::size_t output : wanted) needed[writers[outputs[output]]] = true;
  for (auto step = order.rbegin(); step != order.rend(); ++step) {
    if (!needed[*step]) continue;
    for (const std::size_t tensor : steps[*step].reads) {
      if (writers[tensor] != kNone) needed[writers[tensor]] = true;
    }
  }
  return needed;
}

Result<EnsemblePlan> PlanEnsemble(const Ensemble& ensemble, const Signature& signature) {
  return Planner(ensemble, signature).Plan();
}

Status CheckEnsemble(const Ensemble& ensemble, const EnsemblePlan& plan, const Signature& signature,
                     std::span<const Signature* const> steps) {
  Fitting fitting(ensemble, plan, signature);
  for (const std::size_t step : plan.order) {
    if (steps[step] != nullptr) SLIPWAY_RETURN_IF_ERROR(fitting.AddStep(step, *steps[step]));
  }
  return fitting.CheckOutputs();
}

}  // namespace slipway::package
