#pragma once

#include "tensor/signature.h"

namespace slipway::engine {

/// What the first number of the probe's input has it do; any other: y = x + 1.
enum class Deed : int {
  kSegfault = -1,
  kAbort = -2,
  kOverflowStack = -3,
  kIllegalInstruction = -4,
  kOpenSocket = -5,
  kTakeAllMemory = -6,
  kLoop = -7,
  kSleep = -8,
  kNap = -9,  ///< for 300 ms
  kSayNonsense = -10,
  kWrongType = -11,
  kFail = -12,
  kOpenFile = -13,  ///< y = x + the errno of opening a file, 0 if it opens
  kObeyDeadline = -14,
  kObeyOrAbort = -15,  ///< aborts where there is no deadline to obey
};

inline Signature ProbeSignature() {
  return {.inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1}}},
          .outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1}},
                      {.name = "s", .dtype = DType::kString, .shape = {2}}}};
}

}  // namespace slipway::engine
