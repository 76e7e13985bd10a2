#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway::cli {

/// One option of a command, as data: parsing, --help, completion and the manual come from the same
/// row.
struct Flag {
  std::string_view name;                ///< "--port"; its environment variable is SLIPWAY_PORT
  char letter = '\0';                   ///< 'p' for -p
  std::string_view value;               ///< "N", "FILE"; empty: a switch without a value
  std::string_view help;                ///< one line, no full stop
  std::string_view default_value = "";  ///< shown in the help and given by Text()
  bool repeatable = false;
  std::vector<std::string_view> choices = {};
  bool from_environment = true;
};

struct Positional {
  std::string_view name;  ///< "MODEL"
  std::string_view help;
  std::size_t least = 1;
  std::size_t most = 1;
};

/// What the user gave, by flag and positional name. Values that were not given fall back to the
/// environment, then the default.
class Arguments {
 public:
  bool Given(std::string_view flag) const;  ///< on the command line or in the environment
  bool Switch(std::string_view flag) const;
  /// The last value, the default, or "".
  std::string Text(std::string_view name) const;
  std::vector<std::string> List(std::string_view name) const;
  /// InvalidArgument (kUsage) naming the flag: not an integer in [least, most].
  Result<std::int64_t> Integer(std::string_view flag, std::int64_t least, std::int64_t most) const;
  Result<double> Number(std::string_view flag, double least, double most) const;

 private:
  friend class ArgumentParser;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::map<std::string, std::string, std::less<>> defaults_;
};

/// Parses `words` (without the program and the verb). InvalidArgument (kUsage) with "did you mean"
/// for an unknown flag.
/// `--` ends the flags.
Result<Arguments> ParseArguments(std::string_view verb, std::span<const Flag> flags,
                                 std::span<const Positional> positionals,
                                 std::span<const std::string> words);

/// "SLIPWAY_MAX_BODY" for "--max-body".
std::string EnvironmentName(std::string_view flag);

}  // namespace slipway::cli
