// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/owner_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace recurve {
namespace {

TEST(OwnerFolderTest, APlainNameIsItsOwnFolder) {
  EXPECT_EQ(OwnerFolder("alice"), "alice");
  EXPECT_EQ(OwnerFolder("team-7_b@example.org"), "team-7_b@example.org");
}

TEST(OwnerFolderTest, NoNameLeadsElsewhere) {
  EXPECT_EQ(OwnerFolder(".."), "%2e.");
  EXPECT_EQ(OwnerFolder("../bob"), "%2e.%2fbob");
  EXPECT_EQ(OwnerFolder("a/b"), "a%2fb");
  EXPECT_EQ(OwnerFolder("a%2fb"), "a%252fb");
  EXPECT_EQ(OwnerFolder("Zo\xC3\xAB"), "Zo%c3%ab");
  EXPECT_EQ(OwnerFolder(std::string("a\0b", 3)), "a%00b");
}

TEST(OwnerFolderTest, LongNamesHaveShortFolders) {
  const std::string folder = OwnerFolder(std::string(300, 'a'));
  EXPECT_EQ(folder.size(), 72U);
  EXPECT_NE(folder, OwnerFolder(std::string(301, 'a')));
}

}  // namespace
}  // namespace recurve
