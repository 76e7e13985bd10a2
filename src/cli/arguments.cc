#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::cli {

namespace {

Status Usage(std::string_view verb, std::string message) {
  return InvalidArgument(std::move(message))
      .With(errors::kUsage)
      .Hint(fmt::format("see: slipway {} --help", verb));
}

/// The spelling that CLI11 takes: "-p,--port".
std::string Spelling(const Flag& flag) {
  return flag.letter == '\0' ? std::string(flag.name)
                             : fmt::format("-{},{}", flag.letter, flag.name);
}

std::vector<std::string> FlagNames(std::span<const Flag> flags) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.emplace_back(flag.name);
  return names;
}

std::string UnknownFlag(std::string_view word, std::span<const Flag> flags) {
  const std::string name(word.substr(0, word.find('=')));
  std::string message = fmt::format("unknown flag {}", Printable(name, 64));
  const std::vector<std::string> names = FlagNames(flags);
  if (const auto near = DidYouMean(name, names))
    message += fmt::format("; did you mean {}?", *near);
  return message;
}

/// The first word of the command line that looks like a flag and is none of `flags`.
std::string_view FirstUnknown(std::span<const Flag> flags, std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") break;
    if (!word.starts_with("-") || word == "-") continue;
    const std::string_view name = std::string_view(word).substr(0, word.find('='));
    const bool known = std::ranges::any_of(flags, [&](const Flag& flag) {
      return name == flag.name || (!name.starts_with("--") && name[1] == flag.letter);
    });
    if (!known) return word;
  }
  return {};
}

Status CheckChoice(std::string_view verb, const Flag& flag, const std::string& value) {
  if (flag.choices.empty() || std::ranges::find(flag.choices, value) != flag.choices.end())
    return {};
  std::string message = fmt::format("{} takes {}, not \"{}\"", flag.name,
                                    fmt::join(flag.choices, "|"), Printable(value, 64));
  std::vector<std::string> choices(flag.choices.begin(), flag.choices.end());
  if (const auto near = DidYouMean(value, choices))
    message += fmt::format("; did you mean {}?", *near);
  return Usage(verb, std::move(message));
}

}  // namespace

std::string EnvironmentName(std::string_view flag) {
  std::string name = "SLIPWAY_";
  for (const char c : flag.substr(2)) {
    name.push_back(c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
  }
  return name;
}

bool Arguments::Given(std::string_view flag) const { return given_.contains(flag); }

bool Arguments::Switch(std::string_view flag) const {
  const auto found = given_.find(flag);
  return found != given_.end() && found->second.back() != "0" && found->second.back() != "false";
}

std::string Arguments::Text(std::string_view name) const {
  if (const auto found = given_.find(name); found != given_.end()) return found->second.back();
  const auto fallback = defaults_.find(name);
  return fallback == defaults_.end() ? "" : fallback->second;
}

std::vector<std::string> Arguments::List(std::string_view name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? std::vector<std::string>() : found->second;
}

Result<std::int64_t> Arguments::Integer(std::string_view flag, std::int64_t least,
                                        std::int64_t most) const {
  const std::string text = Text(flag);
  const auto value = ParseInt64(text);
  if (!value || *value < least || *value > most) {
    return InvalidArgument(fmt::format("{} takes a whole number from {} to {}, not \"{}\"", flag,
                                       least, most, Printable(text, 64)))
        .With(errors::kUsage);
  }
  return *value;
}

Result<double> Arguments::Number(std::string_view flag, double least, double most) const {
  const std::string text = Text(flag);
  const auto value = ParseDouble(text);
  if (!value || !(*value >= least && *value <= most)) {
    return InvalidArgument(fmt::format("{} takes a number from {} to {}, not \"{}\"", flag, least,
                                       most, Printable(text, 64)))
        .With(errors::kUsage);
  }
  return *value;
}

/// Hands the table to CLI11 and takes the values back. CLI11 throws; nothing of that leaves this
/// class.
class ArgumentParser {
 public:
  ArgumentParser(std::string_view verb, std::span<const Flag> flags,
                 std::span<const Positional> positionals)
      : verb_(verb), flags_(flags), positionals_(positionals) {
    app_.set_help_flag();
    app_.allow_extras(false);
    for (const Flag& flag : flags) AddFlag(flag);
    for (const Positional& positional : positionals) {
      auto* option =
          app_.add_option(std::string(positional.name), values_[std::string(positional.name)]);
      option->expected(static_cast<int>(positional.least), static_cast<int>(positional.most))
          ->allow_extra_args(positional.most > positional.least);
    }
  }

  Result<Arguments> Parse(std::span<const std::string> words) {
    if (const std::string_view unknown = FirstUnknown(flags_, words); !unknown.empty()) {
      return Usage(verb_, UnknownFlag(unknown, flags_));
    }
    try {
      // CLI11 takes the words from the back.
      std::vector<std::string> reversed(words.rbegin(), words.rend());
      app_.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      return Usage(verb_, Printable(error.what(), 300));
    }
    return Collect();
  }

 private:
  void AddFlag(const Flag& flag) {
    const std::string key(flag.name);
    if (flag.value.empty()) {
      app_.add_flag(Spelling(flag), switches_[key]);
      return;
    }
    auto* option = app_.add_option(Spelling(flag), values_[key]);
    option->expected(1)->multi_option_policy(flag.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                             : CLI::MultiOptionPolicy::TakeLast);
    option->allow_extra_args(false);
  }

  Result<Arguments> Collect() {
    Arguments arguments;
    for (const Positional& positional : positionals_) {
      std::vector<std::string>& values = values_[std::string(positional.name)];
      if (values.size() < positional.least) {
        return Usage(verb_, fmt::format("{} is missing: {}", positional.name, positional.help));
      }
      if (!values.empty()) arguments.given_[std::string(positional.name)] = std::move(values);
    }
    for (const Flag& flag : flags_) {
      std::vector<std::string> values = ValuesOf(flag);
      for (const std::string& value : values) {
        SLIPWAY_RETURN_IF_ERROR(CheckChoice(verb_, flag, value));
      }
      if (!values.empty()) arguments.given_[std::string(flag.name)] = std::move(values);
      if (!flag.default_value.empty()) {
        arguments.defaults_[std::string(flag.name)] = flag.default_value;
      }
    }
    return arguments;
  }

  std::vector<std::string> ValuesOf(const Flag& flag) {
    const std::string key(flag.name);
    if (flag.value.empty()) {
      if (switches_[key]) return {"1"};
    } else if (!values_[key].empty()) {
      return values_[key];
    }
    const char* environment =
        flag.from_environment ? std::getenv(EnvironmentName(flag.name).c_str()) : nullptr;
    if (environment == nullptr || *environment == '\0') return {};
    return {environment};
  }

  std::string_view verb_;
  std::span<const Flag> flags_;
  std::span<const Positional> positionals_;
  CLI::App app_;
  std::map<std::string, std::vector<std::string>> values_;
  std::map<std::string, bool> switches_;
};

Result<Arguments> ParseArguments(std::string_view verb, std::span<const Flag> flags,
                                 std::span<const Positional> positionals,
                                 std::span<const std::string> words) {
  try {
    return ArgumentParser(verb, flags, positionals).Parse(words);
  } catch (const CLI::Error& error) {
    return Internal(fmt::format("the flags of {} are not well-formed: {}", verb, error.what()));
  }
}

}  // namespace slipway::cli
