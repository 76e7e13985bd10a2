#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error_catalogue.h"
#include "serve/control/folder_source.h"

namespace slipway::serve {

/// For tests. Files whose text is "bad" cannot be imported; others take and give f32[N,2], and
/// their text is the imported graph's and the format of their lineage.
class FakeImporter final : public FileImporter {
 public:
  Result<Imported> Import(const std::string& path, const std::string& work_folder) override {
    SLIPWAY_TRY(const std::string text, ReadFile(path));
    ++imports;
    if (meanwhile) meanwhile(text);
    if (text == "bad") return InvalidArgument("not a model").With(errors::kCorruptModelFile);
    Imported imported{.manifest = {}, .graph_path = work_folder + "/model.onnx", .warnings = {}};
    SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(imported.graph_path, text));
    imported.manifest.name = "whatever";
    imported.manifest.lineage.source_format = text;
    const TensorSpec spec{.name = "x", .dtype = DType::kF32, .shape = {-1, 2}, .axis_names = {}};
    imported.manifest.signature = {.inputs = {spec}, .outputs = {spec}};
    return imported;
  }
  std::atomic<int> imports = 0;
  std::function<void(std::string_view text)>
      meanwhile;  ///< called during each import; may be empty
};

/// For tests: a folder of models, which Open() serves.
struct ModelFolder {
  TemporaryDirectory folder = TemporaryDirectory::Create("slipway-folder-").value();
  TemporaryDirectory work = TemporaryDirectory::Create("slipway-work-").value();
  FakeImporter importer;

  void Write(const std::string& path, std::string_view text) const {
    const std::filesystem::path whole = std::filesystem::path(folder.path()) / path;
    std::filesystem::create_directories(whole.parent_path());
    (void)WriteFileAtomically(whole.string(), text);
  }
  std::unique_ptr<FolderSource> Open() {
    return FolderSource::Open(folder.path(), importer, work.path()).value();
  }
};

}  // namespace slipway::serve
