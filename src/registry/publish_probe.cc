// What the kill test kills: publishes into a store, with every failpoint compiled in.
//
//   publish_probe STORE MODEL CONTENT    publishes one version and prints its number
//   publish_probe STORE MODEL --forever  prints 0 when the store is open, then publishes on and on
//   publish_probe STORE MODEL --thrice   publishes three times, prints 0 for one that failed

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "registry/registry.h"

namespace slipway::registry {
namespace {

void Say(std::int64_t number) {
  const std::string line = fmt::format("{}\n", number);
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, line.data(), line.size());
}

/// Weights come as a file, as an import leaves them; the graph as bytes.
Result<package::Manifest> AddFiles(const package::BlobStore& blobs, const std::string& content) {
  SLIPWAY_TRY(const TemporaryDirectory work, TemporaryDirectory::Create("publish-probe-"));
  const std::string path = work.path() + "/weights";
  const std::string weights(100'000, content.front());
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(path, weights + content));
  package::Manifest manifest;
  manifest.name = "m";
  SLIPWAY_TRY(manifest.weights, blobs.AddFile(path));
  SLIPWAY_TRY(manifest.graph, blobs.Add(std::as_bytes(std::span(content))));
  manifest.signature.outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1}}};
  return manifest;
}

Result<std::int64_t> PublishOne(Registry& registry, const std::string& model,
                                const std::string& content) {
  SLIPWAY_TRY(const package::Manifest manifest, AddFiles(registry.blobs(), content));
  SLIPWAY_TRY(const ModelVersion version, registry.Publish(model, manifest));
  return version.version;
}

Status Run(const std::string& folder, const std::string& model, const std::string& content) {
  SLIPWAY_TRY(const std::unique_ptr<Registry> registry, Registry::Open(folder));
  if (content == "--thrice") {
    for (const char* one : {"first", "second", "third"}) {
      const Result<std::int64_t> version = PublishOne(*registry, model, one);
      Say(version.ok() ? *version : 0);
    }
    return {};
  }
  if (content != "--forever") {
    SLIPWAY_TRY(const std::int64_t version, PublishOne(*registry, model, content));
    Say(version);
    return {};
  }
  Say(0);
  for (int i = 0;; ++i) {
    SLIPWAY_TRY(const std::int64_t version,
                PublishOne(*registry, model, fmt::format("{} of {}", i, getpid())));
    Say(version);
  }
}

}  // namespace
}  // namespace slipway::registry

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const slipway::Status status = slipway::registry::Run(argv[1], argv[2], argv[3]);
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.ToString());
  return 1;
}
