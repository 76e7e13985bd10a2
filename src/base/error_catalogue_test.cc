#include "base/error_catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace slipway {
namespace {

TEST(ErrorCatalogue, IsAscendingWithoutRepeats) {
  const auto rows = ErrorCatalogue();
  EXPECT_TRUE(std::ranges::is_sorted(rows, std::ranges::less_equal{}, &ErrorEntry::number));
}

TEST(ErrorCatalogue, ExplainsEveryRow) {
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    EXPECT_FALSE(entry.title.empty()) << ErrorName(entry.number);
    EXPECT_FALSE(entry.explanation.empty()) << ErrorName(entry.number);
  }
}

TEST(FindError, KnowsNoOtherNumbers) {
  ASSERT_NE(FindError(errors::kTensorShapeMismatch), nullptr);
  EXPECT_EQ(FindError(ErrorNumber{9999}), nullptr);
  EXPECT_EQ(FindError(ErrorNumber::kNone), nullptr);
}

TEST(ParseErrorName, TakesEveryWayToWriteIt) {
  for (const std::string_view text : {"SLIPWAY-E2104", "slipway-e2104", "E2104", "e2104", "2104"}) {
    EXPECT_EQ(ParseErrorName(text), errors::kTensorShapeMismatch) << text;
  }
  for (const std::string_view text : {"", "E", "E2104x", "21040", "-2104", "SLIPWAY", "E9999"}) {
    EXPECT_EQ(ParseErrorName(text), std::nullopt) << text;
  }
}

TEST(ExitCodeOf, PrefersTheCatalogueOverTheCode) {
  EXPECT_EQ(ExitCodeOf(InvalidArgument("x")), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeOf(InvalidArgument("x").With(errors::kCorruptModelFile)),
            ExitCode::kInvalidModel);
}

TEST(ExitCodeOf, TellsInterruptionFromTimeout) {
  EXPECT_EQ(ExitCodeOf(Cancelled("x")), ExitCode::kInterrupted);
  EXPECT_EQ(ExitCodeOf(DeadlineExceeded("x")), ExitCode::kTimeout);
  EXPECT_EQ(ExitCodeOf(Internal("x")), ExitCode::kFailure);
}

}  // namespace
}  // namespace slipway
