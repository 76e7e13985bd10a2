#include "base/sha256.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace slipway {
namespace {

// FIPS 180-4's examples (one block, two blocks, a million bytes) and the empty message.
TEST(Sha256, EqualsTheExamplesOfItsStandard) {
  EXPECT_EQ(Sha256Of("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Of("abc").Hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").Hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Of(std::string(1'000'000, 'a')).Hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, TakesBytesInPieces) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(hash.Finish(), Sha256Of("abc"));
}

TEST(Sha256OfFile, ReadsAllAndLeavesThePosition) {
  const auto folder = TemporaryDirectory::Create("sha256").value();
  const std::string content(600'000, 'x');
  ASSERT_TRUE(WriteFileAtomically(folder.path() + "/f", content).ok());
  const FileDescriptor file = OpenForReading(folder.path() + "/f").value();
  ASSERT_EQ(lseek(file.get(), 17, SEEK_SET), 17);
  EXPECT_EQ(*Sha256OfFile(file.get()), Sha256Of(content));
  EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 17);
}

TEST(ParseDigest, GivesBackWhatToStringWrote) {
  const Digest digest = Sha256Of("abc");
  EXPECT_EQ(*ParseDigest(digest.ToString()), digest);
  EXPECT_EQ(*ParseDigest(digest.Hex()), digest);
}

// Bad input P2: a digest that is short, long, upper case, of another algorithm or a path is refused
TEST(ParseDigest, RefusesEverythingElse) {
  const std::string hex = Sha256Of("abc").Hex();
  std::string upper = hex;
  upper[0] = 'B';
  const std::string refused[] = {
      "",           "sha256:",       "sha256:" + hex.substr(1),    hex + "0", "sha256:" + upper,
      "md5:" + hex, "SHA256:" + hex, "sha256:../" + hex.substr(3), " " + hex};
  for (const std::string& text : refused) {
    EXPECT_EQ(ParseDigest(text).status().code(), Code::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace slipway
