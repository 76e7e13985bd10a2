#include "access/right.h"

#include <gtest/gtest.h>

namespace slipway::access {
namespace {

TEST(Role, HasANameThatIsReadAgain) {
  for (const Role role : kRoles) EXPECT_EQ(RoleNamed(RoleName(role)), role);
  EXPECT_EQ(RoleNamed("root"), std::nullopt);
  EXPECT_EQ(RoleNamed(""), std::nullopt);
  EXPECT_EQ(RoleNames(std::vector{Role::kInfer, Role::kRead}), "infer, read");
}

TEST(Includes, GivesARoleItsRights) {
  EXPECT_TRUE(Includes(Role::kInfer, Right::kInfer));
  EXPECT_TRUE(Includes(Role::kInfer, Right::kDescribe));
  EXPECT_FALSE(Includes(Role::kInfer, Right::kObserve));
  EXPECT_TRUE(Includes(Role::kRead, Right::kObserve));
  EXPECT_FALSE(Includes(Role::kRead, Right::kInfer));
  EXPECT_FALSE(Includes(Role::kRead, Right::kAdminister));
  for (const Right right : kRights) EXPECT_TRUE(Includes(Role::kAdmin, right));
}

TEST(Right, IsAdministrativeWhereOnlyOperatorsAsk) {
  EXPECT_TRUE(IsAdministrative(Right::kAdminister));
  EXPECT_TRUE(IsAdministrative(Right::kInspect));
  EXPECT_TRUE(IsAdministrative(Right::kReadConfiguration));
  EXPECT_FALSE(IsAdministrative(Right::kObserve));
  EXPECT_FALSE(IsAdministrative(Right::kInfer));
}

TEST(IsOpen, LeavesHealthAloneToNobody) {
  for (const Openness openness :
       {Openness::kToThisMachine, Openness::kToInference, Openness::kToNobody}) {
    EXPECT_TRUE(IsOpen(openness, Right::kNothing));
    EXPECT_FALSE(IsOpen(openness, Right::kAdminister));
  }
  EXPECT_TRUE(IsOpen(Openness::kToThisMachine, Right::kReadConfiguration));
  EXPECT_FALSE(IsOpen(Openness::kToInference, Right::kReadConfiguration));
  EXPECT_TRUE(IsOpen(Openness::kToInference, Right::kInfer));
  EXPECT_FALSE(IsOpen(Openness::kToNobody, Right::kDescribe));
}

}  // namespace
}  // namespace slipway::access
