#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/error_catalogue.h"

namespace slipway {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument("odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  SLIPWAY_TRY(const int half, Half(number));
  return Half(half);
}

Status CheckEven(int number) {
  SLIPWAY_RETURN_IF_ERROR(Half(number).status());
  return {};
}

TEST(Status, IsASuccessByDefault) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Code::kOk);
  EXPECT_EQ(status.number(), ErrorNumber::kNone);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "OK");
}

TEST(Status, PutsTheOuterPlaceBeforeTheInnerOne) {
  const Status status = InvalidArgument("shape differs").At("layer conv").At("model.h5");
  EXPECT_EQ(status.place(), "model.h5, layer conv");
  EXPECT_EQ(status.ToString(), "shape differs (at model.h5, layer conv)");
}

TEST(Status, CarriesNumberAndHint) {
  const Status status = NotFound("no model").With(errors::kModelNotFound).Hint("slipway ls");
  EXPECT_EQ(status.number(), errors::kModelNotFound);
  EXPECT_EQ(status.hint(), "slipway ls");
}

TEST(Status, SuccessStaysSuccessWhateverIsSaid) {
  EXPECT_TRUE(Status().With(errors::kUsage).At("here").Hint("nothing").ok());
}

TEST(Status, IsCopiedWhole) {
  const Status original = Aborted("lost").At("a").Hint("b");
  Status copy;
  copy = original;
  EXPECT_EQ(copy.code(), Code::kAborted);
  EXPECT_EQ(copy.place(), "a");
  EXPECT_EQ(copy.hint(), "b");
}

TEST(Status, NamesEveryCodeAsGoogleRpcDoes) {
  EXPECT_EQ(CodeName(Code::kOk), "OK");
  EXPECT_EQ(CodeName(Code::kFailedPrecondition), "FAILED_PRECONDITION");
  EXPECT_EQ(CodeName(Code::kUnauthenticated), "UNAUTHENTICATED");
}

TEST(ErrnoStatus, SaysWhoMustAct) {
  struct Case {
    int error_number;
    Code code;
  };
  const Case cases[] = {{ENOENT, Code::kNotFound},
                        {EACCES, Code::kPermissionDenied},
                        {EEXIST, Code::kAlreadyExists},
                        {ENOSPC, Code::kResourceExhausted},
                        {EISDIR, Code::kInvalidArgument},
                        {ECONNREFUSED, Code::kUnavailable},
                        {ETIMEDOUT, Code::kDeadlineExceeded},
                        {EIO, Code::kDataLoss},
                        {ENOTTY, Code::kInternal}};
  for (const Case& one : cases) {
    EXPECT_EQ(ErrnoStatus(one.error_number, "cannot").code(), one.code) << one.error_number;
  }
  EXPECT_EQ(ErrnoStatus(ENOENT, "cannot open x").message(),
            "cannot open x: No such file or directory");
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*Half(4), 2);
  EXPECT_TRUE(Half(4).status().ok());
  EXPECT_EQ(Half(3).status().message(), "odd");
}

TEST(Result, AbortsOnASuccessWithoutAValue) { EXPECT_DEATH(Result<int>{Status()}, ""); }

TEST(SlipwayTry, ReturnsTheErrorOfTheExpression) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_EQ(Quarter(7).status().message(), "odd");
}

TEST(SlipwayReturnIfError, PassesASuccess) {
  EXPECT_TRUE(CheckEven(2).ok());
  EXPECT_EQ(CheckEven(1).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace slipway
