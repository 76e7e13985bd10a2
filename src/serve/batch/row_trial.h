#pragma once

#include <random>
#include <span>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway::serve {

// What finds out whether a row's answer depends on the rows beside it.

/// The rows that the tried ones are put beside are of magnitudes from 0.01 to 10: a model that
/// normalises over the batch, or quantizes it by its common range, gives itself away.
inline constexpr float kTrialMagnitudes[] = {0.01F, 0.1F, 1.0F, 10.0F};

/// Fills `rows` with numbers that every model takes in that place: whole ones may be indices, so
/// they are 0 and 1. The same for the same state of `random`.
void FillRows(DType dtype, std::span<std::byte> rows, float magnitude, std::minstd_rand& random);

/// Whether what some rows gave in company is what they gave alone: but for the last digits, since
/// kernels for one row and for several add up in different orders. InvalidArgument: no numbers.
Result<bool> RowsAgree(const TensorView& in_company, const TensorView& alone);

}  // namespace slipway::serve
