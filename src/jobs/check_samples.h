#pragma once

#include "base/status.h"
#include "engine/engine.h"
#include "jobs/import_model.h"
#include "tensor/signature.h"

namespace slipway::jobs {

struct Tolerance {
  double relative = 1e-4;
  double absolute = 1e-5;
};

struct SampleErrors {
  double max_absolute = 0;
  double max_relative =
      0;  ///< of elements whose expected value is not negligible (above the absolute tolerance)
};

/// The sample with every array under its tensor's own name and of its type: "in_0" and "out_0"
/// stand for the first input and output, a single array for a single tensor, and numbers are
/// converted (float64 from a NumPy script to float32). InvalidArgument: an array that belongs to no
/// tensor, a missing input, a shape that does not fit.
Result<Sample> FitSample(const Sample& sample, const Signature& signature);

/// Runs the sample and compares every element: |actual - expected| <= absolute * max(1, the
/// output's largest expected value) + relative * |expected|. Strings exactly. FailedPrecondition
/// (kSelfCheckFailed) with the worst output and its errors.
Result<SampleErrors> CompareSample(const engine::Executable& executable, const Signature& signature,
                                   const Sample& sample, const Tolerance& tolerance);

}  // namespace slipway::jobs
