#include "tensor/shape.h"

#include <gtest/gtest.h>

#include <vector>

namespace slipway {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().ElementCount(), 1U);
  EXPECT_EQ((Shape{2, 3, 4}).ElementCount(), 24U);
  EXPECT_EQ((Shape{2, 0}).ElementCount(), 0U);
}

// Bad input T1: an element count that wraps 64 bits is none
TEST(Shape, HasNoCountWhenItOverflows) {
  EXPECT_EQ((Shape{16, (std::int64_t{1} << 60) + 2}).ElementCount(), std::nullopt);
  EXPECT_EQ((Shape{-1, 3}).ElementCount(), std::nullopt);
}

// Bad input T2: more than sixteen dimensions are refused
TEST(Shape, RefusesTooManyDimensions) {
  EXPECT_TRUE(Shape::Make(std::vector<std::int64_t>(16, 1)).ok());
  const Status status = Shape::Make(std::vector<std::int64_t>(1'000'000, 1)).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "a tensor has 1000000 dimensions, at most 16 are supported");
}

TEST(Shape, AdmitsAnySizeWhereItHasNone) {
  const Shape signature{-1, 28, 28, 1};
  EXPECT_TRUE(signature.Admits(Shape{7, 28, 28, 1}));
  EXPECT_TRUE(signature.Admits(Shape{0, 28, 28, 1}));
  EXPECT_FALSE(signature.Admits(Shape{7, 28, 27, 1}));
  EXPECT_FALSE(signature.Admits(Shape{28, 28, 1}));
  EXPECT_TRUE(Shape().Admits(Shape()));
}

TEST(Shape, PrintsAsASignatureDoes) {
  EXPECT_EQ((Shape{-1, 28, -1}).ToString(), "[N,28,?]");
  EXPECT_EQ(Shape().ToString(), "[]");
  EXPECT_FALSE((Shape{1, -1}).IsStatic());
}

TEST(Shape, ComparesByDimensions) {
  EXPECT_EQ((Shape{1, 2}), (Shape{1, 2}));
  EXPECT_NE((Shape{1, 2}), (Shape{1, 2, 0}));
}

}  // namespace
}  // namespace slipway
