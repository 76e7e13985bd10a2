#include "engine/onnxruntime/onnxruntime_engine.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/cpu_model.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/sha256.h"
#include "engine/onnxruntime/ort_executable.h"
#include "engine/onnxruntime/ort_library.h"
#include "engine/onnxruntime/ort_reason.h"
#include "engine/onnxruntime/ort_signature.h"
#include "engine/onnxruntime/weight_layout.h"

namespace slipway::engine {

namespace {

struct Setting {
  const char* key;
  const char* value;
};

constexpr Setting kAlways[] = {
    // Threads that wait must sleep, or an idle server burns its cores.
    {"session.intra_op.allow_spinning", "0"},
    {"session.inter_op.allow_spinning", "0"},
    // Memory comes from OrtMemory, which knows the bounds of each run.
    {"session.use_env_allocators", "1"},
    // On CPUs without VNNI the quick product of uint8 and int8 overflows, and quantized models
    // answer otherwise than where they were made; no effect on other CPUs.
    {"session.x64quantprecision", "1"},
};
/// Weights stay in the mapped file; a packed copy of each would cost more than a few slow runs.
constexpr Setting kAsItStands[] = {{"session.disable_prepacking", "1"}};

/// What one range of releases does badly, measured.
struct ReleaseLever {
  unsigned first_minor;
  unsigned last_minor;
  Setting setting;
};
constexpr ReleaseLever kReleaseLevers[] = {
    // Transformers run 11 to 14 % slower than on 1.29 with this fusion, whose kernel became five
    // times slower; on 1.29 and before, the fusion gains 10 %.
    {30, 31, {"optimization.disable_specified_optimizers", "SkipLayerNormFusion"}},
};

/// What a session is for: to compile, to compile into files, or to load what was compiled.
enum class Form : std::uint8_t { kPortable, kWritten, kCompiled };

constexpr const char* kCompiledModel = "model.onnx";
constexpr const char* kCompiledData = "model.data";
constexpr Setting kIntoFiles[] = {
    {"session.optimized_model_external_initializers_file_name", kCompiledData},
    // Smaller ones stand in the model: mapping takes a system call and a page each.
    {"session.optimized_model_external_initializers_min_size_in_bytes", "1024"},
    {"session.save_external_prepacked_constant_initializers", "1"},
};

std::vector<Setting> SessionSettings(const CompileOptions& options, Form form, unsigned minor) {
  std::vector<Setting> settings(std::begin(kAlways), std::end(kAlways));
  if (form == Form::kCompiled) return settings;
  if (form == Form::kWritten)
    settings.insert(settings.end(), std::begin(kIntoFiles), std::end(kIntoFiles));
  if (!options.optimize) {
    settings.insert(settings.end(), std::begin(kAsItStands), std::end(kAsItStands));
    return settings;
  }
  for (const ReleaseLever& lever : kReleaseLevers) {
    if (minor >= lever.first_minor && minor <= lever.last_minor) {
      settings.push_back(lever.setting);
    }
  }
  return settings;
}

/// Calls that set one thing each, and the first failure among them.
class OptionsSetter {
 public:
  explicit OptionsSetter(const OrtApi& api) : api_(api) {}
  void operator()(OrtStatus* status) {
    Status failure = RunFailure(api_, status);
    if (first_failure_.ok()) first_failure_ = std::move(failure);
  }
  Status Take() { return std::move(first_failure_); }

 private:
  const OrtApi& api_;
  Status first_failure_;
};

Result<OrtHandle<OrtSessionOptions>> MakeSessionOptions(const OrtRuntime& runtime,
                                                        const CompileOptions& options, Form form) {
  const OrtApi& api = runtime.api();
  OrtSessionOptions* raw = nullptr;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.CreateSessionOptions(&raw)));
  OrtHandle<OrtSessionOptions> session(raw, OrtRelease{&api});
  OptionsSetter set(api);
  set(api.SetIntraOpNumThreads(raw, static_cast<int>(options.intra_op_threads)));
  set(api.SetInterOpNumThreads(raw, 1));
  const bool optimizes = options.optimize && form != Form::kCompiled;
  set(api.SetSessionGraphOptimizationLevel(raw, optimizes ? ORT_ENABLE_ALL : ORT_DISABLE_ALL));
  set(options.memory_arena ? api.EnableCpuMemArena(raw) : api.DisableCpuMemArena(raw));
  // Without an arena, memory patterns leave memory behind for every new input shape: 400 MB after
  // 300 batch sizes of a small CNN.
  if (!options.memory_arena) set(api.DisableMemPattern(raw));
  for (const Setting& setting : SessionSettings(options, form, runtime.library.minor)) {
    set(api.AddSessionConfigEntry(raw, setting.key, setting.value));
  }
  SLIPWAY_RETURN_IF_ERROR(set.Take());
  return session;
}

/// External data of bytes in memory are looked for where the file would lie.
Status SetDataFolder(const OrtApi& api, OrtSessionOptions& options, const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return RunFailure(api, api.AddSessionConfigEntry(
                             &options, "session.model_external_initializers_file_folder_path",
                             folder.empty() ? "." : folder.c_str()));
}

