#include "repository/model_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::repository {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Signature kSignature{
    .inputs = {{.name = "image", .dtype = DType::kF32, .shape = {-1, 3, 8, 8}, .axis_names = {}}},
    .outputs = {{.name = "scores", .dtype = DType::kF32, .shape = {-1, 10}, .axis_names = {}}}};

Status Check(std::int64_t max_batch_size, DeclaredTensor input) {
  ModelSettings settings;
  settings.max_batch_size = max_batch_size;
  settings.inputs = {std::move(input)};
  return CheckDeclared(settings, kSignature);
}

TEST(CheckDeclared, TheBatchIsNotWrittenInDims) {
  EXPECT_TRUE(Check(8, {.name = "image", .dtype = DType::kF32, .dims = {3, 8, 8}}).ok());
  EXPECT_TRUE(Check(0, {.name = "image", .dtype = DType::kF32, .dims = {1, 3, 8, 8}}).ok());
  EXPECT_TRUE(Check(8, {.name = "image", .dims = {-1, 8, 8}}).ok());
  EXPECT_TRUE(Check(8, {.name = "image"}).ok());
}

TEST(CheckDeclared, AMismatchShowsBothShapes) {
  const Status shape = Check(8, {.name = "image", .dtype = DType::kF32, .dims = {8, 8, 3}});
  EXPECT_THAT(shape.message(), AllOf(HasSubstr("[N,8,8,3]"), HasSubstr("[N,3,8,8]")));
  EXPECT_THAT(shape.hint(), HasSubstr("max_batch_size"));
  EXPECT_EQ(shape.number(), errors::kInvalidPackage);
  EXPECT_FALSE(Check(0, {.name = "image", .dims = {3, 8, 8}}).ok());
}

TEST(CheckDeclared, NamesAndTypesAreTheModels) {
  EXPECT_THAT(Check(8, {.name = "image", .dtype = DType::kI64}).message(),
              AllOf(HasSubstr("INT64"), HasSubstr("FP32")));
  EXPECT_THAT(Check(8, {.name = "imaeg"}).hint(), HasSubstr("\"image\""));
  ModelSettings settings;
  settings.outputs = {{.name = "nothing"}};
  EXPECT_FALSE(CheckDeclared(settings, kSignature).ok());
}

}  // namespace
}  // namespace slipway::repository
