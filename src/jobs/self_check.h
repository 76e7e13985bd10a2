#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "jobs/import_model.h"
#include "tensor/signature.h"

namespace slipway::jobs {

/// A converted model on the engine, and what is known about it.
struct CheckSubject {
  const engine::Executable& executable;
  const Signature& signature;                     ///< as the user sees the model
  std::map<std::string, std::int64_t> id_counts;  ///< see IdCounts()
  /// True for everything that we converted: what goes wrong is then our fault and fails the import.
  /// False for a model that came as ONNX: it is what its author made it, and only warnings are
  /// given.
  bool is_conversion = true;
};

struct SelfCheckOptions {
  std::uint64_t seed = 1;
  double relative_tolerance = 1e-4;
  double absolute_tolerance = 1e-5;
  std::chrono::milliseconds budget{
      1000};  ///< no further case is begun after it; the first always is
};

struct SelfCheckResult {
  SelfCheck check;
  std::vector<std::string> warnings;
};

/// Runs the model on random and edge inputs and on the user's samples. It must run; its outputs
/// must have the declared types and shapes; finite inputs must give finite numbers. NaN or infinity
/// from random numbers means a wrong conversion (or weights that are not finite) and fails; from
/// zeros, ones or the largest values it is a warning, because a sound model may divide by a norm or
/// overflow there. The same for dimensions of any size: a model may be unable to take a very small
/// image or text. FailedPrecondition (kSelfCheckFailed): failed. A sample beyond the tolerance, or
/// one that does not fit, fails always.
Result<SelfCheckResult> CheckOnEngine(const CheckSubject& subject,
                                      const std::vector<Sample>& samples,
                                      const SelfCheckOptions& options);

}  // namespace slipway::jobs
