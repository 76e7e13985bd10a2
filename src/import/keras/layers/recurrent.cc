// LSTM, GRU, SimpleRNN, RNN over cells, and Bidirectional.

#include <fmt/format.h>

#include <algorithm>

#include "import/keras/layer_library.h"
#include "import/keras/layers/recurrent_cell.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

std::vector<WeightSlot> CellSlots(const SavedLayer& layer) {
  std::vector<std::string> names{"kernel", "recurrent_kernel"};
  if (BoolOr(layer.config, "use_bias", true)) names.emplace_back("bias");
  return Slots(names);
}

std::vector<WeightSlot> LayerSlots(const SavedLayer& layer) {
  std::vector<WeightSlot> slots = CellSlots(layer);
  for (WeightSlot& slot : slots) slot.paths = {"cell/" + slot.paths.front()};
  return slots;
}

/// States given by the call: by name, or as further positional inputs.
std::vector<TensorId> InitialStates(const LayerCall& call) {
  const auto named = call.named.find("initial_state");
  if (named != call.named.end()) return named->second;
  return {call.inputs.begin() + 1, call.inputs.end()};
}

bool ReturnsSequences(const SavedLayer& layer) {
  return BoolOr(layer.config, "return_sequences", false);
}
bool ReturnsState(const SavedLayer& layer) { return BoolOr(layer.config, "return_state", false); }

SequenceOptions OptionsOf(const LayerCall& call, const SavedLayer& layer) {
  return {.backwards = BoolOr(layer.config, "go_backwards", false),
          .zero_output_for_mask = BoolOr(layer.config, "zero_output_for_mask", false),
          .mask = call.Mask(),
          .initial_states = InitialStates(call)};
}

/// What the layer gives: the sequence or its last step, then the states if asked for.
std::vector<TensorId> Give(LayerCall& call, const SequenceOutputs& run) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  std::vector<TensorId> outputs;
  if (ReturnsSequences(call.layer)) {
    const bool turned = BoolOr(call.config(), "go_backwards", false) && run.in_input_order;
    const ValueId sequence = turned ? FlipTime(b, run.sequence) : run.sequence;
    outputs.push_back(b.Add(sequence, Layout::kKeras, {x.shape[0], x.shape[1], run.units}));
    b.SetMask(outputs.back(), call.Mask());
  } else {
    outputs.push_back(b.Add(run.last, Layout::kKeras, {x.shape[0], run.units}));
  }
  if (!ReturnsState(call.layer)) return outputs;
  for (const ValueId state : run.states) {
    outputs.push_back(b.Add(state, Layout::kKeras, {x.shape[0], run.units}));
  }
  return outputs;
}

Status CheckTimeMajor(const LayerCall& call) {
  if (!BoolOr(call.config(), "time_major", false)) return {};
  return call.Unsupported("time_major=True");
}

Outputs Recurrent(LayerCall& call) {
  SLIPWAY_RETURN_IF_ERROR(CheckTimeMajor(call));
  SLIPWAY_TRY(const SequenceOutputs run,
              RunRecurrent(call, call.inputs[0], OptionsOf(call, call.layer)));
  return Give(call, run);
}

/// The cells one after the other: each runs over the whole sequence of the one before.
Result<SequenceOutputs> RunCells(LayerCall& call, const std::vector<const SavedLayer*>& cells) {
  GraphBuilder& b = call.builder;
  SequenceOptions options = OptionsOf(call, call.layer);
  TensorId x = call.inputs[0];
  std::vector<ValueId> states;
  SequenceOutputs run;
  for (const SavedLayer* cell : cells) {
    if (!IsRecurrentCell(cell->class_name)) {
      return call.Unsupported(fmt::format("a cell of class {}", cell->class_name));
    }
    const LayerCall part = call.ForPart(*cell, {x});
    SLIPWAY_TRY(run, RunRecurrent(part, x, options));
    states.insert(states.end(), run.states.begin(), run.states.end());
    x = b.Add(run.sequence, Layout::kKeras, {b.at(x).shape[0], b.at(x).shape[1], run.units});
  }
  run.states = std::move(states);
  return run;
}

