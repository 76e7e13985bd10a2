#include "base/checksum.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

// xxhsum -H2 says the same of these.
TEST(Checksum, EqualsThatOfTheLibrarysOwnProgram) {
  EXPECT_EQ(ChecksumOf("").Hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(ChecksumOf("abc").Hex(), "06b05ab6733a618578af5f94892f3950");
}

TEST(ChecksumOfFile, IsThatOfItsContentInOnePiece) {
  const auto folder = TemporaryDirectory::Create("checksum").value();
  for (const std::size_t size : {0UL, 3UL, 600'000UL}) {
    const std::string content(size, 'x');
    ASSERT_TRUE(WriteFileAtomically(folder.path() + "/f", content).ok());
    const FileDescriptor file = OpenForReading(folder.path() + "/f").value();
    EXPECT_EQ(*ChecksumOfFile(file.get()), ChecksumOf(content));
  }
}

TEST(ParseChecksum, GivesBackWhatHexWrote) {
  const Checksum checksum = ChecksumOf("abc");
  EXPECT_EQ(*ParseChecksum(checksum.Hex()), checksum);
}

TEST(ParseChecksum, RefusesEverythingElse) {
  const std::string hex = ChecksumOf("abc").Hex();
  std::string upper = hex;
  upper[3] = 'B';
  for (const std::string& wrong :
       {std::string(), hex.substr(1), hex + "0", upper, "-" + hex.substr(1)})
    EXPECT_EQ(ParseChecksum(wrong).status().code(), Code::kInvalidArgument) << wrong;
}

}  // namespace
}  // namespace slipway
