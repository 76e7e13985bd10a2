#include "engine/onnxruntime/ort_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/onnxruntime/ort_reason.h"

namespace slipway::engine {

namespace {

/// The oldest release whose functions are all used here.
constexpr unsigned kOldestApi = 24;

std::vector<std::string> PlacesToLook(const std::string& path) {
  if (!path.empty()) return {path};
  if (const char* named = std::getenv("SLIPWAY_ORT_LIBRARY"); named != nullptr && *named != '\0') {
    return {named};
  }
  std::vector<std::string> places;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const char* beside : {"lib/libonnxruntime.so", "../lib/libonnxruntime.so"}) {
    const std::filesystem::path place = (program.parent_path() / beside).lexically_normal();
    if (!error && std::filesystem::exists(place, error)) places.push_back(place.string());
  }
  places.insert(places.end(), {"libonnxruntime.so", "libonnxruntime.so.1"});
  return places;
}

Status NoLibrary(std::string message) {
  return NotFound(std::move(message))
      .With(errors::kEngineNotFound)
      .Hint("tools/bootstrap fetches it; SLIPWAY_ORT_LIBRARY=/path/to/libonnxruntime.so names one");
}

/// The minor number of "1.MINOR.PATCH".
std::optional<unsigned> MinorOf(std::string_view version) {
  const std::vector<std::string_view> parts = Split(version, '.');
  if (parts.size() < 2 || parts[0] != "1") return std::nullopt;
  const std::optional<std::uint64_t> minor = ParseUint64(parts[1]);
  return minor ? std::optional(static_cast<unsigned>(std::min<std::uint64_t>(*minor, 9999)))
               : std::nullopt;
}

std::string FileWith(const void* function) {
  Dl_info found;
  if (dladdr(function, &found) == 0 || found.dli_fname == nullptr) return {};
  std::error_code error;
  return std::filesystem::absolute(found.dli_fname, error).string();
}

/// Asks for exactly the functions that both sides know. Probing would print to stderr, so the
/// number is read off the library's version.
Result<OrtLibrary> ReadApi(void* handle, const std::string& place) {
  using GetBase = const OrtApiBase* (*)();
  const auto get_base = reinterpret_cast<GetBase>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) return NoLibrary(fmt::format("{} is not ONNX Runtime", place));
  const OrtApiBase* base = get_base();
  OrtLibrary library{.version = base->GetVersionString(),
                     .loaded_from = place,
                     .file = FileWith(reinterpret_cast<const void*>(get_base))};
  const std::optional<unsigned> minor = MinorOf(library.version);
  if (!minor || *minor < kOldestApi) {
    return NoLibrary(fmt::format("ONNX Runtime {} is too old: 1.{} or later is needed",
                                 library.version, kOldestApi));
  }
  library.minor = *minor;
  library.api = base->GetApi(std::min<std::uint32_t>(ORT_API_VERSION, library.minor));
  if (library.api == nullptr) {
    return NoLibrary(fmt::format("ONNX Runtime {} does not offer its functions", library.version));
  }
  return library;
}

/// What goes wrong comes back as a status; the library's own lines are for a debugging session.
void ORT_API_CALL LogFromOrt(void*, OrtLoggingLevel, const char* category, const char*, const char*,
                             const char* message) {
  Log(LogLevel::kDebug, "onnxruntime {}: {}", category, message);
}

}  // namespace

Result<OrtLibrary> OpenOrtLibrary(const std::string& path) {
  // Some builds of the library report use to their maker, from a database in the user's home. Ours
  // says nothing to anybody; it reads this once, when it is opened.
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  std::vector<std::string> reasons;
  for (const std::string& place : PlacesToLook(path)) {
    // Never closed: its threads and exit handlers do not stand that.
    void* handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return ReadApi(handle, place);
    reasons.emplace_back(dlerror());
  }
  return NoLibrary(fmt::format("cannot open ONNX Runtime: {}", fmt::join(reasons, "; ")));
}

Result<std::shared_ptr<const OrtRuntime>> MakeOrtRuntime(OrtLibrary library) {
  const OrtApi* api = library.api;
  OrtEnv* env = nullptr;
  SLIPWAY_RETURN_IF_ERROR(
      RunFailure(*api, api->CreateEnvWithCustomLogger(LogFromOrt, nullptr, ORT_LOGGING_LEVEL_ERROR,
                                                      "slipway", &env)));
  OrtHandle<OrtEnv> owned_env(env, OrtRelease{api});
  OrtMemoryInfo* cpu = nullptr;
  SLIPWAY_RETURN_IF_ERROR(
      RunFailure(*api, api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &cpu)));
  OrtHandle<OrtMemoryInfo> owned_cpu(cpu, OrtRelease{api});
  auto memory =
      std::make_unique<OrtMemory>(cpu, std::min(library.minor, unsigned{ORT_API_VERSION}));
  SLIPWAY_RETURN_IF_ERROR(RunFailure(*api, api->RegisterAllocator(env, memory->allocator())));
  OrtAllocator* allocator = nullptr;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(*api, api->GetAllocatorWithDefaultOptions(&allocator)));
  return std::make_shared<const OrtRuntime>(OrtRuntime{std::move(library), std::move(owned_cpu),
                                                       std::move(memory), std::move(owned_env),
                                                       allocator});
}

}  // namespace slipway::engine
