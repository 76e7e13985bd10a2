#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "importer/wire/transcript.h"

namespace slipway::importer {

struct Task {
  std::string source_name;  ///< without folders
  std::string
      weights_location;  ///< what tensors in the weights file carry as their external location
  std::int64_t opset = 0;
};

/// An answer with the bytes that `answer.structure` borrows.
struct Imported {
  Answer answer;
  std::string structure;
};

/// Imports the file behind `source_descriptor`: constants go to `weights_descriptor`, everything
/// else comes back. `stage` hears a word before each stage. Errors as import::Import's;
/// kImportLimit when memory runs out.
Result<Imported> ImportSource(int source_descriptor, int weights_descriptor, const Task& task,
                              const std::function<void(std::string_view)>& stage);

}  // namespace slipway::importer
