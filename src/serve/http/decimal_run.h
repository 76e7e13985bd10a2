#pragma once

#include <cstddef>
#include <span>

namespace slipway::serve {

/// What the quick loops below have read.
struct DecimalRun {
  const char* after;         ///< where the next number or row begins; has not been looked at
  std::size_t elements = 0;  ///< of the output, from the front
};

/// The quick way over the long lists of numbers that make a tensor: first all separators of a
/// stretch of text are found, then the numbers between them are read, none waiting for another.
/// Both stop at the first thing that is not of the usual form, the end and errors of any kind
/// included, and leave it to the caller, whose way for single elements is their slow twin: what
/// they have read, that reads to the same bits. "," and ", " between elements are usual.
///
/// Preconditions: 16 bytes before `text` and 32 behind `end` are readable.

/// Numbers which a ',' follows each, from the first byte of a number.
DecimalRun ReadDecimals(const char* text, const char* end, std::span<float> out);
DecimalRun ReadDecimals(const char* text, const char* end, std::span<double> out);

/// Whole rows "[...],", each of `row_length` > 0 numbers, which the '[' of another row follows.
DecimalRun ReadDecimalRows(const char* text, const char* end, std::size_t row_length,
                           std::span<float> out);
DecimalRun ReadDecimalRows(const char* text, const char* end, std::size_t row_length,
                           std::span<double> out);

}  // namespace slipway::serve
