#include "import/onnx/onnx_importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "graph/for_each_tensor.h"
#include "graph/onnx/check.h"
#include "graph/onnx_file.h"
#include "import/onnx/recognise.h"
#include "import/onnx/refusals.h"
#include "import/onnx/signature.h"

namespace slipway::import {

namespace {

constexpr std::size_t kMaxDocBytes = 64 * 1024;
constexpr std::uint64_t kSinkFrom = 1024;

bool HasExternalData(const graph::Model& model) {
  const Status found = graph::ForEachTensor(model, [](const graph::Tensor& tensor) {
    return tensor.external ? NotFound("external") : Status();
  });
  return !found.ok();
}

Status ConvertTo(std::int64_t opset, graph::Model& model) {
  if (opset == 0 || opset == model.Opset()) return {};
  if (HasExternalData(model)) {
    return Unimplemented("the operators of a model with external data are not converted")
        .With(errors::kUnsupportedLayers)
        .Hint("import without --opset, or save the model as one file");
  }
  SLIPWAY_TRY(model, graph::ConvertOpset(model, opset));
  return {};
}

bool IsIncomplete(const graph::ValueType& type) {
  return type.kind == graph::ValueType::Kind::kUnknown || !type.shape;
}

/// Types of outputs that the file does not say, where they follow from the inputs.
void CompleteTypes(graph::Model& model, Report& report) {
  const bool is_complete = std::ranges::none_of(model.main.outputs, [&](graph::ValueId id) {
    return IsIncomplete(model.main.value(id).type);
  });
  if (is_complete) return;
  if (const Status status = graph::InferTypes(model); !status.ok())
    report.warnings.push_back(status.message());
}

void CutLongText(std::string& text, std::size_t& cut) {
  if (text.size() <= kMaxDocBytes) return;
  text.resize(kMaxDocBytes);
  ++cut;
}

/// What a reader would have to scroll past goes; what engines do not use is said.
void DropBallast(graph::Model& model, Report& report) {
  std::size_t cut = 0;
  CutLongText(model.doc, cut);
  CutLongText(model.main.doc, cut);
  for (auto& [key, value] : model.metadata) CutLongText(value, cut);
  for (graph::Node& node : model.main.nodes) CutLongText(node.doc, cut);
  for (graph::Value& value : model.main.values) CutLongText(value.doc, cut);
  if (cut > 0) {
    report.warnings.push_back(
        fmt::format("{} texts of more than {} KiB were cut", cut, kMaxDocBytes / 1024));
  }
  if (!model.unknown_fields.empty()) {
    model.unknown_fields.clear();
    report.warnings.push_back(
        "training information and fields of a newer format are not used for inference and were "
        "left out");
  }
}

/// Learned numbers: floats, and the small integers that quantized weights are.
bool IsParameter(const graph::Tensor& tensor) {
  return IsFloatingPoint(tensor.dtype) || (IsInteger(tensor.dtype) && BitsOf(tensor.dtype) <= 8);
}

void Describe(const graph::Model& model, Report& report) {
  report.format = "onnx";
  report.framework = model.producer_name;
  if (!model.producer_name.empty() && !model.producer_version.empty())
    report.framework += " " + model.producer_version;
  report.model_name = model.main.name;
  report.layers = model.main.nodes.size();
  for (const graph::Tensor& tensor : model.main.initializers)
    report.parameters += IsParameter(tensor) ? tensor.ElementCount().value_or(0) : 0;
}

Status MoveWeights(graph::Model& model, graph::WeightSink& sink) {
  return graph::ForEachTensor(model, [&](graph::Tensor& tensor) -> Status {
    if (tensor.data.size() < kSinkFrom) return {};
    SLIPWAY_TRY(tensor.external, sink.Put(tensor.data.view()));
    tensor.data = {};
    return {};
  });
}

class OnnxImporter final : public Importer {
 public:
  std::string_view name() const override { return "onnx"; }

  bool Recognises(const Source& source) const override {
    return LooksLikeOnnx(source.file->bytes());
  }

  Result<Imported> Import(const Source& source, const Options& options) const override {
    SLIPWAY_TRY(graph::Model model, graph::DecodeMappedModel(source.file));
    Imported imported;
    DropBallast(model, imported.report);
    SLIPWAY_RETURN_IF_ERROR(CheckImportable(model));
    SLIPWAY_RETURN_IF_ERROR(ConvertTo(options.opset, model));
    CompleteTypes(model, imported.report);
    SLIPWAY_TRY(imported.signature, SignatureOf(model.main));
    Describe(model, imported.report);
    if (options.weights != nullptr) SLIPWAY_RETURN_IF_ERROR(MoveWeights(model, *options.weights));
    imported.model = std::move(model);
    return imported;
  }
};

}  // namespace

std::unique_ptr<Importer> MakeOnnxImporter() { return std::make_unique<OnnxImporter>(); }

}  // namespace slipway::import
