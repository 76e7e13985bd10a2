#include "cli/command.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/help_text.h"

namespace slipway::cli {
namespace {

using testing::HasSubstr;

/// The words of an example's slipway call, quotes taken away; empty for a call within another.
std::vector<std::string> WordsOf(std::string_view example) {
  const std::size_t begin = example.find("slipway ");
  if (begin == std::string_view::npos) return {};
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : example.substr(begin)) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted && (c == '|' || c == ')')) {
      break;
    } else if (!quoted && c == ' ') {
      if (!word.empty()) words.push_back(std::exchange(word, ""));
    } else {
      word.push_back(c);
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

TEST(Commands, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Command& command : Commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    for (const std::string_view alias : command.aliases)
      EXPECT_TRUE(names.insert(alias).second) << alias;
    EXPECT_EQ(FindCommand(command.name), &command);
  }
  EXPECT_EQ(FindCommand("nothing"), nullptr);
}

TEST(Commands, SayWhatTheyDo) {
  for (const Command& command : Commands()) {
    EXPECT_FALSE(command.summary.empty() || command.summary.ends_with('.')) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_THAT(OverviewHelp(), HasSubstr(fmt::format("  {} ", command.name)));
  }
}

TEST(Commands, FlagsHaveOneMeaningEach) {
  for (const Command& command : Commands()) {
    std::set<std::string> spellings;
    for (const Flag& flag : AllFlags(command)) {
      EXPECT_TRUE(flag.name.starts_with("--")) << command.name << " " << flag.name;
      EXPECT_EQ(flag.name.find('_'), std::string_view::npos) << command.name << " " << flag.name;
      EXPECT_FALSE(flag.help.empty() || flag.help.ends_with('.')) << command.name << flag.name;
      EXPECT_TRUE(spellings.insert(std::string(flag.name)).second) << command.name << flag.name;
      if (flag.letter != '\0') {
        EXPECT_TRUE(spellings.insert({flag.letter}).second) << command.name << " -" << flag.letter;
      }
    }
  }
}

TEST(Commands, DashOAlwaysNamesADestination) {
  for (const Command& command : Commands()) {
    for (const Flag& flag : AllFlags(command)) {
      if (flag.letter == 'o') {
        EXPECT_EQ(flag.name, "--output") << command.name;
      }
    }
  }
}

TEST(Commands, EveryPrintedExampleParses) {
  for (const Command& command : Commands()) {
    for (const std::string_view example : command.examples) {
      const std::vector<std::string> words = WordsOf(example);
      ASSERT_GE(words.size(), 2U) << example;
      EXPECT_EQ(words[1], command.name) << example;
      const auto flags = AllFlags(command);
      const Result<Arguments> arguments =
          ParseArguments(command.name, flags, command.positionals, std::span(words).subspan(2));
      EXPECT_TRUE(arguments.ok()) << example << ": " << arguments.status().ToString();
    }
  }
}

TEST(Commands, HelpNamesEveryFlagAndItsVariable) {
  for (const Command& command : Commands()) {
    const std::string help = CommandHelp(command);
    for (const Flag& flag : AllFlags(command)) {
      EXPECT_THAT(help, HasSubstr(std::string(flag.name))) << command.name;
      if (flag.from_environment) {
        EXPECT_THAT(help, HasSubstr(EnvironmentName(flag.name))) << command.name;
      }
    }
  }
}

TEST(Topics, HaveText) {
  for (const Topic& topic : Topics()) {
    EXPECT_GT(topic.text().size(), 100U) << topic.name;
    EXPECT_EQ(FindCommand(topic.name), nullptr) << topic.name;
  }
}

}  // namespace
}  // namespace slipway::cli
