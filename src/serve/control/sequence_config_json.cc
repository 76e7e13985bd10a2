#include "serve/control/sequence_config_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "serve/control/config_fields.h"

namespace slipway::serve {
namespace {

using Kind = SequenceControl::Kind;

constexpr std::string_view kTypePrefix = "TYPE_";
constexpr std::array<std::pair<std::string_view, Kind>, 4> kKinds = {{
    {"CONTROL_SEQUENCE_START", Kind::kStart},
    {"CONTROL_SEQUENCE_READY", Kind::kReady},
    {"CONTROL_SEQUENCE_END", Kind::kEnd},
    {"CONTROL_SEQUENCE_CORRID", Kind::kId},
}};

Result<DType> ReadType(const Json& json) {
  SLIPWAY_TRY(const std::string name, ReadText(json));
  if (name.starts_with(kTypePrefix)) {
    const auto dtype = DTypeFromOip(std::string_view(name).substr(kTypePrefix.size()));
    if (dtype.has_value()) return *dtype;
  }
  return ConfigInvalid(fmt::format("\"{}\" is no type of a sequence", Printable(name, 64)));
}

std::string TypeName(DType dtype) { return std::string(kTypePrefix) + std::string(OipName(dtype)); }

Status ReadKind(const Json& json, SequenceControl& control) {
  SLIPWAY_TRY(const std::string name, ReadText(json));
  const auto found = std::ranges::find(kKinds, name, &std::pair<std::string_view, Kind>::first);
  if (found == kKinds.end())
    return ConfigInvalid(fmt::format("\"{}\" is no kind of control", Printable(name, 64)));
  control.kind = found->second;
  if (control.kind == Kind::kId) control.dtype = DType::kU64;
  return {};
}

/// The two values that say false and true.
template <DType type>
Status ReadValues(const Json& json, SequenceControl& control) {
  if (json.is_array() && json.empty()) return {};
  const bool are_two = json.is_array() && json.size() == 2;
  const auto is_value = [](const Json& value) {
    return type == DType::kBool ? value.is_boolean() : value.is_number();
  };
  if (!are_two || !std::ranges::all_of(json, is_value))
    return ConfigInvalid("expected two values, for false and for true");
  control.dtype = type;
  const auto number = [](const Json& value) {
    return value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0) : value.get<double>();
  };
  control.when_false = number(json[0]);
  control.when_true = number(json[1]);
  return {};
}

constexpr ConfigField<SequenceControl> kControlFields[] = {
    {"kind", [](const Json&, SequenceControl&) { return Status(); }},  // read first
    {"int32_false_true", ReadValues<DType::kI32>},
    {"fp32_false_true", ReadValues<DType::kF32>},
    {"bool_false_true", ReadValues<DType::kBool>},
    {"data_type",
     [](const Json& json, SequenceControl& control) -> Status {
       if (control.kind != Kind::kId) return {};
       SLIPWAY_TRY(control.dtype, ReadType(json));
       return {};
     }},
};

/// An input with its controls, each of which becomes one of ours.
struct ControlInput {
  std::string name;
  std::vector<SequenceControl> controls;
};

Status ReadControls(const Json& json, ControlInput& input) {
  SLIPWAY_TRY(const std::vector<const Json*> elements, ConfigElements(json));
  for (const Json* element : elements) {
    SequenceControl& control = input.controls.emplace_back();
    if (element->is_object() && element->contains("kind"))
      SLIPWAY_RETURN_IF_ERROR(ReadKind((*element)["kind"], control).At("kind"));
    SLIPWAY_RETURN_IF_ERROR(ReadConfigObject<SequenceControl>(*element, kControlFields, control));
  }
  return {};
}

constexpr ConfigField<ControlInput> kControlInputFields[] = {
    {"name",
     [](const Json& json, ControlInput& input) -> Status {
       SLIPWAY_TRY(input.name, ReadText(json));
       return {};
     }},
    {"control", ReadControls},
};

Status ReadControlInputs(const Json& json, SequenceBatching& sequences) {
  std::vector<ControlInput> inputs;
  SLIPWAY_RETURN_IF_ERROR(ReadConfigList<ControlInput>(json, kControlInputFields, inputs));
  for (ControlInput& input : inputs) {
    if (input.controls.size() != 1)
      return ConfigInvalid(
          fmt::format("control input \"{}\" must have one control", Printable(input.name, 64)));
    input.controls.front().input = input.name;
    sequences.controls.push_back(std::move(input.controls.front()));
  }
  return {};
}

/// Zero is what a first state is; anything else in its place is refused.
constexpr ConfigField<SequenceState> kInitialFields[] = {
    {"name", [](const Json&, SequenceState&) { return Status(); }},
    {"data_type", [](const Json&, SequenceState&) { return Status(); }},
    {"dims", [](const Json&, SequenceState&) { return Status(); }},
    {"zero_data", [](const Json& json, SequenceState&) { return ReadBool(json).status(); }},
};

constexpr ConfigField<SequenceState> kStateFields[] = {
    {"input_name",
     [](const Json& json, SequenceState& state) -> Status {
       SLIPWAY_TRY(state.input, ReadText(json));
       return {};
     }},
    {"output_name",
     [](const Json& json, SequenceState& state) -> Status {
       SLIPWAY_TRY(state.output, ReadText(json));
       return {};
     }},
    {"data_type",
     [](const Json& json, SequenceState& state) -> Status {
       SLIPWAY_TRY(state.dtype, ReadType(json));
       return {};
     }},
    {"dims",
     [](const Json& json, SequenceState& state) -> Status {
       SLIPWAY_TRY(const std::vector<const Json*> dims, ConfigElements(json));
       for (const Json* dim : dims) {
         SLIPWAY_TRY(const std::int64_t size, ReadSigned(*dim));
         if (size < -1) return ConfigInvalid(fmt::format("{} is no dimension", size));
         state.dims.push_back(size);
       }
       return {};
     }},
    {"initial_state",
     [](const Json& json, SequenceState& state) -> Status {
       SLIPWAY_TRY(const std::vector<const Json*> elements, ConfigElements(json));
       for (const Json* element : elements)
         SLIPWAY_RETURN_IF_ERROR(ReadConfigObject<SequenceState>(*element, kInitialFields, state));
       return {};
     }},
    // How another server keeps its memory; without effect on answers.
    {"use_same_buffer_for_input_output",
     [](const Json& json, SequenceState&) { return ReadBool(json).status(); }},
};

constexpr ConfigField<SequenceBatching> kDirectFields[] = {
    // Requests of a sequence come one by one, and whose turn it is runs at once.
    {"max_queue_delay_microseconds",
     [](const Json& json, SequenceBatching&) { return ReadUnsigned(json).status(); }},
};

constexpr ConfigField<SequenceBatching> kOldestFields[] = {
    {"max_candidate_sequences",
     [](const Json& json, SequenceBatching& sequences) -> Status {
       SLIPWAY_TRY(const std::uint64_t most, ReadUnsigned(json, SequenceBatching::kMaxCandidates));
       sequences.max_candidates = static_cast<std::uint32_t>(most);
       return {};
     }},
    {"max_queue_delay_microseconds",
     [](const Json& json, SequenceBatching&) { return ReadUnsigned(json).status(); }},
};

constexpr ConfigField<SequenceBatching> kSequenceFields[] = {
    {"max_sequence_idle_microseconds",
     [](const Json& json, SequenceBatching& sequences) -> Status {
       using std::chrono::microseconds;
       constexpr auto kMost = microseconds(SequenceBatching::kMaxIdle).count();
       SLIPWAY_TRY(const std::uint64_t idle, ReadUnsigned(json, std::uint64_t{kMost}));
       if (idle > 0) sequences.max_idle = microseconds(idle);
       return {};
     }},
    {"control_input", ReadControlInputs},
    {"state",
     [](const Json& json, SequenceBatching& sequences) {
       return ReadConfigList<SequenceState>(json, kStateFields, sequences.states);
     }},
    {"direct",
     [](const Json& json, SequenceBatching& sequences) {
       return ReadConfigObject<SequenceBatching>(json, kDirectFields, sequences);
     }},
    {"oldest",
     [](const Json& json, SequenceBatching& sequences) {
       sequences.is_oldest = true;
       return ReadConfigObject<SequenceBatching>(json, kOldestFields, sequences);
     }},
};

OrderedJson EncodeControl(const SequenceControl& control) {
  OrderedJson encoded;
  for (const auto& [name, kind] : kKinds) {
    if (kind == control.kind) encoded["kind"] = name;
  }
  if (control.kind == Kind::kId) {
    encoded["data_type"] = TypeName(control.dtype);
  } else if (control.dtype == DType::kI32) {
    encoded["int32_false_true"] = {static_cast<std::int32_t>(control.when_false),
                                   static_cast<std::int32_t>(control.when_true)};
  } else if (control.dtype == DType::kF32) {
    encoded["fp32_false_true"] = {control.when_false, control.when_true};
  } else {
    encoded["bool_false_true"] = {control.when_false != 0, control.when_true != 0};
  }
  return {{"name", control.input}, {"control", OrderedJson::array({std::move(encoded)})}};
}

OrderedJson EncodeState(const SequenceState& state) {
  return {{"input_name", state.input},
          {"output_name", state.output},
          {"data_type", TypeName(state.dtype)},
          {"dims", state.dims}};
}

}  // namespace

Status ReadSequenceBatching(const Json& json, SequenceBatching& sequences) {
  if (json.is_object() && json.contains("direct") && json.contains("oldest"))
    return ConfigInvalid("there is one strategy: \"direct\" or \"oldest\"");
  return ReadConfigObject<SequenceBatching>(json, kSequenceFields, sequences);
}

OrderedJson EncodeSequenceBatching(const SequenceBatching& sequences) {
  OrderedJson encoded = {{"max_sequence_idle_microseconds", sequences.max_idle.count()}};
  encoded["control_input"] = OrderedJson::array();
  for (const SequenceControl& control : sequences.controls)
    encoded["control_input"].push_back(EncodeControl(control));
  encoded["state"] = OrderedJson::array();
  for (const SequenceState& state : sequences.states)
    encoded["state"].push_back(EncodeState(state));
  if (sequences.is_oldest) {
    encoded["oldest"] = {{"max_candidate_sequences", sequences.max_candidates}};
  } else {
    encoded["direct"] = OrderedJson::object();
  }
  return encoded;
}

}  // namespace slipway::serve
