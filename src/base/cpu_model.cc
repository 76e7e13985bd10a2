#include "base/cpu_model.h"

#include <sys/utsname.h>

#include "base/file.h"
#include "base/text.h"

namespace slipway {

std::string CpuModel(const std::string& system_root) {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
  const Result<std::string> info = ReadFile(system_root + "/proc/cpuinfo", kMaxBytes);
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

}  // namespace slipway
