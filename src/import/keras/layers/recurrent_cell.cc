#include "import/keras/layers/recurrent_cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "import/keras/layers/recurrent_weights.h"

namespace slipway::import::keras {

namespace {

using graph::FloatsAttribute;
using graph::IntAttribute;
using graph::IntsAttribute;
using graph::kNoValue;
using graph::StringAttribute;
using graph::ValueId;

struct CellActivation {
  std::string_view name;
  std::string_view onnx;
  std::vector<float> alpha;
  std::vector<float> beta;
};

/// What an activation is called inside ONNX's recurrent operators, with its numbers.
std::optional<CellActivation> FindCellActivation(const std::string& name, int generation) {
  const float hard_slope = generation >= 3 ? 1.0F / 6.0F : 0.2F;
  const CellActivation known[] = {
      {"tanh", "Tanh", {}, {}},
      {"sigmoid", "Sigmoid", {}, {}},
      {"relu", "Relu", {}, {}},
      {"linear", "Affine", {1.0F}, {0.0F}},
      {"hard_sigmoid", "HardSigmoid", {hard_slope}, {0.5F}},
      {"elu", "Elu", {1.0F}, {}},
      {"softsign", "Softsign", {}, {}},
      {"softplus", "Softplus", {}, {}},
      {"leaky_relu", "LeakyRelu", {0.2F}, {}},
  };
  const auto found = std::ranges::find(known, name, &CellActivation::name);
  if (found == std::end(known)) return std::nullopt;
  return *found;
}

Result<Attributes> ActivationAttributes(const LayerCall& cell, CellKind kind) {
  const auto named = [&](const char* field, const char* otherwise) {
    const Json& given = Field(cell.config(), field);
    return given.is_null() ? std::string(field == std::string_view("activation") &&
                                                 cell.config().contains(field)
                                             ? "linear"
                                             : otherwise)
                           : NameOfObject(given);
  };
  const std::string main = named("activation", "tanh");
  const std::string recurrent = named("recurrent_activation", "sigmoid");
  std::vector<std::string> wanted{main};
  if (kind == CellKind::kGru) wanted = {recurrent, main};
  if (kind == CellKind::kLstm) wanted = {recurrent, main, main};
  std::vector<std::string> names;
  std::vector<float> alpha, beta;
  for (const std::string& name : wanted) {
    const auto known = FindCellActivation(name, cell.generation);
    if (!known)
      return cell.Unsupported(fmt::format("activation \"{}\" in a recurrent layer", name));
    names.emplace_back(known->onnx);
    alpha.insert(alpha.end(), known->alpha.begin(), known->alpha.end());
    beta.insert(beta.end(), known->beta.begin(), known->beta.end());
  }
  Attributes attributes{graph::StringsAttribute("activations", names)};
  if (!alpha.empty()) attributes.push_back(FloatsAttribute("activation_alpha", alpha));
  if (!beta.empty()) attributes.push_back(FloatsAttribute("activation_beta", beta));
  return attributes;
}

std::vector<std::int64_t> One(std::int64_t value) { return {value}; }

ValueId ToInt64(GraphBuilder& b, ValueId value) {
  return b.Emit("Cast", {value}, {IntAttribute("to", static_cast<std::int64_t>(DType::kI64))});
}

/// A mask at work: where each step that counts goes, and how to bring results back.
struct Compaction {
  ValueId x;        ///< the steps that count first, in their order
  ValueId lengths;  ///< int32 (batch): how many
  ValueId places;   ///< int64 (batch, time): where each step's latest result stands
  ValueId shown;    ///< bool (batch, time): false where Keras gives zeros
};

/// `indices` (batch, time) for every feature of `like` (batch, time, features).
ValueId GatherSteps(GraphBuilder& b, ValueId value, ValueId indices) {
  const ValueId wide = b.Emit("Unsqueeze", {indices, b.Int64s(One(2))});
  const ValueId expanded = b.Emit("Expand", {wide, b.Emit("Shape", {value})});
  return b.Emit("GatherElements", {value, expanded}, {IntAttribute("axis", 1)});
}

Compaction Compact(GraphBuilder& b, ValueId x, ValueId mask, bool zero_output) {
  const ValueId counts = ToInt64(b, mask);
  const ValueId time =
      b.Emit("Slice", {b.Emit("Shape", {mask}), b.Int64s(One(1)), b.Int64s(One(2))});
  const ValueId time_scalar = b.Emit("Squeeze", {time});
  const std::array<std::int64_t, 1> zero{0};
  const std::array<std::int64_t, 1> one{1};
  const ValueId steps = b.Emit("Range", {b.Int64s({}, zero), time_scalar, b.Int64s({}, one)});
  // Steps that count sort before the others, each kind in its own order.
  const ValueId key = b.Emit("Sub", {b.Emit("Mul", {counts, time_scalar}),
                                     b.Emit("Unsqueeze", {steps, b.Int64s(One(0))})});
  const ValueId order = b.EmitMany("TopK", {key, time}, 2, {IntAttribute("axis", 1)})[1];
  const ValueId before = b.Emit("CumSum", {counts, b.Int64s({}, one)});
  Compaction made;
  made.x = GatherSteps(b, x, order);
  made.lengths = b.Emit(
      "Cast", {b.Emit("ReduceSum", {counts, b.Int64s(One(1))}, {IntAttribute("keepdims", 0)})},
      {IntAttribute("to", static_cast<std::int64_t>(DType::kI32))});
  made.places = b.Emit("Max", {b.Emit("Sub", {before, b.Int64s({}, one)}), b.Int64s({}, zero)});
  made.shown = zero_output ? mask : b.Emit("Greater", {before, b.Int64s({}, zero)});
  return made;
}

/// The results of compacted steps back at their places; a step that does not count repeats the one
/// before it.
ValueId Spread(GraphBuilder& b, const Compaction& compaction, ValueId sequence) {
  const ValueId gathered = GatherSteps(b, sequence, compaction.places);
  const ValueId shown = b.Emit("Unsqueeze", {compaction.shown, b.Int64s(One(2))});
  return b.Emit("Where", {shown, gathered, b.Scalar(0)});
}

ValueId SwapBatchAndTime(GraphBuilder& b, ValueId value) {
  return b.Emit("Transpose", {value}, {IntsAttribute("perm", {1, 0, 2})});
}

/// The nine or fewer operands of ONNX's operator, absent ones left out at the end.
Result<std::vector<ValueId>> Operands(const LayerCall& cell, CellKind kind, std::int64_t features,
                                      ValueId x, ValueId lengths,
                                      const std::vector<TensorId>& initial_states) {
  GraphBuilder& b = cell.builder;
  SLIPWAY_TRY(const RecurrentWeights weights, LoadRecurrentWeights(cell, kind, features));
  std::vector<ValueId> operands{x, weights.w, weights.r, weights.b, lengths};
  for (const TensorId state : initial_states) {
    operands.push_back(b.Emit("Unsqueeze", {b.InKeras(b.AsFloat(state)), b.Int64s(One(0))}));
  }
  while (operands.back() == kNoValue) operands.pop_back();
  return operands;
}

}  // namespace

bool IsRecurrentCell(std::string_view class_name) { return CellKindOf(class_name).has_value(); }

ValueId FlipTime(GraphBuilder& b, ValueId value) {
  return b.Emit("Slice", {value, b.Int64s(One(-1)), b.Int64s(One(-(std::int64_t{1} << 31))),
                          b.Int64s(One(1)), b.Int64s(One(-1))});
}

Result<SequenceOutputs> RunRecurrent(const LayerCall& cell, TensorId x,
                                     const SequenceOptions& options) {
  GraphBuilder& b = cell.builder;
  const CellKind kind = *CellKindOf(cell.layer.class_name);
  x = b.AsFloat(x);
  if (b.at(x).rank() != 3 || b.at(x).shape[2] <= 0) {
    return cell.Broken("its input is not a sequence of features");
  }
  const std::int64_t features = b.at(x).shape[2];
  ValueId steps = b.InKeras(x);
  std::optional<Compaction> compaction;
  if (options.mask) {
    ValueId mask = b.InKeras(b.CastTo(*options.mask, DType::kBool));
    if (options.backwards) {
      steps = FlipTime(b, steps);
      mask = FlipTime(b, mask);
    }
    compaction = Compact(b, steps, mask, options.zero_output_for_mask);
    steps = compaction->x;
  }
  SLIPWAY_TRY(Attributes attributes, ActivationAttributes(cell, kind));
  const std::int64_t units = IntOr(cell.config(), "units", 0);
  attributes.push_back(IntAttribute("hidden_size", units));
  if (options.backwards && !compaction)
    attributes.push_back(StringAttribute("direction", "reverse"));
  if (kind == CellKind::kGru && BoolOr(cell.config(), "reset_after", false)) {
    attributes.push_back(IntAttribute("linear_before_reset", 1));
  }
  SLIPWAY_TRY(std::vector<ValueId> operands,
              Operands(cell, kind, features, SwapBatchAndTime(b, steps),
                       compaction ? compaction->lengths : kNoValue, options.initial_states));
  const std::size_t outputs = kind == CellKind::kLstm ? 3 : 2;
  const std::vector<ValueId> made = b.EmitMany(std::string(OperatorOf(kind)), std::move(operands),
                                               outputs, std::move(attributes));
  SequenceOutputs result{
      .sequence = SwapBatchAndTime(b, b.Emit("Squeeze", {made[0], b.Int64s(One(1))})),
      .in_input_order = !(options.backwards && compaction),
      .last = {},
      .states = {},
      .units = units};
  if (compaction) result.sequence = Spread(b, *compaction, result.sequence);
  for (std::size_t i = 1; i < made.size(); ++i) {
    result.states.push_back(b.Emit("Squeeze", {made[i], b.Int64s(One(0))}));
  }
  result.last = result.states.front();
  return result;
}

}  // namespace slipway::import::keras
