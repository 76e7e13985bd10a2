#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace slipway::cli {

/// `slipway help`: every verb by group.
std::string OverviewHelp();

/// `slipway VERB --help`: usage, flags with defaults and environment variables, examples.
std::string CommandHelp(const Command& command);

/// A page that belongs to no verb: "formats", "exit-codes", "env", ...
struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string (*text)();
};
std::span<const Topic> Topics();

}  // namespace slipway::cli
