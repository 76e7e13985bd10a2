#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "registry/registry.h"

namespace slipway::registry {

/// A manifest over blobs that are made of `content`, added to the store.
inline package::Manifest AddPackage(const package::BlobStore& blobs, const std::string& content) {
  const auto add = [&](const std::string& text) {
    return *blobs.Add(std::as_bytes(std::span(text)));
  };
  package::Manifest manifest;
  manifest.name = "m";
  manifest.graph = add("graph " + content);
  manifest.weights = add("weights " + content);
  manifest.signature.outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1}}};
  return manifest;
}

/// A store in a folder of its own.
class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("registry-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
    Reopen();
  }
  std::string Folder() const { return folder_->path(); }
  void Reopen() {
    registry_.reset();
    Result<std::unique_ptr<Registry>> registry = Registry::Open(Folder());
    ASSERT_TRUE(registry.ok()) << registry.status().ToString();
    registry_ = std::move(registry).value();
  }
  Result<ModelVersion> Publish(const std::string& model, const std::string& content) {
    return registry_->Publish(model, AddPackage(registry_->blobs(), content));
  }
  /// 0 if it failed.
  std::int64_t Published(const std::string& model, const std::string& content) {
    const Result<ModelVersion> version = Publish(model, content);
    EXPECT_TRUE(version.ok()) << version.status().ToString();
    return version.ok() ? version->version : 0;
  }
  std::vector<std::int64_t> Numbers(const std::string& model) {
    std::vector<std::int64_t> numbers;
    const Result<std::vector<ModelVersion>> versions = registry_->ListVersions(model);
    if (!versions.ok()) return numbers;
    for (const ModelVersion& version : *versions) numbers.push_back(version.version);
    return numbers;
  }

  std::optional<TemporaryDirectory> folder_;
  std::unique_ptr<Registry> registry_;
};

}  // namespace slipway::registry
