#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::cli {

/// What `slipway doctor` thinks of one thing.
enum class Verdict : std::uint8_t { kPass, kWarn, kFail };
std::string_view VerdictName(Verdict verdict);  ///< "pass", "warn", "fail"

struct Finding {
  std::string subject;  ///< "descriptors"
  Verdict verdict = Verdict::kPass;
  std::string detail;
  std::string fix;  ///< what to do; empty: nothing
};

/// Of a part of a whole, such as memory: warns from `warn_at` on, fails from `fail_at` on (0 to 1).
Verdict JudgeShare(double share, double warn_at, double fail_at);

}  // namespace slipway::cli
