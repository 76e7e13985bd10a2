#pragma once

#include <string>

#include "base/json.h"

namespace slipway::import::keras {

/// Keras 1 used other names for the same things ("nb_filter", "border_mode", "output_dim"): gives
/// the configuration of one layer today's names. Configurations of later versions stay as they are.
void UpdateKeras1Layer(std::string& class_name, Json& config);

}  // namespace slipway::import::keras
