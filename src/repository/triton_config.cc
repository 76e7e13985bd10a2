#include "repository/triton_config.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <model_config.pb.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "repository/proto_text.h"

namespace slipway::repository {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;

enum class Effect {
  kRead,     // this room uses it
  kInside,   // so does it, field by field
  kPassed,   // the scheduler uses it, whole
  kIgnored,  // no effect, for the reason given
};
struct FieldRule {
  std::string_view path;
  Effect effect;
  std::string_view reason = "";
};
constexpr FieldRule kRules[] = {
    {"name", Effect::kRead},
    {"platform", Effect::kRead},
    {"backend", Effect::kRead},
    {"version_policy", Effect::kRead},
    {"default_model_filename", Effect::kRead},
    {"input", Effect::kInside},
    {"input.name", Effect::kRead},
    {"input.data_type", Effect::kRead},
    {"input.dims", Effect::kRead},
    {"input.format", Effect::kIgnored, "the model's own shape counts"},
    {"input.reshape", Effect::kIgnored, "requests have the model's own shape"},
    {"input.optional", Effect::kIgnored, "the model says which inputs it needs"},
    {"input.allow_ragged_batch", Effect::kIgnored, "requests of different shapes have a run each"},
    {"output", Effect::kInside},
    {"output.name", Effect::kRead},
    {"output.data_type", Effect::kRead},
    {"output.dims", Effect::kRead},
    {"output.label_filename", Effect::kRead},
    {"output.reshape", Effect::kIgnored, "answers have the model's own shape"},
    {"max_batch_size", Effect::kPassed},
    {"dynamic_batching", Effect::kInside},
    {"dynamic_batching.preferred_batch_size", Effect::kPassed},
    {"dynamic_batching.max_queue_delay_microseconds", Effect::kPassed},
    {"dynamic_batching.priority_levels", Effect::kPassed},
    {"dynamic_batching.default_priority_level", Effect::kPassed},
    {"dynamic_batching.default_queue_policy", Effect::kPassed},
    {"dynamic_batching.priority_queue_policy", Effect::kPassed},
    {"dynamic_batching.preserve_ordering", Effect::kIgnored,
     "answers leave when they are ready; a connection's own stay in order"},
    {"instance_group", Effect::kIgnored, "one thread budget shares the cores among all models"},
    {"optimization", Effect::kIgnored, "the engine optimizes every model it loads"},
    {"model_warmup", Effect::kIgnored, "every model is run before it is ready"},
    {"parameters", Effect::kIgnored, "they are another engine's settings"},
    {"runtime", Effect::kIgnored, "there is one engine"},
    {"model_metrics", Effect::kIgnored, "metrics have fixed buckets"},
    {"model_operations", Effect::kIgnored, "no code beside a model is loaded"},
    {"model_repository_agents", Effect::kIgnored, "no code beside a model is loaded"},
    {"response_cache", Effect::kPassed},
    {"sequence_batching", Effect::kInside},
    {"sequence_batching.max_sequence_idle_microseconds", Effect::kPassed},
    {"sequence_batching.control_input", Effect::kPassed},
    {"sequence_batching.state", Effect::kPassed},
    {"sequence_batching.direct", Effect::kInside},
    {"sequence_batching.direct.max_queue_delay_microseconds", Effect::kPassed},
    {"sequence_batching.direct.minimum_slot_utilization", Effect::kIgnored,
     "sequences have no slots; they share runs as other requests do"},
    {"sequence_batching.oldest", Effect::kInside},
    {"sequence_batching.oldest.max_candidate_sequences", Effect::kPassed},
    {"sequence_batching.oldest.max_queue_delay_microseconds", Effect::kPassed},
    {"sequence_batching.oldest.preferred_batch_size", Effect::kIgnored,
     "sequences share runs as other requests do"},
    {"sequence_batching.oldest.preserve_ordering", Effect::kIgnored,
     "answers leave when they are ready; those of a sequence stay in order"},
    {"model_transaction_policy", Effect::kIgnored, "every request has one answer"},
    {"ensemble_scheduling", Effect::kInside},
    {"ensemble_scheduling.step", Effect::kInside},
    {"ensemble_scheduling.step.model_name", Effect::kPassed},
    {"ensemble_scheduling.step.model_version", Effect::kPassed},
    {"ensemble_scheduling.step.model_namespace", Effect::kPassed},
    {"ensemble_scheduling.step.input_map", Effect::kPassed},
    {"ensemble_scheduling.step.output_map", Effect::kPassed},
    {"ensemble_scheduling.max_inflight_requests", Effect::kIgnored,
     "the queues of its models are bounded"},
};

struct BackendRule {
  std::string_view name;
  std::string_view refusal;  // empty: it is here
};
constexpr BackendRule kBackends[] = {
    {"", ""},
    {"onnxruntime", ""},
    {"onnxruntime_onnx", ""},
    {"keras", ""},
    {"tensorrt", "TensorRT plans are not read: serve their ONNX source"},
    {"tensorrt_plan", "TensorRT plans are not read: serve their ONNX source"},
    {"pytorch", "TorchScript is not read: export the model with torch.onnx.export"},
    {"pytorch_libtorch", "TorchScript is not read: export the model with torch.onnx.export"},
    {"tensorflow", "TensorFlow graphs are not read: convert the model to ONNX"},
    {"tensorflow_savedmodel", "SavedModel folders are not read: convert the model to ONNX"},
    {"tensorflow_graphdef", "TensorFlow graphs are not read: convert the model to ONNX"},
    {"openvino", "OpenVINO files are not read: serve what they were made of"},
    {"python", "Python is never run here: export the network inside the model"},
    {"ensemble", "an ensemble needs ensemble_scheduling"},
};

const FieldRule* RuleOf(std::string_view path) {
  const auto* rule = std::ranges::find(kRules, path, &FieldRule::path);
  return rule == std::end(kRules) ? nullptr : rule;
}

void NoteIgnored(const std::string& path, std::string_view reason,
                 std::vector<std::string>& ignored) {
  std::string note = fmt::format("{}: {}", path, reason.empty() ? "not used here" : reason);
  if (std::ranges::find(ignored, note) == ignored.end()) ignored.push_back(std::move(note));
}

// Names what has no effect, and takes it out, so that what is left can be passed on.
void DropIgnored(Message& message, const std::string& prefix, std::vector<std::string>& ignored) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = prefix + field->name();
    const FieldRule* rule = RuleOf(path);
    if (rule == nullptr || rule->effect == Effect::kIgnored) {
      NoteIgnored(path, rule == nullptr ? "" : rule->reason, ignored);
      reflection.ClearField(&message, field);
    } else if (rule->effect == Effect::kInside && field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i)
        DropIgnored(*reflection.MutableRepeatedMessage(&message, field, i), path + ".", ignored);
    } else if (rule->effect == Effect::kInside) {
      DropIgnored(*reflection.MutableMessage(&message, field), path + ".", ignored);
    }
  }
}

