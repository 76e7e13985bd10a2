#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error_catalogue.h"

namespace slipway::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<Flag> kFlags = {
    {.name = "--port", .letter = 'p', .value = "N", .help = "port", .default_value = "8080"},
    {.name = "--format", .value = "FORMAT", .help = "format", .choices = {"table", "json"}},
    {.name = "--input",
     .letter = 'i',
     .value = "X",
     .help = "inputs",
     .repeatable = true,
     .from_environment = false},
    {.name = "--dry-run", .help = "a switch"},
};
const std::vector<Positional> kPositionals = {
    {.name = "MODEL", .help = "a model"}, {.name = "MORE", .help = "more", .least = 0, .most = 3}};

Result<Arguments> Parse(std::vector<std::string> words) {
  return ParseArguments("verb", kFlags, kPositionals, words);
}

Status Refusal(std::vector<std::string> words) { return Parse(std::move(words)).status(); }

/// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Arguments, FlagsStandBeforeAndBehindPositionals) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--port", "9", "m"}, {"m", "--port=9"}, {"m", "-p", "9"}, {"m", "-p9"}}) {
    const Result<Arguments> arguments = Parse(words);
    ASSERT_TRUE(arguments.ok()) << arguments.status().ToString();
    EXPECT_EQ(arguments->Text("--port"), "9");
    EXPECT_EQ(arguments->Text("MODEL"), "m");
  }
}

TEST(Arguments, DefaultsAreGivenAndSaidNotToBe) {
  const Result<Arguments> arguments = Parse({"m"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->Text("--port"), "8080");
  EXPECT_FALSE(arguments->Given("--port"));
  EXPECT_FALSE(arguments->Switch("--dry-run"));
  EXPECT_EQ(arguments->Text("--format"), "");
}

TEST(Arguments, ARepeatableFlagKeepsEveryValueInOrder) {
  const Result<Arguments> arguments = Parse({"m", "-i", "a", "b", "-i", "c"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_THAT(arguments->List("--input"), ElementsAre("a", "c"));
  EXPECT_THAT(arguments->List("MORE"), ElementsAre("b"));
}

TEST(Arguments, TheLastOfAFlagThatIsNotRepeatableWins) {
  EXPECT_EQ(Parse({"m", "-p", "1", "-p", "2"})->Text("--port"), "2");
}

TEST(Arguments, TheEnvironmentFillsInAndTheCommandLineWins) {
  const Variable port("SLIPWAY_PORT", "7");
  EXPECT_EQ(Parse({"m"})->Text("--port"), "7");
  EXPECT_EQ(Parse({"m", "--port", "9"})->Text("--port"), "9");
  EXPECT_EQ(EnvironmentName("--max-body"), "SLIPWAY_MAX_BODY");
}

TEST(Arguments, ASwitchInTheEnvironmentMayBeOff) {
  const Variable off("SLIPWAY_DRY_RUN", "0");
  EXPECT_FALSE(Parse({"m"})->Switch("--dry-run"));
}

TEST(Arguments, SomeFlagsAreNotReadFromTheEnvironment) {
  const Variable input("SLIPWAY_INPUT", "x");
  EXPECT_TRUE(Parse({"m"})->List("--input").empty());
}

// Bad input S8: an empty environment override counts as none
TEST(Arguments, AnEmptyEnvironmentVariableIsNone) {
  const Variable port("SLIPWAY_PORT", "");
  EXPECT_EQ(Parse({"m"})->Text("--port"), "8080");
}

// Bad input S10: an unknown flag is refused, with the nearest known one
TEST(Arguments, AnUnknownFlagIsGuessed) {
  EXPECT_THAT(Refusal({"m", "--prot", "9"}).message(), HasSubstr("did you mean --port?"));
  EXPECT_EQ(Refusal({"m", "--zzzzzz"}).number(), errors::kUsage);
  EXPECT_THAT(Refusal({"m", "-x"}).message(), HasSubstr("-x"));
}

// Bad input S10: a flag without its value is refused
TEST(Arguments, AMissingValueIsNamed) {
  const Status status = Refusal({"m", "--port"});
  EXPECT_EQ(status.number(), errors::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("--port"));
}

TEST(Arguments, AMissingPositionalIsNamedWithWhatItIs) {
  EXPECT_THAT(Refusal({}).message(), HasSubstr("MODEL is missing: a model"));
}

TEST(Arguments, TooManyPositionalsAreRefused) {
  EXPECT_EQ(Refusal({"m", "1", "2", "3", "4"}).number(), errors::kUsage);
}

TEST(Arguments, AChoiceIsOneOfThoseListed) {
  const Status status = Refusal({"m", "--format", "jsn"});
  EXPECT_THAT(status.message(), HasSubstr("--format takes table|json, not \"jsn\""));
  EXPECT_THAT(status.message(), HasSubstr("did you mean json?"));
  EXPECT_THAT(status.hint(), HasSubstr("slipway verb --help"));
}

// Bad input S10: a path that begins with a dash follows "--"
TEST(Arguments, TwoDashesEndTheFlags) {
  const Result<Arguments> arguments = Parse({"--", "-odd name\n.onnx"});
  ASSERT_TRUE(arguments.ok()) << arguments.status().ToString();
  EXPECT_EQ(arguments->Text("MODEL"), "-odd name\n.onnx");
}

TEST(Arguments, NegativeNumbersAndDashesAreValues) {
  EXPECT_EQ(Parse({"m", "--input=-1"})->List("--input").at(0), "-1");
  EXPECT_EQ(Parse({"-"})->Text("MODEL"), "-");
}

TEST(Arguments, NumbersAreWholeAndInRange) {
  for (const char* text : {"x", "1.5", "", "0", "65536", "9999999999999999999999", "1 "}) {
    const Result<Arguments> arguments = Parse({"m", std::string("--port=") + text});
    if (!arguments.ok()) continue;  // the parser itself refuses an empty value
    const Status status = arguments->Integer("--port", 1, 65535).status();
    if (*text == '\0') continue;
    EXPECT_EQ(status.number(), errors::kUsage) << text;
    EXPECT_THAT(status.message(), HasSubstr("--port takes a whole number from 1 to 65535"));
  }
  EXPECT_EQ(*Parse({"m", "--port=443"})->Integer("--port", 1, 65535), 443);
  EXPECT_EQ(*Parse({"m", "--port=0.5"})->Number("--port", 0, 1), 0.5);
  EXPECT_FALSE(Parse({"m", "--port=nan"})->Number("--port", 0, 1).ok());
}

TEST(Arguments, MessagesEscapeWhatATerminalWouldObey) {
  EXPECT_THAT(Refusal({"m", "--\x1b[31m"}).message(), HasSubstr("\\x1b"));
}

}  // namespace
}  // namespace slipway::cli
