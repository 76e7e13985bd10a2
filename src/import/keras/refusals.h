#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// Collects everything of a model that cannot be imported, so that the user reads it at once.
class Refusals {
 public:
  void Add(const SavedLayer& layer, std::string_view reason);
  /// Every layer, nested ones too, whose class has no translation.
  void AddUnknownLayers(const SavedNetwork& network);
  /// Unimplemented (kUnsupportedLayers) that lists them and says what to do; success for none.
  Status ToStatus() const;

 private:
  void AddUnknown(const SavedLayer& layer);
  std::vector<std::string> lines_;
  bool holds_code_ = false;
};

}  // namespace slipway::import::keras
