#include "sandbox/find_program.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace slipway::sandbox {

Result<std::string> FindProgram(std::string_view name) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& candidate : {folder / "libexec", folder.parent_path() / "libexec"}) {
    if (fs::exists(candidate / name, error)) return (candidate / name).string();
  }
  return NotFound(fmt::format("libexec/{} is missing beside {}", name, folder.string()))
      .Hint("install Slipway whole: some of its work runs in programs of its own");
}

}  // namespace slipway::sandbox
