#include "import/keras/refusals.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

constexpr std::size_t kMaxListed = 50;

struct CodeRow {
  std::string_view class_name;
  std::string_view reason;
};

/// Layers whose meaning is not in the file, or is code in it.
constexpr CodeRow kCode[] = {
    {"Lambda", "Python code, which is never executed"},
    {"TFSMLayer", "a SavedModel in another place, which is never opened"},
    {"TorchModuleWrapper", "a pickled PyTorch module, which is never executed"},
    {"JaxLayer", "JAX code, which is never executed"},
    {"FlaxLayer", "JAX code, which is never executed"},
    {"StringLookup",
     "text, which is looked up before the model; its vocabulary is never read from a path"},
    {"TextVectorization", "text, which is split before the model"},
};

std::string Shown(std::string_view text) { return JsonQuoted(text.substr(0, 64)); }

}  // namespace

void Refusals::Add(const SavedLayer& layer, std::string_view reason) {
  std::string line =
      fmt::format("{} ({}): {}", Shown(layer.name), layer.class_name.substr(0, 64), reason);
  if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
}

void Refusals::AddUnknown(const SavedLayer& layer) {
  const auto code = std::ranges::find(kCode, layer.class_name, &CodeRow::class_name);
  if (code != std::end(kCode)) {
    holds_code_ = true;
    return Add(layer, code->reason);
  }
  const bool custom = !layer.module.empty() && !layer.module.starts_with("keras");
  Add(layer,
      custom ? "a class of the author's own, not in the allowed list" : "not in the allowed list");
}

void Refusals::AddUnknownLayers(const SavedNetwork& network) {
  for (const SavedLayer& layer : network.layers) {
    if (layer.network != nullptr) {
      AddUnknownLayers(*layer.network);
      continue;
    }
    for (const SavedLayer& part : layer.parts) {
      if (part.network == nullptr && FindLayer(part) == nullptr) AddUnknown(part);
    }
    if (layer.class_name != "InputLayer" && FindLayer(layer) == nullptr) AddUnknown(layer);
  }
}

Status Refusals::ToStatus() const {
  if (lines_.empty()) return {};
  std::string message = fmt::format("{} of the model's layers cannot be imported:", lines_.size());
  for (std::size_t i = 0; i < std::min(lines_.size(), kMaxListed); ++i) {
    message += fmt::format("{} {}", i == 0 ? "" : ";", lines_[i]);
  }
  if (lines_.size() > kMaxListed)
    message += fmt::format("; and {} more", lines_.size() - kMaxListed);
  return Unimplemented(std::move(message))
      .With(errors::kUnsupportedLayers)
      .Hint(holds_code_ ? "say the same with Keras's own layers (Rescaling, Activation, Reshape, "
                          "keras.ops are none of your code), or do that step outside the model"
                        : "say the same with layers of the list in `slipway help formats`, or do "
                          "that step outside the model");
}

}  // namespace slipway::import::keras
