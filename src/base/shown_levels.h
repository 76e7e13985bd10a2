#pragma once

namespace slipway {

/// Which levels of the log go to standard error, each by itself. ConfigureLog() shows those from
/// its threshold on.
struct ShownLevels {
  bool debug = false;
  bool info = false;
  bool warning = false;
  bool error = false;
  bool operator==(const ShownLevels&) const = default;
};

/// Both thread-safe: a line that is being written goes by what was said before or after.
ShownLevels LevelsShown();
void ShowLevels(const ShownLevels& levels);

}  // namespace slipway
