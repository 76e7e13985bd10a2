#include "cli/labelled_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tensor/npz.h"

namespace slipway::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TensorSpec kPair{.name = "pair", .dtype = DType::kF32, .shape = {-1, 2}};
const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};
const std::vector<float> kThree = {0, 1, 2};

TensorView View(const std::vector<float>& values, const Shape& shape) {
  return {DType::kF32, shape, std::as_bytes(std::span(values))};
}

Result<LabelledSet> Read(const std::vector<NamedView>& arrays, TensorSpec spec = kPair) {
  SLIPWAY_TRY(const TemporaryDirectory folder, TemporaryDirectory::Create("labelled-set-"));
  const std::string path = folder.path() + "/set.npz";
  SLIPWAY_RETURN_IF_ERROR(WriteNpz(path, arrays));
  return ReadLabelledSet({.inputs = {std::move(spec)}, .outputs = {}}, path);
}

TEST(LabelledSet, InputsAreFoundByNamePositionOrCustom) {
  for (const char* name : {"pair", "in_0", "x", "images"}) {
    Result<LabelledSet> set = Read({{"y", View(kThree, {3})}, {name, View(kSix, {3, 2})}});
    ASSERT_TRUE(set.ok()) << name << ": " << set.status().ToString();
    EXPECT_EQ(set->rows, 3);
    EXPECT_THAT(set->inputs[0].As<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(set->labels.As<float>(), ElementsAre(0, 1, 2));
  }
}

TEST(LabelledSet, AFixedNumberOfRowsIsGivenInPieces) {
  const Result<LabelledSet> set = Read({{"in_0", View(kSix, {3, 2})}, {"label", View(kThree, {3})}},
                                       {.name = "pair", .dtype = DType::kF32, .shape = {1, 2}});
  ASSERT_TRUE(set.ok()) << set.status().ToString();
  EXPECT_EQ(set->rows, 3);
}

TEST(LabelledSet, SaysWhichArraysAFileHas) {
  const Status no_input = Read({{"z", View(kSix, {3, 2})}, {"y", View(kThree, {3})}}).status();
  EXPECT_EQ(no_input.code(), Code::kNotFound);
  EXPECT_THAT(no_input.message(), HasSubstr("it has: z, y"));
  const Status no_labels = Read({{"x", View(kSix, {3, 2})}}).status();
  EXPECT_THAT(no_labels.message(), HasSubstr("no labels"));
}

TEST(LabelledSet, RowsMustAgree) {
  EXPECT_THAT(Read({{"x", View(kSix, {3, 2})}, {"y", View({0, 1}, {2})}}).status().message(),
              HasSubstr("2 rows of labels"));
  EXPECT_FALSE(Read({{"x", View({}, {0, 2})}, {"y", View({}, {0})}}).ok());
}

TEST(LabelledSet, RowsAreViewsIntoTheTensors) {
  std::vector<TensorBuffer> tensors;
  tensors.push_back(TensorBuffer::CopyOf(View(kSix, {3, 2})).value());
  const TensorView rows = RowsOf(tensors, 1, 3)[0];
  EXPECT_EQ(rows.shape, (Shape{2, 2}));
  EXPECT_THAT(rows.As<float>(), ElementsAre(3, 4, 5, 6));
}

}  // namespace
}  // namespace slipway::cli