Result<OrtHandle<OrtSession>> CreateSession(const OrtRuntime& runtime, const ModelSource& source,
                                            OrtSessionOptions& options) {
  const OrtApi& api = runtime.api();
  OrtSession* session = nullptr;
  OrtStatus* status = nullptr;
  if (source.bytes.empty()) {
    SLIPWAY_RETURN_IF_ERROR(OpenRegularFile(source.path).status());
    status = api.CreateSession(runtime.env.get(), source.path.c_str(), &options, &session);
  } else {
    if (!source.path.empty()) {
      SLIPWAY_RETURN_IF_ERROR(SetDataFolder(api, options, source.path));
    }
    status = api.CreateSessionFromArray(runtime.env.get(), source.bytes.data(), source.bytes.size(),
                                        &options, &session);
  }
  SLIPWAY_RETURN_IF_ERROR(LoadFailure(api, status, source.path));
  return OrtHandle<OrtSession>(session, OrtRelease{&api});
}

/// The session finds each by its name and then leaves the model's own bytes alone.
Result<BorrowedWeights> LendWeights(const OrtRuntime& runtime, const ModelSource& source,
                                    OrtSessionOptions& options) {
  const OrtApi& api = runtime.api();
  BorrowedWeights lent;
  for (const auto& [name, tensor] : source.weights) {
    OrtValue* value = nullptr;
    SLIPWAY_RETURN_IF_ERROR(BorrowValue(runtime, tensor.dtype, tensor.shape, tensor.bytes.data(),
                                        tensor.bytes.size(), &value));
    lent.emplace_back(value, OrtRelease{&api});
    SLIPWAY_RETURN_IF_ERROR(
        RunFailure(api, api.AddInitializer(&options, std::string(name).c_str(), value)));
  }
  return lent;
}

class OnnxRuntimeEngine final : public Engine {
 public:
  explicit OnnxRuntimeEngine(std::shared_ptr<const OrtRuntime> runtime)
      : runtime_(std::move(runtime)) {}

  std::string_view name() const override { return "onnxruntime"; }
  std::string version() const override { return runtime_->library.version; }
  std::string library() const override { return runtime_->library.file; }

  Result<std::unique_ptr<Executable>> Compile(const ModelSource& source,
                                              const CompileOptions& options) override {
    return Load(source, options, Form::kPortable);
  }

  std::string CompiledFormKey(const CompileOptions& options) const override {
    const std::string processor = CpuFeatures();
    if (!options.optimize || processor.empty()) return {};
    return fmt::format("onnxruntime {} on {}, {} threads, settings {}", version(), processor,
                       options.intra_op_threads, DigestOfSettings(options));
  }

  Status WriteCompiled(const ModelSource& source, const CompileOptions& options,
                       const std::string& folder) override {
    SLIPWAY_TRY(const OrtHandle<OrtSessionOptions> session_options,
                MakeSessionOptions(*runtime_, options, Form::kWritten));
    const std::string model = fmt::format("{}/{}", folder, kCompiledModel);
    SLIPWAY_RETURN_IF_ERROR(RunFailure(runtime_->api(), runtime_->api().SetOptimizedModelFilePath(
                                                            session_options.get(), model.c_str())));
    SLIPWAY_RETURN_IF_ERROR(CreateSession(*runtime_, source, *session_options).status());
    return AlignWeights(model, fmt::format("{}/{}", folder, kCompiledData));
  }

  Result<std::unique_ptr<Executable>> LoadCompiled(const std::string& folder,
                                                   const CompileOptions& options) override {
    return Load({.path = fmt::format("{}/{}", folder, kCompiledModel)}, options, Form::kCompiled);
  }

 private:
  Result<std::unique_ptr<Executable>> Load(const ModelSource& source, const CompileOptions& options,
                                           Form form) {
    SLIPWAY_TRY(const OrtHandle<OrtSessionOptions> session_options,
                MakeSessionOptions(*runtime_, options, form));
    SLIPWAY_TRY(BorrowedWeights weights, LendWeights(*runtime_, source, *session_options));
    SLIPWAY_TRY(OrtHandle<OrtSession> session, CreateSession(*runtime_, source, *session_options));
    SLIPWAY_TRY(Signature signature, ReadSignature(*runtime_, *session));
    return std::unique_ptr<Executable>(std::make_unique<OrtExecutable>(
        runtime_, std::move(weights), std::move(session), std::move(signature)));
  }

  /// A release of ours that compiles otherwise shall not load what an earlier one wrote.
  std::string DigestOfSettings(const CompileOptions& options) const {
    Sha256 digest;
    digest.Update(fmt::format("weights at {} and {}\n", kWeightAlignment, kPageAlignment));
    for (const Form form : {Form::kWritten, Form::kCompiled}) {
      for (const auto& [key, value] : SessionSettings(options, form, runtime_->library.minor))
        digest.Update(fmt::format("{}={}\n", key, value));
    }
    return digest.Finish().Hex().substr(0, 16);
  }

  std::shared_ptr<const OrtRuntime> runtime_;
};

}  // namespace

Result<std::unique_ptr<Engine>> OpenOnnxRuntime(const OnnxRuntimeOptions& options) {
  SLIPWAY_TRY(OrtLibrary library, OpenOrtLibrary(options.library));
  SLIPWAY_TRY(std::shared_ptr<const OrtRuntime> runtime, MakeOrtRuntime(std::move(library)));
  return std::unique_ptr<Engine>(std::make_unique<OnnxRuntimeEngine>(std::move(runtime)));
}

}  // namespace slipway::engine
