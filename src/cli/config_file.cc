#include "cli/config_file.h"

#include <utility>

#include "base/file.h"
#include "serve/control/model_config_json.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

}  // namespace

Result<std::string> ReadConfigFile(const std::string& path) {
  if (path.empty()) return std::string();
  SLIPWAY_TRY(std::string text, ReadFile(path, kMostBytes));
  Status status = serve::ParseModelConfig(text).status();
  if (!status.ok()) return std::move(status).At(path);
  return text;
}

Result<std::string> ReadConfigFile(const std::string& path, const Signature& signature) {
  SLIPWAY_TRY(std::string text, ReadConfigFile(path));
  SLIPWAY_TRY(const serve::ModelConfig config, serve::ParseModelConfig(text));
  Status status = serve::CheckConfig(config, signature);
  if (!status.ok()) return std::move(status).At(path);
  return text;
}

}  // namespace slipway::cli