Outputs RnnOverCells(LayerCall& call) {
  SLIPWAY_RETURN_IF_ERROR(CheckTimeMajor(call));
  const SavedLayer* cell = call.layer.Part("cell");
  if (cell == nullptr) return call.Broken("it has no cell");
  std::vector<const SavedLayer*> cells{cell};
  if (cell->class_name == "StackedRNNCells") {
    cells.clear();
    for (const SavedLayer& part : cell->parts) cells.push_back(&part);
    const bool simple = !ReturnsState(call.layer) && call.inputs.size() == 1 &&
                        !BoolOr(call.config(), "go_backwards", false);
    if (cells.empty() || !simple)
      return call.Unsupported("states or go_backwards of stacked cells");
  }
  SLIPWAY_TRY(const SequenceOutputs run, RunCells(call, cells));
  return Give(call, run);
}

/// The two directions joined as merge_mode says.
ValueId MergeDirections(GraphBuilder& b, const std::string& mode, ValueId forward,
                        ValueId backward) {
  if (mode == "concat") return b.Emit("Concat", {forward, backward}, {IntAttribute("axis", -1)});
  if (mode == "mul") return b.Emit("Mul", {forward, backward});
  const ValueId sum = b.Emit("Add", {forward, backward});
  return mode == "sum" ? sum : b.Emit("Mul", {sum, b.Scalar(0.5F)});
}

Result<SequenceOutputs> RunDirection(LayerCall& call, const SavedLayer& direction,
                                     std::vector<TensorId> initial_states) {
  if (!IsRecurrentCell(direction.class_name)) {
    return call.Unsupported(fmt::format("a layer of class {}", direction.class_name));
  }
  SequenceOptions options = OptionsOf(call, direction);
  options.zero_output_for_mask = ReturnsSequences(direction);  // as Keras forces it
  options.initial_states = std::move(initial_states);
  const LayerCall part = call.ForPart(direction, {call.inputs[0]});
  SLIPWAY_TRY(SequenceOutputs run, RunRecurrent(part, call.inputs[0], options));
  if (!run.in_input_order) run.sequence = FlipTime(call.builder, run.sequence);
  return run;
}

Outputs Bidirectional(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const SavedLayer* forward = call.layer.Part("forward_layer");
  const SavedLayer* backward = call.layer.Part("backward_layer");
  if (forward == nullptr || backward == nullptr) return call.Broken("it has no layer");
  const std::vector<TensorId> initial = InitialStates(call);
  const auto half = initial.begin() + static_cast<std::ptrdiff_t>(initial.size() / 2);
  SLIPWAY_TRY(const SequenceOutputs there, RunDirection(call, *forward, {initial.begin(), half}));
  SLIPWAY_TRY(const SequenceOutputs back, RunDirection(call, *backward, {half, initial.end()}));
  const bool sequences = ReturnsSequences(*forward);
  const Tensor x = call.input();
  const auto add = [&](ValueId value, std::int64_t units) {
    std::vector<std::int64_t> shape{x.shape[0], units};
    if (sequences) shape.insert(shape.begin() + 1, x.shape[1]);
    const TensorId made = b.Add(value, Layout::kKeras, std::move(shape));
    if (sequences) b.SetMask(made, call.Mask());
    return made;
  };
  const ValueId first = sequences ? there.sequence : there.last;
  const ValueId second = sequences ? back.sequence : back.last;
  const std::string mode = TextOr(call.config(), "merge_mode", "");
  std::vector<TensorId> outputs;
  if (mode.empty()) {
    outputs = {add(first, there.units), add(second, back.units)};
  } else {
    const std::int64_t units = mode == "concat" ? there.units + back.units : there.units;
    outputs = {add(MergeDirections(b, mode, first, second), units)};
  }
  if (!ReturnsState(*forward)) return outputs;
  for (const SequenceOutputs* run : {&there, &back}) {
    for (const ValueId state : run->states) {
      outputs.push_back(b.Add(state, Layout::kKeras, {x.shape[0], run->units}));
    }
  }
  return outputs;
}

/// Cells are run by the layer around them.
Outputs CellAlone(LayerCall& call) { return call.Unsupported("a cell outside of an RNN layer"); }

constexpr LayerRow kRows[] = {
    {"LSTM", Recurrent, LayerSlots},      {"GRU", Recurrent, LayerSlots},
    {"SimpleRNN", Recurrent, LayerSlots}, {"LSTMCell", CellAlone, CellSlots},
    {"GRUCell", CellAlone, CellSlots},    {"SimpleRNNCell", CellAlone, CellSlots},
    {"StackedRNNCells", CellAlone},       {"RNN", RnnOverCells},
    {"Bidirectional", Bidirectional},
};

}  // namespace

std::span<const LayerRow> RecurrentLayers() { return kRows; }

}  // namespace slipway::import::keras
