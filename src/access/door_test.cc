#include "access/door.h"

#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::access {
namespace {

TEST(CheckDoor, OneListenerServesEverything) {
  for (const Right right : kRights) EXPECT_TRUE(CheckDoor(Door::kOnly, right).ok());
}

TEST(CheckDoor, BesideAnAdminListenerEachHasItsOwn) {
  for (const Right right : kRights) {
    EXPECT_EQ(CheckDoor(Door::kPublic, right).ok(), !IsAdministrative(right));
    EXPECT_EQ(CheckDoor(Door::kAdmin, right).ok(), right != Right::kInfer);
  }
  EXPECT_EQ(CheckDoor(Door::kPublic, Right::kAdminister).number(), errors::kWrongDoor);
}

}  // namespace
}  // namespace slipway::access