Result<VersionPolicy> ReadPolicy(const inference::ModelVersionPolicy& policy) {
  switch (policy.policy_choice_case()) {
    case inference::ModelVersionPolicy::kAll:
      return VersionPolicy{.kind = VersionPolicy::Kind::kAll, .versions = {}};
    case inference::ModelVersionPolicy::kSpecific: {
      const auto& versions = policy.specific().versions();
      return VersionPolicy{.kind = VersionPolicy::Kind::kSpecific,
                           .versions = {versions.begin(), versions.end()}};
    }
    case inference::ModelVersionPolicy::kLatest:
      // Triton takes 0, the unset number, for 1.
      return VersionPolicy{.count = std::max<std::int64_t>(1, policy.latest().num_versions()),
                           .versions = {}};
    case inference::ModelVersionPolicy::POLICY_CHOICE_NOT_SET:
      break;
  }
  return VersionPolicy{};
}

DType ReadType(inference::DataType type) {
  const std::string& name = inference::DataType_Name(type);  // TYPE_FP32
  constexpr std::string_view kPrefix = "TYPE_";
  if (type == inference::TYPE_STRING) return DType::kString;
  if (!name.starts_with(kPrefix)) return DType::kUndefined;
  return DTypeFromOip(std::string_view(name).substr(kPrefix.size())).value_or(DType::kUndefined);
}

