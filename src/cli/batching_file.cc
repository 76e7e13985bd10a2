#include "cli/batching_file.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "repository/batching_parameters.h"
#include "serve/control/model_config_json.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

}  // namespace

Result<serve::ModelConfig> ReadBatchingFile(const std::string& path, const Context& context) {
  const auto refuse = [&](Status status) {
    return std::move(status).With(errors::kUsage).At(path);
  };
  SLIPWAY_TRY(const std::string text, ReadFile(path, kMaxFileBytes));
  auto parameters = repository::ParseBatchingParameters(text);
  if (!parameters.ok()) return refuse(std::move(parameters).status());
  for (const std::string& field : parameters->ignored)
    context.Warn(fmt::format("{}: without effect: {}", path, field));
  Result<serve::ModelConfig> config = serve::ParseModelConfig(parameters->config_json);
  if (!config.ok()) return refuse(std::move(config).status());
  return config;
}

}  // namespace slipway::cli
