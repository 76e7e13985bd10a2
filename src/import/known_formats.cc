#include "import/known_formats.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::import {

namespace {

constexpr std::size_t kHead = 4096;
constexpr std::size_t kTail = 65536;  ///< the names in a zip's directory stand at its end

/// The parts of a file by which its format is told.
struct Glance {
  std::string_view head;
  std::string_view tail;
  std::string_view name;
  std::uint64_t size;
};

bool IsZip(const Glance& glance) { return glance.head.starts_with("PK\x03\x04"); }
bool ZipNames(const Glance& glance, std::string_view entry) {
  return IsZip(glance) && glance.tail.find(entry) != std::string_view::npos;
}
bool IsJson(const Glance& glance) {
  const std::size_t first = glance.head.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && glance.head[first] == '{';
}

bool IsEmpty(const Glance& glance) { return glance.size == 0; }
bool IsHdf5(const Glance& glance) { return glance.head.starts_with("\x89HDF\r\n\x1a\n"); }
bool IsKerasZip(const Glance& glance) {
  return ZipNames(glance, "metadata.json") || ZipNames(glance, "model.weights.h5");
}
bool IsPickle(const Glance& glance) {
  return glance.head.size() > 2 && glance.head[0] == '\x80' && glance.head[1] >= 2 &&
         glance.head[1] <= 5;
}
bool IsTorchZip(const Glance& glance) { return ZipNames(glance, "/data.pkl"); }
bool IsNumpyArchive(const Glance& glance) {
  return ZipNames(glance, ".npy") || glance.head.starts_with("\x93NUMPY");
}
bool IsTflite(const Glance& glance) {
  return glance.head.size() >= 8 && glance.head.substr(4, 4) == "TFL3";
}
bool IsTfjs(const Glance& glance) {
  return IsJson(glance) && (glance.head.find("\"layers-model\"") != std::string_view::npos ||
                            glance.head.find("\"graph-model\"") != std::string_view::npos ||
                            glance.head.find("\"modelTopology\"") != std::string_view::npos ||
                            glance.tail.find("\"weightsManifest\"") != std::string_view::npos);
}
bool IsKerasJson(const Glance& glance) {
  return IsJson(glance) && glance.head.find("\"class_name\"") != std::string_view::npos;
}
/// SavedModel{int64 schema_version = 1; repeated MetaGraphDef meta_graphs = 2}.
bool IsSavedModel(const Glance& glance) {
  return glance.head.starts_with("\x08\x01\x12") || glance.name == "saved_model.pb";
}
/// GraphDef{repeated NodeDef node = 1}, NodeDef{string name = 1}.
bool IsGraphDef(const Glance& glance) {
  return glance.name.ends_with(".pb") && glance.head.starts_with("\x0a");
}
/// A length of 8 bytes, then a JSON header of that length.
bool IsSafetensors(const Glance& glance) {
  return glance.head.size() > 9 && glance.head.substr(6, 2) == std::string_view("\0\0", 2) &&
         glance.head[8] == '{' && glance.head[9] == '"';
}
bool IsGguf(const Glance& glance) { return glance.head.starts_with("GGUF"); }
bool IsGzip(const Glance& glance) { return glance.head.starts_with("\x1f\x8b"); }
bool IsOnnxText(const Glance& glance) {
  return glance.head.starts_with("ir_version") || glance.head.starts_with("<\n  ir_version") ||
         glance.head.starts_with("producer_name:");
}

struct KnownFormat {
  bool (*matches)(const Glance&);
  std::string_view message;
  std::string_view hint;
};

/// Asked in this order: the surest signs first.
constexpr KnownFormat kKnownFormats[] = {
    {IsEmpty, "the file is empty", "write the model again"},
    {IsTorchZip, "this is a PyTorch archive (.pt, .pth): it holds pickled Python objects",
     "export the model in Python: torch.onnx.export(model, inputs, \"model.onnx\")"},
    {IsKerasZip, "this looks like a Keras archive whose contents cannot be read",
     "save the whole model again: model.save(\"model.keras\")"},
    {IsNumpyArchive, "these are NumPy arrays, not a model",
     "give arrays as inputs of a model: slipway run MODEL -i name=@file.npy"},
    {IsHdf5, "this is an HDF5 file without a Keras model",
     "save the whole model, not only its weights: model.save(\"model.h5\")"},
    {IsTflite, "TFLite files are not imported yet",
     "save the Keras model it was made from: model.save(\"model.keras\")"},
    {IsTfjs, "TensorFlow.js models are not imported yet",
     "save the Keras model it was made from: model.save(\"model.keras\")"},
    {IsKerasJson, "this is a Keras configuration without weights",
     "save the whole model: model.save(\"model.keras\")"},
    {IsSavedModel, "TensorFlow SavedModels are not imported yet",
     "load it in Keras and save it again: model.save(\"model.keras\")"},
    {IsGraphDef, "frozen TensorFlow graphs are not imported yet",
     "save the Keras model it was made from: model.save(\"model.keras\")"},
    {IsGguf, "GGUF files are not imported yet", "export the model to ONNX"},
    {IsSafetensors, "safetensors files hold weights without a model",
     "export the model that they belong to: torch.onnx.export(model, inputs, \"model.onnx\")"},
    {IsGzip, "the file is compressed with gzip", "unpack it first: gunzip FILE"},
    {IsOnnxText, "this is an ONNX model in text form",
     "save it in binary form: onnx.save(model, \"model.onnx\")"},
};

constexpr std::string_view kWhatIsImported =
    "ONNX (.onnx) and Keras (.keras, .h5) are imported; see slipway help import";

Status Unrecognised(std::string_view message, std::string_view hint) {
  return Unimplemented(std::string(message))
      .With(errors::kUnrecognisedFormat)
      .Hint(std::string(hint));
}

}  // namespace

Status RefuseUnrecognised(const Source& source) {
  const std::string_view text = source.file->text();
  const Glance glance{.head = text.substr(0, kHead),
                      .tail = text.substr(text.size() - std::min(text.size(), kTail)),
                      .name = source.name,
                      .size = text.size()};
  if (IsPickle(glance)) {
    return PermissionDenied("pickle formats are not accepted: opening one runs code from the file")
        .With(errors::kForbiddenContent)
        .Hint("export the model to ONNX, or save it from Keras: model.save(\"model.keras\")");
  }
  const auto known = std::ranges::find_if(
      kKnownFormats, [&](const KnownFormat& format) { return format.matches(glance); });
  if (known != std::end(kKnownFormats)) return Unrecognised(known->message, known->hint);
  return Unrecognised("neither name nor content tells a known model format", kWhatIsImported);
}

}  // namespace slipway::import
