#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/signature.h"

namespace slipway::serve {

/// An input that says where in its sequence a request stands; the server fills it.
struct SequenceControl {
  enum class Kind : std::uint8_t { kStart, kReady, kEnd, kId };
  Kind kind = Kind::kStart;
  std::string input;
  DType dtype = DType::kI32;  ///< kI32, kF32, kBool; of kId: 64 or 32 bits, which truncate
  double when_false = 0;      ///< not of kId
  double when_true = 1;
  bool operator==(const SequenceControl&) const = default;
};

/// An output that is the next request's input. Of the first request it is zero.
struct SequenceState {
  std::string input;
  std::string output;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> dims;  ///< without the batch dimension; -1: any size, 1 at first
  bool operator==(const SequenceState&) const = default;
};

/// How a model whose answers depend on earlier requests is served.
struct SequenceBatching {
  static constexpr std::chrono::seconds kMaxIdle{3600};
  static constexpr std::uint32_t kMaxCandidates = 65'536;

  std::chrono::microseconds max_idle{1'000'000};  ///< then a sequence ends
  std::vector<SequenceControl> controls;
  std::vector<SequenceState> states;
  bool is_oldest = false;            ///< the strategy's name, else direct
  std::uint32_t max_candidates = 0;  ///< sequences at one time, the others wait; 0: by the server
  /// Whether the server fills that input.
  bool Fills(std::string_view input) const;
  /// Whether it keeps that output for the next request.
  bool Keeps(std::string_view output) const;
  bool operator==(const SequenceBatching&) const = default;
};

/// InvalidArgument (kRequestFieldInvalid): a control or state that the model does not have, or that
/// has another type or shape there.
Status CheckSequences(const SequenceBatching& sequences, const Signature& signature);

}  // namespace slipway::serve
