#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>

#include "engine/engine.h"

namespace slipway::engine {

/// For tests: an executable that does nothing.
class NoModel final : public Executable {
 public:
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView>, std::span<const std::size_t>, std::span<TensorBuffer>,
             const RunLimits&) const override {
    return {};
  }

 private:
  Signature signature_;
};

/// For tests: writes two files for a model, and loads only what it wrote.
class FileEngine final : public Engine {
 public:
  std::string form = "release 1";
  std::atomic<int> compiled = 0;
  std::atomic<int> written = 0;
  bool can_write = true;

  std::string_view name() const override { return "file"; }
  std::string version() const override { return "1"; }
  Result<std::unique_ptr<Executable>> Compile(const ModelSource& source,
                                              const CompileOptions&) override {
    ++compiled;
    if (source.path.find("broken") != std::string::npos) return InvalidArgument("no model");
    return std::unique_ptr<Executable>(std::make_unique<NoModel>());
  }
  std::string CompiledFormKey(const CompileOptions&) const override { return form; }
  Status WriteCompiled(const ModelSource& source, const CompileOptions&,
                       const std::string& folder) override {
    ++written;
    if (!can_write || source.path.find("broken") != std::string::npos)
      return InvalidArgument("it cannot be written");
    std::ofstream(folder + "/model") << "model of " << source.path;
    std::ofstream(folder + "/data") << std::string(1000, 'd');
    return {};
  }
  Result<std::unique_ptr<Executable>> LoadCompiled(const std::string& folder,
                                                   const CompileOptions&) override {
    if (!std::filesystem::exists(folder + "/data")) return DataLoss("no data");
    return std::unique_ptr<Executable>(std::make_unique<NoModel>());
  }
};

}  // namespace slipway::engine
