#pragma once

#include <chrono>
#include <span>

#include "base/status.h"
#include "cli/load_report.h"
#include "engine/engine.h"

namespace slipway::cli {

/// A closed loop in this process: every caller runs the model again as soon as it has the outputs,
/// into memory that is allocated once.
struct EngineLoadOptions {
  unsigned callers = 1;                    ///< threads that call Run()
  std::chrono::milliseconds warm_up{300};  ///< runs of this time are not counted
  std::chrono::milliseconds duration{3000};
};

/// The first error of any caller ends all of them.
Result<LoadReport> RunEngineLoad(const engine::Executable& executable,
                                 std::span<const TensorView> inputs,
                                 const EngineLoadOptions& options);

}  // namespace slipway::cli
