#include "base/cpu_model.h"

#include <sys/utsname.h>

#include <algorithm>
#include <string_view>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"

namespace slipway {
namespace {

// The lines of a core, on x86 and on ARM, that say what code may rely on.
constexpr std::string_view kTelling[] = {"vendor_id",       "cpu family",  "model",    "flags",
                                         "CPU implementer", "CPU variant", "CPU part", "Features"};

Result<std::string> ReadInfo(const std::string& system_root) {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20;  // of machines with hundreds of cores
  return ReadFile(system_root + "/proc/cpuinfo", kMaxBytes);
}

}  // namespace

std::string CpuModel(const std::string& system_root) {
  const Result<std::string> info = ReadInfo(system_root);
  if (info.ok()) {
    for (const std::string_view line : Split(*info, '\n')) {
      if (!line.starts_with("model name")) continue;
      const std::size_t colon = line.find(':');
      if (colon != std::string_view::npos) return std::string(Trim(line.substr(colon + 1)));
    }
  }
  utsname name{};
  return uname(&name) == 0 ? name.machine : "unknown";
}

std::string CpuFeatures(const std::string& system_root) {
  constexpr std::size_t kDigits = 16;
  const Result<std::string> info = ReadInfo(system_root);
  if (!info.ok()) return {};
  Sha256 features;
  bool has_any = false;
  for (const std::string_view line : Split(*info, '\n')) {
    if (Trim(line).empty()) break;  // the next core
    const std::string_view key = Trim(line.substr(0, line.find(':')));
    if (std::ranges::find(kTelling, key) == std::end(kTelling)) continue;
    features.Update(line);
    has_any = true;
  }
  return has_any ? features.Finish().Hex().substr(0, kDigits) : std::string();
}

}  // namespace slipway
