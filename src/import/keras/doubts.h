#pragma once

#include <string>
#include <vector>

#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// What looks doubtful in a sound file, one sentence each: a loss compiled for probabilities on a
/// last layer that gives logits, and the reverse; images whose range of values nobody declared.
std::vector<std::string> FindDoubts(const SavedModel& model);

}  // namespace slipway::import::keras