template <class Tensor>
DeclaredTensor ReadTensor(const Tensor& tensor) {
  return {.name = tensor.name(),
          .dtype = ReadType(tensor.data_type()),
          .dims = {tensor.dims().begin(), tensor.dims().end()},
          .label_file = ""};
}

void ReadTensors(const inference::ModelConfig& config, ModelSettings& settings) {
  for (const auto& input : config.input()) settings.inputs.push_back(ReadTensor(input));
  for (const auto& output : config.output()) {
    settings.outputs.push_back(ReadTensor(output));
    settings.outputs.back().label_file = output.label_filename();
  }
}

// Requests that come back change what an answer is: without them nothing is served.
std::string ReasonAgainst(const inference::ModelConfig& config) {
  if (config.has_ensemble_scheduling()) {
    const bool is_ensemble =
        config.backend().empty() && (config.platform().empty() || config.platform() == "ensemble");
    return is_ensemble ? "" : "a model with ensemble_scheduling has the platform \"ensemble\"";
  }
  if (!config.batch_input().empty() || !config.batch_output().empty())
    return "batch_input, batch_output: tensors that describe a batch are not made";
  if (config.sequence_batching().iterative_sequence())
    return "iterative_sequence: requests that come back are not served";
  const std::string& name = config.backend().empty() ? config.platform() : config.backend();
  const auto* rule = std::ranges::find(kBackends, std::string_view(name), &BackendRule::name);
  if (rule != std::end(kBackends)) return std::string(rule->refusal);
  return fmt::format("backend \"{}\" is not here", Printable(name, 64));
}

Result<std::string> JsonOf(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return json;
  return InvalidArgument("its scheduling cannot be read").With(errors::kInvalidPackage);
}

Result<std::string> SchedulingJson(const inference::ModelConfig& config) {
  inference::ModelConfig scheduling;
  scheduling.set_max_batch_size(config.max_batch_size());
  if (config.has_dynamic_batching())
    *scheduling.mutable_dynamic_batching() = config.dynamic_batching();
  if (config.has_sequence_batching())
    *scheduling.mutable_sequence_batching() = config.sequence_batching();
  if (config.has_response_cache()) *scheduling.mutable_response_cache() = config.response_cache();
  return JsonOf(scheduling);
}

}  // namespace

Result<ModelSettings> ParseTritonConfig(std::string_view text) {
  if (text.size() > kMaxTextBytes)
    return InvalidArgument("a configuration of more than 1 MiB").With(errors::kInvalidPackage);
  inference::ModelConfig config;
  ModelSettings settings;
  SLIPWAY_RETURN_IF_ERROR(ParseProtoText(text, config, settings.ignored));
  settings.name = config.name();
  settings.refusal = ReasonAgainst(config);
  if (!settings.refusal.empty()) return settings;
  DropIgnored(config, "", settings.ignored);
  if (config.max_batch_size() < 0) {
    return InvalidArgument(fmt::format("max_batch_size {} is negative", config.max_batch_size()))
        .With(errors::kInvalidPackage);
  }
  SLIPWAY_TRY(settings.policy, ReadPolicy(config.version_policy()));
  settings.model_file = config.default_model_filename();
  settings.max_batch_size = config.max_batch_size();
  ReadTensors(config, settings);
  SLIPWAY_TRY(settings.config_json, SchedulingJson(config));
  if (config.has_ensemble_scheduling()) {
    SLIPWAY_TRY(settings.ensemble_json, JsonOf(config.ensemble_scheduling()));
  }
  return settings;
}

}  // namespace slipway::repository
