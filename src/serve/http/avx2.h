#pragma once

// Functions for processors with AVX2, chosen while the program runs: it is built for any of its
// architecture, and has a twin without AVX2 of each of them.

#if defined(__x86_64__)
#include <immintrin.h>

#define SLIPWAY_HAS_AVX2_FUNCTIONS 1
#define SLIPWAY_AVX2 __attribute__((target("avx2,bmi,popcnt")))

namespace slipway::serve {

/// True if functions marked SLIPWAY_AVX2 may be called here.
inline bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0 &&
                          __builtin_cpu_supports("bmi") != 0 &&
                          __builtin_cpu_supports("popcnt") != 0;
  return has;
}

}  // namespace slipway::serve
#endif
