#include "repository/model_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/log.h"

namespace slipway::repository {
namespace {

constexpr std::string_view kImportable[] = {".onnx", ".keras", ".h5", ".hdf5"};
constexpr std::string_view kUsualNames[] = {"model.onnx", "model.keras", "model.h5", "model.hdf5"};

struct ForeignFormat {
  std::string_view ending;  // of a file's or folder's name, or the whole of it
  std::string_view what;
  std::string_view advice;
};

constexpr std::string_view kToOnnx = "convert it to ONNX first";
constexpr ForeignFormat kForeign[] = {
    {"saved_model.pb", "a TensorFlow SavedModel", "save it from Keras as .keras, or convert it"},
    {"saved_model.pbtxt", "a TensorFlow SavedModel", "save it from Keras as .keras, or convert it"},
    {".savedmodel", "a TensorFlow SavedModel", "save it from Keras as .keras, or convert it"},
    {".graphdef", "a frozen TensorFlow graph", kToOnnx},
    {".plan", "a TensorRT plan, which runs on one kind of GPU only", "serve its ONNX source"},
    {".engine", "a TensorRT plan, which runs on one kind of GPU only", "serve its ONNX source"},
    {".pt", "a TorchScript file", "export it with torch.onnx.export"},
    {".pt2", "a PyTorch program", "export it with torch.onnx.export"},
    {".py", "a Python model, and Python is never run here", "export the network inside it"},
    {".xml", "an OpenVINO model", "serve the ONNX or Keras file that it was made of"},
    {".tflite", "a TensorFlow Lite file", kToOnnx},
    {".pdmodel", "a PaddlePaddle model", "convert it with paddle2onnx"},
    {".pb", "a frozen TensorFlow graph", kToOnnx},
    {".graph.pbtxt", "a MediaPipe graph", "serve the models that it names"},
};

const ForeignFormat* ForeignOf(std::string_view name) {
  const auto* found = std::ranges::find_if(
      kForeign, [&](const ForeignFormat& format) { return name.ends_with(format.ending); });
  return found == std::end(kForeign) ? nullptr : found;
}

ModelFile Refused(std::string refusal) { return {.path = "", .refusal = std::move(refusal)}; }

ModelFile RefusedFormat(std::string_view name, const ForeignFormat& format) {
  return Refused(
      fmt::format("{} is {}; it is not read: {}", Printable(name, 64), format.what, format.advice));
}

ModelFile NamedFile(const FolderSnapshot& snapshot, const std::string& path,
                    const std::string& name) {
  const FolderEntry* entry = snapshot.Find(path);
  if (entry == nullptr) return Refused(fmt::format("{} is missing", Printable(name, 64)));
  if (!entry->refusal.empty())
    return Refused(fmt::format("{} {}", Printable(name, 64), entry->refusal));
  const bool is_wrapped = entry->is_folder && name.ends_with(".onnx");
  if (is_wrapped) return NamedFile(snapshot, JoinPath(path, "model.onnx"), "model.onnx");
  if (const ForeignFormat* foreign = ForeignOf(name)) return RefusedFormat(name, *foreign);
  if (entry->is_folder) return Refused(fmt::format("{} is a folder", Printable(name, 64)));
  return {.path = path, .refusal = ""};
}

ModelFile OnlyOne(const FolderSnapshot& snapshot, const std::string& folder,
                  const std::vector<std::string>& names) {
  std::vector<std::string> models;
  std::ranges::copy_if(names, std::back_inserter(models),
                       [](const std::string& name) { return IsImportable(name); });
  if (models.size() == 1)
    return NamedFile(snapshot, JoinPath(folder, models.front()), models.front());
  if (models.size() > 1) {
    return Refused(fmt::format("there are several models: {}; name the one that counts model.onnx",
                               Printable(fmt::format("{}", fmt::join(models, ", ")))));
  }
  for (const std::string& name : names) {
    if (const ForeignFormat* foreign = ForeignOf(name)) return RefusedFormat(name, *foreign);
  }
  if (names.empty()) return Refused("the version folder is empty: is it still being copied?");
  return Refused(fmt::format("no model file: looked for *{}", fmt::join(kImportable, ", *")));
}

}  // namespace

bool IsImportable(std::string_view name) {
  return std::ranges::any_of(kImportable,
                             [&](std::string_view ending) { return name.ends_with(ending); });
}

ModelFile FindModelFile(const FolderSnapshot& snapshot, const std::string& folder,
                        const std::string& name) {
  if (!name.empty()) return NamedFile(snapshot, JoinPath(folder, name), name);
  const std::vector<std::string> names = snapshot.NamesIn(folder);
  for (const std::string_view usual : kUsualNames) {
    if (std::ranges::find(names, usual) != names.end())
      return NamedFile(snapshot, JoinPath(folder, usual), std::string(usual));
  }
  return OnlyOne(snapshot, folder, names);
}

}  // namespace slipway::repository
